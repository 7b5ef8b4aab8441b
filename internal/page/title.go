package page

import "strings"

// title is a heading with an address or a domain, which may break between its parts only.
type title struct {
	Before string
	Parts  []string
	After  string
}

// newTitle finds the address in a text. Lines break after the @ and before dots, as
// people read addresses.
func newTitle(text, address string) title {
	before, after, _ := strings.Cut(text, address)
	t := title{Before: before, After: after}
	start := 0
	for i, r := range address {
		at := i
		if r == '@' {
			at = i + 1
		} else if r != '.' {
			continue
		}
		if start < at && at < len(address) {
			t.Parts = append(t.Parts, address[start:at])
			start = at
		}
	}
	t.Parts = append(t.Parts, address[start:])
	return t
}
