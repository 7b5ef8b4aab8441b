package settings

import "github.com/waymark-mail/waymark/internal/address"

// Suffixes are the providers of all names below a domain, at any depth, by that
// domain.
type Suffixes map[address.Domain]*Provider

// For returns the provider of the longest suffix that d is below; nil for none.
func (s Suffixes) For(d address.Domain) *Provider {
	if len(s) == 0 {
		return nil
	}
	for up, more := d.Parent(); more; up, more = up.Parent() {
		if p, ok := s[up]; ok {
			return p
		}
	}
	return nil
}
