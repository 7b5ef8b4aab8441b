package directory

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/maypok86/otter/v2"

	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

const (
	// maxDerived bounds the cached providers with overrides. Each is as large as
	// a provider of the file.
	maxDerived = 4096
	// maxOverrides is one per protocol.
	maxOverrides = 10
)

// derivations caches the providers that result from records. Equal records share
// one, and so do the documents that are cached by its pointer.
type derivations struct {
	made *otter.Cache[derivation, derived]
}

// derivation identifies a derived provider.
type derivation struct {
	base                *settings.Provider
	name, login         string
	mailHost            string
	helpURL, webmailURL string
	brand               settings.Brand
	overrides           [maxOverrides]source.Override
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

// provider returns base with the overrides of a record.
func (m *derivations) provider(base *settings.Provider, r *source.Record) (*settings.Provider, error) {
	if len(r.Overrides) > maxOverrides {
		return nil, errors.New("the record has more than one override for a protocol")
	}
	key := derivation{base, r.Name, r.Login, r.MailHost, r.HelpURL, r.WebmailURL, r.Brand, [maxOverrides]source.Override{}}
	copy(key.overrides[:], r.Overrides)
	if key == (derivation{base: base}) && len(r.Overrides) == 0 {
		return base, nil
	}
	d, ok := m.made.GetIfPresent(key)
	if !ok {
		d.provider, d.err = derive(base, r)
		d, _ = m.made.SetIfAbsent(key, d) // the first one wins: there is one pointer
	}
	return d.provider, d.err
}

// derive applies a record to base and validates the result like the settings
// file. It keeps the id of base, from which the identifiers of Apple profiles
// derive: they must not change when a customer moves between servers.
func derive(base *settings.Provider, r *source.Record) (*settings.Provider, error) {
	p := *base
	if r.Name != "" { // in one language, and as long as a customer made it
		p.Name, p.Names, p.ShortName = settings.Shorten(r.Name, settings.MaxName), nil, settings.Shorten(r.Name, settings.MaxShortName)
	}
	p.HelpURL, p.WebmailURL = cmp.Or(r.HelpURL, p.HelpURL), cmp.Or(r.WebmailURL, p.WebmailURL)
	p.Brand = p.Brand.With(r.Brand)
	p.NameLogo(base)
	p.Services = slices.Clone(base.Services)
	for i := range p.Services {
		if r.MailHost != "" && !p.Services[i].Protocol.ByURL() {
			p.Services[i].Host, p.Services[i].HostFromOutside = r.MailHost, true
		}
	}
	for _, o := range r.Overrides {
		p.Services = override(p.Services, o)
	}
	for i := range p.Services {
		if r.Login != "" {
			p.Services[i].Login = settings.Login(r.Login)
		}
		for _, problem := range p.Services[i].Problems() {
			if !problem.Warning {
				return nil, fmt.Errorf("column %s: %s", column(p.Services[i].Protocol, problem.Key), problem.Text)
			}
		}
	}
	for _, problem := range p.Problems() {
		if !problem.Warning {
			return nil, fmt.Errorf("column display_name: %s: %s", problem.Key, problem.Text)
		}
	}
	return &p, nil
}

// column returns the column that a key of a service comes from.
func column(p settings.Protocol, key string) string {
	if key == "login" {
		return key
	}
	return string(p) + "_" + key
}

// override applies an override to the services of one protocol. A host alone
// replaces the host of all of them: it is another machine of the same kind. A
// port, a security or a URL describes one service, so the others of the protocol
// are dropped: nobody confirmed that they exist. A missing protocol is added.
func override(services []settings.Service, o source.Override) []settings.Service {
	ofProtocol := func(s settings.Service) bool { return s.Protocol == o.Protocol }
	first := slices.IndexFunc(services, ofProtocol)
	if first < 0 {
		return append(services, added(services, o))
	}
	if o.Port == 0 && o.Security == "" && o.URL == "" {
		for i := range services {
			if ofProtocol(services[i]) && o.Host != "" {
				services[i].Host, services[i].HostFromOutside = o.Host, true
			}
		}
		return services
	}
	services[first] = replaced(services[first], o)
	rest := slices.DeleteFunc(services[first+1:], ofProtocol)
	return services[:first+1+len(rest)]
}

// replaced returns a service with the overridden parts. If only the port or only
// the security is overridden and contradicts the other one, the other one becomes
// its default.
func replaced(s settings.Service, o source.Override) settings.Service {
	if o.Host != "" {
		s.Host, s.HostFromOutside = o.Host, true
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

// added returns a service of a protocol that the provider lacks, with the login
// of the first service.
func added(services []settings.Service, o source.Override) settings.Service {
	s := settings.Service{
		Protocol: o.Protocol, Host: o.Host, HostFromOutside: true, Port: o.Port, Security: o.Security, URL: o.URL,
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
