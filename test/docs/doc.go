// Package docs keeps the guides true. Its tests run the commands of the pages as
// a reader would, follow the links between the pages, and compare counts and
// names with the code. It does not know what the commands do.
//
// Each section is run from the top of its page in one shell and an empty folder:
//
//   - A block marked sh is run. A command that fails ends the section.
//   - A block marked text must be what the sh block above it prints. "…" stands
//     for any part of a line, and on a line of its own for any lines.
//   - A block marked console is only shown. shown.txt says how it is tried.
//
// "waymark serve" and "caddy run" go on in the background, as in the terminal
// that a reader leaves open. Ports are replaced by free ones.
//
// What a test needs besides is in comments that readers do not see:
//
//	<!-- test: with: NAME -->       starts what the reader has, see preparations
//	<!-- test: file: NAME -->       the next block is the content of a file
//	<!-- test: append: NAME -->     the next block is added to a file
//	<!-- test: run: COMMANDS -->    commands, also on several lines
//	<!-- test: until: COMMAND -->   a command that is tried until it succeeds
//	<!-- test: shown: REASON -->    why the next block is not run
//	<!-- test: see: PKG TEST -->    tests of another package, which must exist
//	<!-- test: elsewhere: PKG TEST --> the same; it also runs the blocks of the page
package docs
