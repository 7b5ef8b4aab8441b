package page

import "strings"

// title is a heading with an address or a domain.
type title struct {
	Before string
	Parts  []string
	After  string
}

// newTitle finds the address in a text.
func newTitle(text, address string) title {
	before, after, _ := strings.Cut(text, address)
	return title{Before: before, Parts: parts(address), After: after}
}

// parts splits an address, a host or a URL where its lines may break: after an @ and
// after slashes, and before a dot, as people read them.
func parts(value string) []string {
	var all []string
	start := 0
	for i := 1; i < len(value)-1; i++ { // no line begins with the last character alone
		if before := value[i-1]; value[i] == '.' || before == '@' || before == '/' && value[i] != '/' {
			all = append(all, value[start:i])
			start = i
		}
	}
	return append(all, value[start:])
}
