// Package i18n holds what people read, in every language: the catalogues, the
// choice of a language, and how values get into a sentence.
//
// It does not know where a text is shown. One language is one file under
// templates/texts; all others are compared with English.
package i18n
