package autoconfig

import (
	"bytes"
	"encoding/xml"
	"slices"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Every client reads version 1.1; the draft calls it the compatible predecessor
// of its 1.2.
const version = "1.1"

// The placeholders that every client replaces.
const (
	emailAddress   = "%EMAILADDRESS%"
	emailLocalPart = "%EMAILLOCALPART%"
	emailDomain    = "%EMAILDOMAIN%"
)

// Render returns the clientConfig document of a domain. It has one section per
// type, because Evolution uses the last of a type and other clients the first.
// The error is NotOffered when the domain has no mail service.
func Render(s settings.Settings) ([]byte, error) {
	services := s.Services()
	provider := emailProvider{
		ID:               string(s.Canonical), // must be a host name
		Domains:          []string{string(s.Domain)},
		DisplayName:      s.Provider.Name,
		DisplayShortName: s.Provider.ShortName,
	}
	if s.Canonical != s.Domain {
		provider.Domains = append(provider.Domains, string(s.Canonical))
	}
	var mailLogin settings.Login // of the last mail section
	// IMAP first: FairEmail expects it in the first incoming server, SnappyMail
	// uses the first of any type.
	if svc, ok := best(services, settings.IMAP); ok {
		provider.IncomingServers = append(provider.IncomingServers, socket(s, "imap", svc))
		mailLogin = svc.Login
	}
	if svc, ok := best(services, settings.POP3); ok {
		section := socket(s, "pop3", svc)
		section.POP3 = popOptions(svc.POP)
		provider.IncomingServers = append(provider.IncomingServers, section)
		mailLogin = svc.Login
	}
	if svc, ok := settings.FirstWeb(services, settings.JMAP); ok {
		provider.IncomingServers = append(provider.IncomingServers, byURL(s, "jmap", svc))
		if mailLogin == "" {
			mailLogin = svc.Login
		}
	}
	if svc, ok := settings.FirstWeb(services, settings.EWS); ok {
		provider.IncomingServers = append(provider.IncomingServers, exchange(s, svc))
		if mailLogin == "" {
			mailLogin = svc.Login
		}
	}
	if svc, ok := best(services, settings.Submission); ok {
		provider.OutgoingServers = append(provider.OutgoingServers, socket(s, "smtp", svc))
		mailLogin = svc.Login
	}
	if len(provider.IncomingServers)+len(provider.OutgoingServers) == 0 {
		return nil, settings.Errorf(settings.NotOffered, "there is no mail service for that domain")
	}
	if s.Provider.HelpURL != "" {
		provider.Documentation = &documentation{URL: s.Provider.HelpURL, Descr: description(s.Provider)}
	}
	// FairEmail uses the last user name of the document for the mail account:
	// services after the mail services must not have another.
	services = slices.DeleteFunc(slices.Clone(services), func(svc settings.Service) bool { return svc.Login != mailLogin })
	doc := clientConfig{
		Version:       version,
		EmailProvider: provider,
		Calendars:     urlServers(s, "caldav", services, settings.CalDAV),
		AddressBooks:  urlServers(s, "carddav", services, settings.CardDAV),
		FileShares:    urlServers(s, "webdav", services, settings.WebDAV),
		OAuth2:        oAuth2Of(s.Provider.OAuth2),
	}
	if svc, ok := best(services, settings.ManageSieve); ok {
		doc.SetupServers = []socketServer{socket(s, "managesieve", svc)}
	}
	body, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, err
	}
	// Delta Chat keeps only what follows the last character reference of a text.
	// An apostrophe, common in names, needs none here.
	body = bytes.ReplaceAll(body, []byte("&#39;"), []byte("'"))
	return append([]byte(xml.Header), append(body, '\n')...), nil
}

// description returns the description of the help page in the provider's language.
// FairEmail joins the texts of all languages into one.
func description(p *settings.Provider) descr {
	c := i18n.All().Choose(p.Language, "")
	return descr{Lang: c.Language, Text: c.Text("autoconfig.documentation", "provider", p.Name)}
}

// best returns the first service of a protocol that every client can use, else
// the first with TLS or STARTTLS, else the first. Thunderbird for Android
// rejects the whole file for one plaintext section, and few clients support
// anything but passwords.
func best(services []settings.Service, p settings.Protocol) (settings.Service, bool) {
	return settings.Best(services, p, func(s settings.Service) int {
		switch {
		case s.Security == settings.Plaintext:
			return 2
		case !s.TakesPassword():
			return 1
		}
		return 0
	})
}

func socket(s settings.Settings, kind string, svc settings.Service) socketServer {
	return socketServer{
		Type:           kind,
		Hostname:       svc.Host,
		Port:           svc.Port,
		SocketType:     socketType(svc.Security),
		Authentication: schemes(svc),
		Username:       username(s, svc),
	}
}

func byURL(s settings.Settings, kind string, svc settings.Service) urlServer {
	return urlServer{Type: kind, URL: svc.URL, Authentication: httpSchemes(svc.Auth), Username: username(s, svc)}
}

// exchange returns the section of Exchange Web Services, with the words for mail
// servers: Thunderbird skips it for the draft's words, which have an attribute.
func exchange(s settings.Settings, svc settings.Service) urlServer {
	section := urlServer{Type: "ews", URL: svc.URL, Username: username(s, svc)}
	for _, word := range schemes(svc) {
		section.Authentication = append(section.Authentication, authentication{Scheme: word})
	}
	return section
}

func popOptions(o settings.POPOptions) *pop3 {
	if o == (settings.POPOptions{}) {
		return nil
	}
	return &pop3{o.LeaveMessagesOnServer, o.DownloadOnBiff, o.DaysToLeaveMessagesOnServer}
}

// urlServers returns the preferred service of a protocol as a list of at most one.
func urlServers(s settings.Settings, kind string, services []settings.Service, p settings.Protocol) []urlServer {
	if svc, ok := settings.FirstWeb(services, p); ok {
		return []urlServer{byURL(s, kind, svc)}
	}
	return nil
}

func socketType(s settings.Security) string {
	switch s {
	case settings.TLS:
		return "SSL"
	case settings.STARTTLS:
		return "STARTTLS"
	case settings.Plaintext:
	}
	return "plain"
}

// username returns the user name, in placeholders unless the document is personal.
func username(s settings.Settings, svc settings.Service) string {
	if s.Personal() {
		login, _ := s.Login(svc) // there is an address, or a user name
		return login
	}
	return svc.Login.Replace(emailAddress, emailLocalPart, emailDomain)
}

// schemes returns the authentication schemes in order. OAuth2 is listed only
// before a password: Thunderbird skips it for hosts that are not built in and
// then needs the next one. A service without passwords still ends in
// password-cleartext, because Thunderbird for Android rejects the whole file for
// a section without a scheme that it knows. Plaintext connections are excepted,
// so that no client sends an unwanted password over them.
func schemes(s settings.Service) []string {
	var words []string
	password := false
	for _, a := range s.Auth {
		switch a {
		case settings.OAuth2:
			if !password {
				words = append(words, "OAuth2")
			}
		case settings.Password:
			password = true
			words = append(words, "password-cleartext")
		case settings.PasswordChallenge:
			password = true
			words = append(words, "password-encrypted")
		case settings.ClientCert:
			words = append(words, "TLS-client-cert")
		case settings.GSSAPI:
			words = append(words, "GSSAPI")
		case settings.NTLM:
			words = append(words, "NTLM")
		case settings.NoAuth:
			words = append(words, "none")
		}
	}
	if !s.TakesPassword() && s.Security != settings.Plaintext {
		words = append(words, "password-cleartext")
	}
	return words
}

// httpSchemes does the same for services given by a URL, which use HTTP
// authentication.
func httpSchemes(auth []settings.Auth) []authentication {
	var words []authentication
	password := false
	for _, a := range auth {
		switch a {
		case settings.OAuth2:
			if !password {
				words = append(words, authentication{Scheme: "OAuth2"})
			}
		case settings.Password:
			password = true
			words = append(words, authentication{System: "http", Scheme: "Basic"})
		case settings.PasswordChallenge:
			password = true
			words = append(words, authentication{System: "http", Scheme: "Digest"})
		case settings.ClientCert, settings.GSSAPI, settings.NTLM, settings.NoAuth:
			// The draft has no scheme for them here.
		}
	}
	return words
}

func oAuth2Of(o *settings.OAuth2Endpoints) *oAuth2 {
	if o == nil {
		return nil
	}
	return &oAuth2{AuthURL: o.AuthURL, TokenURL: o.TokenURL, Issuer: o.Issuer, Scope: o.Scope, ClientID: o.ClientID}
}
