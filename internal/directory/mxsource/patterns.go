package mxsource

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// patterns map mail exchangers to providers.
type patterns struct {
	exact map[address.Domain]string // by host name
	below map[address.Domain]string // by a domain above the host
}

func newPatterns(list []source.Pattern) (patterns, []error) {
	p := patterns{exact: map[address.Domain]string{}, below: map[address.Domain]string{}}
	if len(list) == 0 {
		return p, []error{errors.New("no provider lists its mail exchangers under mx")}
	}
	var errs []error
	for _, one := range list {
		if err := p.add(one); err != nil {
			errs = append(errs, fmt.Errorf("the pattern %q %w", one.Match, err))
		}
	}
	return p, errs
}

func (p patterns) add(one source.Pattern) error {
	into := p.exact
	name, wild := strings.CutPrefix(one.Match, "*.")
	if wild {
		into = p.below
	}
	host, err := address.ParseDomain(name)
	_, hasParent := host.Parent()
	switch {
	case err != nil:
		return errors.New("must be a host name, or *. and a domain")
	case wild && !hasParent:
		return errors.New("matches a whole top-level domain")
	case one.Provider == "":
		return errors.New("has no provider")
	case into[host] != "" && into[host] != one.Provider:
		return fmt.Errorf("is listed for %s and for %s", into[host], one.Provider)
	}
	into[host] = one.Provider
	return nil
}

// first returns a name of the operator's own, to test resolvers with.
func (p patterns) first() address.Domain {
	names := slices.Sorted(maps.Keys(p.below))
	return append(names, slices.Sorted(maps.Keys(p.exact))...)[0]
}

// provider returns the provider of a host. An exact match wins over a wildcard,
// and a longer wildcard over a shorter one.
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
