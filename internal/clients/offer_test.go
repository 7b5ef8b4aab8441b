package clients_test

import (
	"net/url"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/settings"
)

// offer is what a format must name: one service for each protocol, or nil.
type offer struct {
	imap, pop3, smtp, jmap, ews, caldav, carddav, webdav *settings.Service
}

// offerOf returns what each format must name, written independently of the
// renderers. An offer without a service means that the format must refuse the
// settings.
func offerOf(format client.Format, s settings.Settings) offer {
	of := func(p settings.Protocol, tests ...test) *settings.Service { return choose(s.Services(), p, tests...) }
	switch format {
	case client.Autoconfig:
		// One section for each type. Thunderbird for Android rejects a file with
		// plaintext, and most clients support only passwords: what suits all
		// comes before what the settings prefer.
		suits := []test{both(encrypted, takesPassword), encrypted, anything}
		return offer{
			imap: of(settings.IMAP, suits...), pop3: of(settings.POP3, suits...), smtp: of(settings.Submission, suits...),
			jmap: of(settings.JMAP, both(https, takesPassword), https, anything),
			ews:  of(settings.EWS, both(https, takesPassword), https, anything),
		}
	case client.Autodiscover:
		// The request needs an address, the answer can express only passwords,
		// and half of the clients derive the security from the port.
		if s.Address.IsZero() {
			return offer{}
		}
		suits := []test{both(expressible, portTells), both(expressible, encrypted), expressible}
		o := offer{imap: of(settings.IMAP, suits...), pop3: of(settings.POP3, suits...), smtp: of(settings.Submission, suits...)}
		if s.Provider.Outlook.EWS || o.incoming() == nil {
			o.ews = of(settings.EWS, both(https, takesPassword), https, anything)
		}
		if s.Provider.Outlook.DAV && (o.mail() || o.ews != nil) {
			web := []test{both(expressible, https), expressible}
			o.caldav, o.carddav = of(settings.CalDAV, web...), of(settings.CardDAV, web...)
		}
		return o
	case client.Profile:
		// One account that must send and receive. UseSSL is certain to mean
		// implicit TLS, and STARTTLS on its registered port. Calendars and contacts
		// need passwords, which iOS sends over https only.
		if s.Address.IsZero() {
			return offer{}
		}
		suits := []test{both(inProfile, switchTells), both(inProfile, encrypted), inProfile}
		o := offer{imap: of(settings.IMAP, suits...), pop3: of(settings.POP3, suits...), smtp: of(settings.Submission, suits...)}
		if o.smtp == nil || o.imap == nil && o.pop3 == nil {
			o = offer{}
		}
		web := []test{both(takesPassword, https), takesPassword}
		o.caldav, o.carddav = of(settings.CalDAV, web...), of(settings.CardDAV, web...)
		return o
	case client.PACC:
		// Hosts mean implicit TLS on the registered port, URLs https on 443; the
		// typed address is the user name.
		if s.MovedTo != "" {
			return offer{}
		}
		fits := inPACC(s)
		if slices.ContainsFunc(s.Services(), both(fits, takesPassword)) {
			fits = both(fits, takesPassword) // authentication is the same for all services
		}
		return offer{
			imap: of(settings.IMAP, fits), pop3: of(settings.POP3, fits), smtp: of(settings.Submission, fits),
			jmap: of(settings.JMAP, fits), caldav: of(settings.CalDAV, fits), carddav: of(settings.CardDAV, fits),
			webdav: of(settings.WebDAV, fits),
		}
	case client.JSON, client.WellKnown, client.Records: // no document with servers
	}
	return offer{}
}

// mail reports whether there is a mail server.
func (o offer) mail() bool { return o.imap != nil || o.pop3 != nil || o.smtp != nil }

// incoming returns IMAP, else POP3.
func (o offer) incoming() *settings.Service {
	if o.imap != nil {
		return o.imap
	}
	return o.pop3
}

type test func(settings.Service) bool

// choose returns the most preferred service that passes the first test that any
// service passes.
func choose(services []settings.Service, p settings.Protocol, tests ...test) *settings.Service {
	for _, passes := range tests {
		for _, svc := range services {
			if svc.Protocol == p && passes(svc) {
				return &svc
			}
		}
	}
	return nil
}

func both(a, b test) test {
	return func(s settings.Service) bool { return a(s) && b(s) }
}

func anything(settings.Service) bool    { return true }
func encrypted(s settings.Service) bool { return s.Security != settings.Plaintext }
func https(s settings.Service) bool     { return strings.HasPrefix(s.URL, "https://") }

func takesPassword(s settings.Service) bool {
	return s.Accepts(settings.Password) || s.Accepts(settings.PasswordChallenge)
}

func expressible(s settings.Service) bool { return takesPassword(s) || s.Accepts(settings.NoAuth) }

// inProfile excludes STARTTLS on a port where a device uses implicit TLS.
func inProfile(s settings.Service) bool {
	onTLSPort := s.Security == settings.STARTTLS && (s.Port == 993 || s.Port == 995 || s.Port == 465)
	return (expressible(s) || s.Accepts(settings.NTLM)) && !onTLSPort
}

// switchTells reports whether devices take UseSSL for what it is.
func switchTells(s settings.Service) bool {
	startTLS := map[settings.Protocol]uint16{settings.IMAP: 143, settings.POP3: 110, settings.Submission: 587}
	return s.Security == settings.TLS || s.Security == settings.STARTTLS && s.Port == startTLS[s.Protocol]
}

// portTells reports whether Thunderbird derives the right security from the port of
// an Autodiscover answer.
func portTells(s settings.Service) bool {
	switch s.Port {
	case 143, 110, 25, 587:
		return s.Security == settings.STARTTLS
	}
	return s.Security == settings.TLS
}

func inPACC(s settings.Settings) test {
	return func(svc settings.Service) bool {
		if svc.Login != settings.LoginAddress || svc.Protocol == settings.ActiveSync || svc.Protocol == settings.EWS { // which have no member
			return false
		}
		if !takesPassword(svc) && (s.Provider.OAuth2 == nil || !svc.Accepts(settings.OAuth2)) {
			return false
		}
		if svc.URL != "" {
			u, err := url.Parse(svc.URL)
			return err == nil && u.Scheme == "https" && u.Port() == "" && (u.Path != "" || svc.Protocol == settings.JMAP)
		}
		return svc.Security == settings.TLS && svc.Port == map[settings.Protocol]uint16{settings.IMAP: 993, settings.POP3: 995, settings.Submission: 465}[svc.Protocol]
	}
}
