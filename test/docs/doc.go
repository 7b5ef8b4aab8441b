// Package docs is the guide as text; its tests keep it true. They run the
// commands of the guides as a reader would, follow every link between the
// documents, and look for each test that SECURITY.md names. The package has no
// code of its own and knows nothing of what the commands do.
//
// A block marked "sh" is run, from the top of its page to its section, in one
// shell and an empty folder. A block marked "text" after it is what it prints;
// a line of "…" stands for any lines. A block marked "console" is only shown,
// and its first line says what it would need.
package docs
