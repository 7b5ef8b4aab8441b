package page

import (
	"net/url"
	"strconv"

	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/texts"
)

// picked are the services that the steps name: for each purpose one.
type picked struct {
	in, out, caldav, carddav settings.Service
	mail                     bool // there is a way to read mail, and to send it
}

func pick(services []settings.Service) picked {
	var p picked
	in, reads := best(services, settings.IMAP)
	if !reads {
		in, reads = best(services, settings.POP3)
	}
	out, sends := best(services, settings.Submission)
	p.in, p.out, p.mail = in, out, reads && sends
	p.caldav, _ = settings.First(services, settings.CalDAV)
	p.carddav, _ = settings.First(services, settings.CardDAV)
	return p
}

// best returns the service of a protocol that every app can use: TLS from the
// first byte before STARTTLS, and a password, which people can type.
func best(services []settings.Service, p settings.Protocol) (settings.Service, bool) {
	for _, withPassword := range []bool{true, false} {
		for _, security := range settings.Securities() {
			for _, s := range services {
				if s.Protocol == p && s.Security == security && (s.Accepts(settings.Password) || !withPassword) {
					return s, true
				}
			}
		}
	}
	return settings.Service{}, false
}

// valuesOf returns what stands in the place of placeholders in steps and help.
// What is not offered is "", and the sentence about it is left out.
func valuesOf(s settings.Settings, p picked, c *texts.Catalogue) map[string]string {
	values := map[string]string{"address": s.Address.String(), "provider": s.Provider.NameIn(c.Language)}
	fill := func(prefix string, svc settings.Service) {
		if svc.Host == "" && svc.URL == "" {
			return
		}
		values[prefix+"_login"], _ = s.Login(svc) // there is an address, so there is a login
		if svc.Protocol.ByURL() {
			values[prefix+"_url"] = svc.URL
			return
		}
		values[prefix+"_host"] = svc.Host
		values[prefix+"_port"] = strconv.Itoa(int(svc.Port))
		values[prefix+"_security"] = c.Text("settings." + string(svc.Security))
	}
	fill("in", p.in)
	fill("out", p.out)
	fill("caldav", p.caldav)
	fill("carddav", p.carddav)
	if p.in.Protocol != "" {
		values["in_protocol"] = map[settings.Protocol]string{settings.IMAP: "IMAP", settings.POP3: "POP3"}[p.in.Protocol]
	}
	values["login"] = values["in_login"]
	return values
}

// row is one service in the table of all settings.
type row struct {
	Purpose, Server, Port, Encryption, Login string
	Rank                                     string // recommended, alternative or discouraged
	RankText                                 string
}

// rows puts all services into words, in the provider's order.
func rows(s settings.Settings, p picked, c *texts.Catalogue) []row {
	var all []row
	seen := map[settings.Protocol]bool{}
	for _, svc := range s.Services() {
		login, _ := s.Login(svc)
		r := row{
			Purpose:    c.Text("settings." + string(svc.Protocol)),
			Server:     svc.Host,
			Encryption: string(svc.Security),
			Login:      login,
			Rank:       "alternative",
		}
		if svc.Protocol.ByURL() {
			r.Server, r.Encryption = svc.URL, string(securityOfURL(svc.URL))
		} else {
			r.Port = strconv.Itoa(int(svc.Port))
		}
		switch {
		case r.Encryption == string(settings.Plaintext) || svc.Port == 25:
			r.Rank = "discouraged"
		case same(svc, p.in) || same(svc, p.out):
			r.Rank = "recommended"
		case svc.Protocol != settings.IMAP && svc.Protocol != settings.POP3 && svc.Protocol != settings.Submission && !seen[svc.Protocol]:
			r.Rank = "recommended"
		}
		seen[svc.Protocol] = true
		r.Encryption = c.Text("settings." + r.Encryption)
		r.RankText = c.Text("settings." + r.Rank)
		all = append(all, r)
	}
	return all
}

func same(a, b settings.Service) bool {
	return a.Protocol == b.Protocol && a.Host == b.Host && a.Port == b.Port && a.Security == b.Security
}

func securityOfURL(raw string) settings.Security {
	if u, err := url.Parse(raw); err == nil && u.Scheme == "https" {
		return settings.TLS
	}
	return settings.Plaintext
}
