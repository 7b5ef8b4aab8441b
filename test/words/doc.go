// Package words finds phrases in the prose at which a native speaker would
// stumble, and words that stand in for a field term. It owns words.txt, the list
// of both, and knows which parts of a file are prose: Markdown, comments,
// messages, descriptions. It does not know grammar.
//
// It is not Vale, because Vale needs a C compiler and minutes for its parsers of
// programming languages. This package needs Go and a second.
package words
