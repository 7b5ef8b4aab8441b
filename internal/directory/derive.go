package directory

import (
	"errors"
	"fmt"
	"slices"

	"github.com/maypok86/otter/v2"

	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

const (
	// maxDerived bounds the providers that are remembered because records
	// override something. Each is as large as a provider of the file.
	maxDerived = 4096
	// maxOverrides is one for each protocol.
	maxOverrides = 9
)

// derivations keeps the providers that records make out of those of the file.
// Equal records share one, so that what is remembered under its pointer serves
// every customer on the same servers.
type derivations struct {
	made *otter.Cache[derivation, derived]
}

// derivation is all that makes one derived provider differ from another.
type derivation struct {
	base        *settings.Provider
	name, login string
	overrides   [maxOverrides]source.Override
}

type derived struct {
	provider *settings.Provider
	err      error
}

func newDerivations() *derivations {
	return &derivations{made: otter.Must(&otter.Options[derivation, derived]{
		MaximumSize: maxDerived,
		Logger:      &otter.NoopLogger{},
	})}
}

// provider returns base as a record has it.
func (m *derivations) provider(base *settings.Provider, r *source.Record) (*settings.Provider, error) {
	if r.Name == "" && r.Login == "" && len(r.Overrides) == 0 {
		return base, nil
	}
	if len(r.Overrides) > maxOverrides {
		return nil, errors.New("the record overrides a protocol twice")
	}
	key := derivation{base: base, name: r.Name, login: r.Login}
	copy(key.overrides[:], r.Overrides)
	d, ok := m.made.GetIfPresent(key)
	if !ok {
		d.provider, d.err = derive(base, r)
		d, _ = m.made.SetIfAbsent(key, d) // whoever was first: there is one pointer
	}
	return d.provider, d.err
}

// derive makes a provider out of base by what a record says, and checks it as
// the settings file is checked. Its id is that of base: the identifiers of
// Apple profiles stay the same when a customer moves between servers.
func derive(base *settings.Provider, r *source.Record) (*settings.Provider, error) {
	p := *base
	if r.Name != "" { // in one language, and as long as a customer made it
		p.Name, p.Names, p.ShortName = settings.Shorten(r.Name, settings.MaxName), nil, settings.Shorten(r.Name, settings.MaxShortName)
	}
	p.Services = slices.Clone(base.Services)
	for _, o := range r.Overrides {
		p.Services = override(p.Services, o)
	}
	for i := range p.Services {
		if r.Login != "" {
			p.Services[i].Login = settings.Login(r.Login)
		}
		for _, problem := range p.Services[i].Problems() {
			if !problem.Warning {
				return nil, fmt.Errorf("the record makes a service that can't be used: %s: %s: %s", p.Services[i].Protocol, problem.Key, problem.Text)
			}
		}
	}
	for _, problem := range p.Problems() {
		if !problem.Warning {
			return nil, fmt.Errorf("the record makes a provider that can't be used: %s: %s", problem.Key, problem.Text)
		}
	}
	return &p, nil
}

// override replaces parts of the services of one protocol. A host alone goes
// for all of them: it is another machine of the same kind. A port, a security
// or a URL names one way in, which is the only one of the protocol then, since
// nobody said that the provider's others are there as well. A protocol that
// the provider does not have is added.
func override(services []settings.Service, o source.Override) []settings.Service {
	ofProtocol := func(s settings.Service) bool { return s.Protocol == o.Protocol }
	first := slices.IndexFunc(services, ofProtocol)
	if first < 0 {
		return append(services, added(services, o))
	}
	if o.Port == 0 && o.Security == "" && o.URL == "" {
		for i := range services {
			if ofProtocol(services[i]) && o.Host != "" {
				services[i].Host = o.Host
			}
		}
		return services
	}
	services[first] = replaced(services[first], o)
	rest := slices.DeleteFunc(services[first+1:], ofProtocol)
	return services[:first+1+len(rest)]
}

// replaced returns a service with the parts that an override names. What it
// does not name stays, unless a port and a security would contradict each
// other: then the one that is named brings the other one.
func replaced(s settings.Service, o source.Override) settings.Service {
	if o.Host != "" {
		s.Host = o.Host
	}
	if o.URL != "" {
		s.URL = o.URL
	}
	if o.Port != 0 {
		s.Port = o.Port
	}
	if o.Security != "" {
		s.Security = o.Security
	}
	switch {
	case o.Port != 0 && o.Security != "" || !settings.PortContradicts(s.Port, s.Security):
	case o.Port != 0:
		s.Security = settings.DefaultSecurity(s.Protocol, s.Port)
	default:
		s.Port = settings.DefaultPort(s.Protocol, s.Security)
	}
	return s
}

// added returns a service of a protocol that the provider does not have. One
// logs in there as at the provider's first service.
func added(services []settings.Service, o source.Override) settings.Service {
	s := settings.Service{
		Protocol: o.Protocol, Host: o.Host, Port: o.Port, Security: o.Security, URL: o.URL,
		Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password},
	}
	if len(services) > 0 {
		s.Login, s.Auth = services[0].Login, services[0].Auth
	}
	if o.Protocol.ByURL() {
		return s
	}
	if s.Security == "" {
		s.Security = settings.DefaultSecurity(s.Protocol, s.Port)
	}
	if s.Port == 0 {
		s.Port = settings.DefaultPort(s.Protocol, s.Security)
	}
	return s
}
