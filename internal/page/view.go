package page

import (
	"net/url"
	"strconv"

	"github.com/waymark-mail/waymark/internal/settings"
)

// view is what the template shows.
type view struct {
	Email    string
	Problem  string
	Settings *description // nil until an address was given
}

type description struct {
	Provider, HelpURL string
	Rows              []row
}

// row is one service. Alternative marks those that are not the first of their
// protocol.
type row struct {
	Purpose, Server, Port, Encryption, Login string
	Alternative                              bool
}

// describe puts settings into words.
func describe(s settings.Settings) *description {
	d := &description{Provider: s.Provider.Name, HelpURL: s.Provider.HelpURL}
	seen := map[settings.Protocol]bool{}
	for _, svc := range s.Services() {
		login, _ := s.Login(svc) // there is an address, so there is a login
		r := row{
			Purpose:     purpose(svc.Protocol),
			Server:      svc.Host,
			Encryption:  encryption(svc.Security),
			Login:       login,
			Alternative: seen[svc.Protocol],
		}
		if svc.Protocol.ByURL() {
			r.Server, r.Encryption = svc.URL, encryptionOfURL(svc.URL)
		} else {
			r.Port = strconv.Itoa(int(svc.Port))
		}
		seen[svc.Protocol] = true
		d.Rows = append(d.Rows, r)
	}
	return d
}

func purpose(p settings.Protocol) string {
	switch p {
	case settings.IMAP:
		return "Incoming mail (IMAP)"
	case settings.POP3:
		return "Incoming mail (POP3)"
	case settings.Submission:
		return "Outgoing mail (SMTP)"
	case settings.JMAP:
		return "Mail (JMAP)"
	case settings.CalDAV:
		return "Calendars (CalDAV)"
	case settings.CardDAV:
		return "Contacts (CardDAV)"
	case settings.WebDAV:
		return "Files (WebDAV)"
	case settings.ManageSieve:
		return "Mail filters (ManageSieve)"
	case settings.ActiveSync:
		return "Exchange ActiveSync"
	}
	return string(p)
}

func encryption(s settings.Security) string {
	switch s {
	case settings.TLS:
		return "SSL/TLS"
	case settings.STARTTLS:
		return "STARTTLS"
	case settings.Plaintext:
		return "none"
	}
	return ""
}

func encryptionOfURL(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Scheme == "https" {
		return encryption(settings.TLS)
	}
	return encryption(settings.Plaintext)
}
