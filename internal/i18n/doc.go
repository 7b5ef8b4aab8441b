// Package i18n holds what people read, in every language: the catalogues, the
// choice of a language, and how values get into a sentence.
//
// It does not know where a text is shown. One language is one file under
// templates/texts; English is the pattern that all others are held against.
package i18n
