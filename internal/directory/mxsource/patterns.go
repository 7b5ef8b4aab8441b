package mxsource

import (
	"errors"
	"fmt"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
)

// patterns say to which provider a mail exchanger belongs.
type patterns struct {
	exact map[address.Domain]string // by host name
	below map[address.Domain]string // by a domain above the host
}

func newPatterns(list []Pattern) (patterns, []error) {
	p := patterns{exact: map[address.Domain]string{}, below: map[address.Domain]string{}}
	if len(list) == 0 {
		return p, []error{errors.New("no provider has a pattern for its mail exchangers")}
	}
	var errs []error
	for _, one := range list {
		if err := p.add(one); err != nil {
			errs = append(errs, fmt.Errorf("the pattern %q %w", one.Match, err))
		}
	}
	return p, errs
}

func (p patterns) add(one Pattern) error {
	into := p.exact
	name, wild := strings.CutPrefix(one.Match, "*.")
	if wild {
		into = p.below
	}
	host, err := address.ParseDomain(name)
	_, hasParent := host.Parent()
	switch {
	case err != nil:
		return errors.New("is neither a host name nor *. and a domain")
	case wild && !hasParent:
		return errors.New("fits a whole top-level domain")
	case one.Provider == "":
		return errors.New("names no provider")
	case into[host] != "" && into[host] != one.Provider:
		return fmt.Errorf("belongs to %s and to %s", into[host], one.Provider)
	}
	into[host] = one.Provider
	return nil
}

// provider returns whose host it is. Its own name goes before the domains
// above it, a closer one before a farther one.
func (p patterns) provider(host address.Domain) (string, bool) {
	if provider, ok := p.exact[host]; ok {
		return provider, true
	}
	for above, more := host.Parent(); more; above, more = above.Parent() {
		if provider, ok := p.below[above]; ok {
			return provider, true
		}
	}
	return "", false
}
