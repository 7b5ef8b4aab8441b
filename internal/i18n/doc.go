// Package i18n provides the texts of the page in every language: the catalogues,
// the choice of a language, and the placeholders in a text.
//
// It does not know where a text is shown. One language is one file under
// templates/texts; all others are compared with English.
package i18n
