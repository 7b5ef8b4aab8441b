// Package words keeps phrases out of the prose that a native speaker would stop
// at, and field terms in. It owns words.txt, the list of both, and knows where in
// a file prose is: in Markdown, comments, messages, descriptions. It does not know
// grammar.
//
// It is not Vale, because Vale needs a C compiler and minutes for its parsers of
// programming languages. This package needs Go and a second.
package words
