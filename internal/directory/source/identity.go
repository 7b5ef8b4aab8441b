package source

import (
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
)

// The columns that name whom a row is about. A database may compare names more
// loosely than mail does: in many collations müller equals muller. A row about
// another name is not the answer.
const (
	columnDomain  = "domain"
	columnAddress = "address"
)

// Identifies reports whether a column names whom a row is about. Such a column is
// compared with Matches and is not part of the record.
func Identifies(column string) bool {
	column = strings.ToLower(column)
	return column == columnDomain || column == columnAddress
}

// Matches reports whether the value of a column that Identifies names the domain
// or the address that was asked for, in any spelling. An empty value and NULL name
// nobody in particular.
func Matches(column, value string, asked address.Address) bool {
	value = strings.TrimSpace(value)
	if value == "" {
		return true
	}
	if strings.EqualFold(column, columnAddress) {
		at := strings.LastIndexByte(value, '@')
		if at < 0 || !sameLetters(value[:at], asked.Local) {
			return false
		}
		value = value[at+1:]
	}
	d, err := address.ParseDomain(value)
	return err == nil && d == asked.Domain
}

// sameLetters compares without case. The length rules out letters that only look
// alike, such as the Kelvin sign and k.
func sameLetters(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }
