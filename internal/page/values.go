package page

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// relayPort is for mail between servers; most networks block it.
const relayPort = 25

// picked has one service per purpose, for the steps.
type picked struct {
	in, out, caldav, carddav settings.Service
	// older is the outgoing service of devices that support STARTTLS only.
	older settings.Service
	// otherIn and otherOut are the encrypted alternatives to in and out, for networks
	// that block a port.
	otherIn, otherOut settings.Service

	mail bool // mail can be read and sent
}

func pick(services []settings.Service) picked {
	var p picked
	in, found := best(services, settings.IMAP)
	if !found {
		in, found = best(services, settings.POP3)
	}
	out, sends := best(services, settings.Submission)
	p.in, p.out, p.mail = in, out, found && sends
	p.otherIn, p.otherOut = other(services, in), other(services, out)
	p.caldav, _ = settings.First(services, settings.CalDAV)
	p.carddav, _ = settings.First(services, settings.CardDAV)
	if i := slices.IndexFunc(services, func(s settings.Service) bool {
		return s.Protocol == settings.Submission && s.Security == settings.STARTTLS && s.Port != relayPort && s.Accepts(settings.Password)
	}); i >= 0 && !same(services[i], p.out) {
		p.older = services[i]
	}
	return p
}

// signsIn reports whether there is no password to type: every app must open a window to
// sign in.
func (p picked) signsIn() bool {
	oauthOnly := func(s settings.Service) bool { return s.Accepts(settings.OAuth2) && !s.TakesPassword() }
	return p.mail && oauthOnly(p.in) && oauthOnly(p.out)
}

// other returns the first encrypted service of the same protocol on another port.
func other(services []settings.Service, than settings.Service) settings.Service {
	i := slices.IndexFunc(services, func(s settings.Service) bool {
		return s.Protocol == than.Protocol && s.Security != settings.Plaintext && s.Port != than.Port && s.Port != relayPort && s.Accepts(settings.Password)
	})
	if i < 0 || than.Host == "" {
		return settings.Service{}
	}
	return services[i]
}

// best returns the service of a protocol that the provider prefers among those that
// every app can use: one that accepts a password, which people can type, then any port
// before 25, then an encrypted one.
func best(services []settings.Service, p settings.Protocol) (settings.Service, bool) {
	return settings.Best(services, p, func(s settings.Service) int {
		rank := 0
		if s.Security == settings.Plaintext {
			rank++
		}
		if s.Port == relayPort {
			rank += 2
		}
		if !s.Accepts(settings.Password) {
			rank += 4
		}
		return rank
	})
}

// valuesOf returns the values of the placeholders in steps and help. Those of
// services that are not offered are missing, which omits the sentence.
func valuesOf(s settings.Settings, p picked, c *i18n.Catalogue) map[string]string {
	values := map[string]string{"address": s.Address.String(), "provider": s.Provider.NameIn(c.Language)}
	fill := func(prefix string, svc settings.Service) {
		if svc.Host == "" && svc.URL == "" {
			return
		}
		values[prefix+"_login"], _ = s.Login(svc) // known, because there is an address
		if svc.Protocol.ByURL() {
			values[prefix+"_url"] = svc.URL
			if u, err := url.Parse(svc.URL); err == nil {
				values[prefix+"_server"] = u.Host
			}
			return
		}
		values[prefix+"_host"] = svc.Host
		values[prefix+"_port"] = strconv.Itoa(int(svc.Port))
		values[prefix+"_security"] = c.Text("settings." + string(svc.Security))
		values[prefix+"_ssl"] = c.Text("settings.on")
		if svc.Security == settings.Plaintext {
			values[prefix+"_ssl"] = c.Text("settings.off")
		}
		// For apps whose default user name is the address.
		if values[prefix+"_login"] != values["address"] {
			values[prefix+"_other_login"] = values[prefix+"_login"]
		}
	}
	fill("in", p.in)
	fill("out", p.out)
	fill("older", p.older)
	fill("in_other", p.otherIn)
	fill("out_other", p.otherOut)
	fill("caldav", p.caldav)
	fill("carddav", p.carddav)
	// For apps with one URL for calendars and contacts.
	fill("dav", p.caldav)
	switch {
	case p.caldav.URL == "":
		fill("dav", p.carddav)
	case p.carddav.URL != p.caldav.URL:
		fill("more_dav", p.carddav)
	}
	if p.in.Protocol != "" {
		values["in_protocol"] = map[settings.Protocol]string{settings.IMAP: "IMAP", settings.POP3: "POP3"}[p.in.Protocol]
	}
	values["login"] = values["in_login"]
	return values
}

// withTermsOf returns values with an app's own terms for encryption: Samsung Email
// calls STARTTLS TLS.
func withTermsOf(app string, p picked, c *i18n.Catalogue, values map[string]string) map[string]string {
	key := "apps." + app + ".encryption."
	if !c.Has(key + string(settings.TLS)) {
		return values
	}
	own := maps.Clone(values)
	for prefix, svc := range map[string]settings.Service{"in": p.in, "out": p.out} {
		if svc.Host != "" {
			own[prefix+"_security"] = c.Text(key + string(svc.Security))
		}
	}
	return own
}

// term is how an app calls implicit TLS and STARTTLS.
type term struct{ App, TLS, STARTTLS string }

// terms returns the terms of most apps, and of those that have others.
func terms(c *i18n.Catalogue) []term {
	all := []term{{c.Text("settings.terms_most"), c.Text("settings.tls"), c.Text("settings.starttls")}}
	for _, app := range Apps() {
		if key := "apps." + app + ".encryption."; c.Has(key + string(settings.TLS)) {
			all = append(all, term{c.Text("apps." + app + ".name"), c.Text(key + string(settings.TLS)), c.Text(key + string(settings.STARTTLS))})
		}
	}
	return all
}

// row is one service in the table of all settings.
type row struct {
	Purpose, Server, Port, Encryption, Login string
	Rank                                     string // recommended, alternative or discouraged
	RankText                                 string

	protocol settings.Protocol
}

// rows returns all services, the most needed ones first, and per purpose the
// recommended one first.
func rows(s settings.Settings, p picked, c *i18n.Catalogue) []row {
	var all []row
	seen := map[settings.Protocol]bool{}
	for _, svc := range s.Services() {
		if svc.Security == settings.Plaintext && encrypted(s.Services(), svc.Protocol) {
			continue
		}
		login, _ := s.Login(svc)
		r := row{
			Purpose:  c.Text("settings." + string(svc.Protocol)),
			Server:   svc.Host,
			Login:    login,
			Rank:     "alternative",
			protocol: svc.Protocol,
		}
		security := svc.Security
		if svc.Protocol.ByURL() {
			r.Server, security = svc.URL, securityOfURL(svc.URL)
		} else {
			r.Port = strconv.Itoa(int(svc.Port))
		}
		switch svc.Protocol {
		case settings.IMAP, settings.POP3, settings.Submission:
			if same(svc, p.in) || same(svc, p.out) {
				r.Rank = "recommended"
			}
		case settings.JMAP, settings.ActiveSync, settings.EWS:
			// Beside IMAP they would set up the mailbox twice.
			if !p.mail && !seen[svc.Protocol] {
				r.Rank = "recommended"
			}
		case settings.CalDAV, settings.CardDAV, settings.WebDAV, settings.ManageSieve:
			if !seen[svc.Protocol] {
				r.Rank = "recommended"
			}
		}
		// POP3 with STARTTLS is only for those who have nothing else.
		olderPOP := svc.Protocol == settings.POP3 && security == settings.STARTTLS && r.Rank != "recommended"
		if security == settings.Plaintext || svc.Port == relayPort || olderPOP {
			r.Rank = "discouraged"
		}
		seen[svc.Protocol] = true
		r.Encryption = c.Text("settings." + string(security))
		r.RankText = c.Text("settings." + r.Rank)
		all = append(all, r)
	}
	purposes := []settings.Protocol{
		settings.IMAP, settings.POP3, settings.Submission, settings.CalDAV, settings.CardDAV,
		settings.JMAP, settings.ActiveSync, settings.EWS, settings.WebDAV, settings.ManageSieve,
	}
	ranks := []string{"recommended", "alternative", "discouraged"}
	slices.SortStableFunc(all, func(a, b row) int {
		return cmp.Or(
			cmp.Compare(slices.Index(purposes, a.protocol), slices.Index(purposes, b.protocol)),
			cmp.Compare(slices.Index(ranks, a.Rank), slices.Index(ranks, b.Rank)),
		)
	})
	return all
}

// encrypted reports whether an encrypted service does the same as the plaintext ones of
// a protocol.
func encrypted(services []settings.Service, p settings.Protocol) bool {
	return slices.ContainsFunc(services, func(s settings.Service) bool {
		return s.Security != settings.Plaintext && !s.Protocol.ByURL() && (s.Protocol == p || reads(s.Protocol) && reads(p))
	})
}

// reads reports whether apps fetch mail with a protocol.
func reads(p settings.Protocol) bool { return p == settings.IMAP || p == settings.POP3 }

func same(a, b settings.Service) bool {
	return a.Protocol == b.Protocol && a.Host == b.Host && a.Port == b.Port && a.Security == b.Security
}

func securityOfURL(raw string) settings.Security {
	if u, err := url.Parse(raw); err == nil && u.Scheme == "https" {
		return settings.TLS
	}
	return settings.Plaintext
}
