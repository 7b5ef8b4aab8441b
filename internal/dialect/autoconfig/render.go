package autoconfig

import (
	"bytes"
	"encoding/xml"
	"slices"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Version 1.1 is the one every client in the field has met; the draft calls it
// the compatible predecessor of its 1.2.
const version = "1.1"

// The placeholders every client replaces.
const (
	emailAddress   = "%EMAILADDRESS%"
	emailLocalPart = "%EMAILLOCALPART%"
	emailDomain    = "%EMAILDOMAIN%"
)

// Render returns the clientConfig document of a domain. There is one section
// for each type, since Evolution keeps the last of a type and everybody else
// the first. The error is NotOffered when there is no mail service in it.
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
	// IMAP first: FairEmail looks for it in the first incoming server only,
	// SnappyMail takes the first, whatever it is.
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
	if svc, ok := best(services, settings.Submission); ok {
		provider.OutgoingServers = append(provider.OutgoingServers, socket(s, "smtp", svc))
		mailLogin = svc.Login
	}
	if len(provider.IncomingServers)+len(provider.OutgoingServers) == 0 {
		return nil, settings.Errorf(settings.NotOffered, "there is no mail service for that domain")
	}
	if s.Provider.HelpURL != "" {
		provider.Documentation = &documentation{URL: s.Provider.HelpURL, Descr: descriptions(s.Provider)}
	}
	// FairEmail takes the last user name of the document for the mail account,
	// wherever it stands: what comes behind the mail must not have another.
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
	// Delta Chat keeps of a text only what stands behind its last reference.
	// An apostrophe, which is in many names, needs none here.
	body = bytes.ReplaceAll(body, []byte("&#39;"), []byte("'"))
	return append([]byte(xml.Header), append(body, '\n')...), nil
}

// descriptions says in every language what the page of the provider is.
func descriptions(p *settings.Provider) []descr {
	var all []descr
	for _, c := range i18n.All().Languages() {
		all = append(all, descr{Lang: c.Language, Text: c.Text("autoconfig.documentation", "provider", p.Name)})
	}
	return all
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

func popOptions(o settings.POPOptions) *pop3 {
	if o == (settings.POPOptions{}) {
		return nil
	}
	return &pop3{o.LeaveMessagesOnServer, o.DownloadOnBiff, o.DaysToLeaveMessagesOnServer}
}

// urlServers returns the preferred service of a protocol, as a list that is
// empty when there is none.
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

// username returns what the client logs in with, in placeholders wherever it
// can be said in them: the document is the same for everybody then.
func username(s settings.Settings, svc settings.Service) string {
	if s.Personal() {
		login, _ := s.Login(svc) // there is an address, or a user name
		return login
	}
	return svc.Login.Replace(emailAddress, emailLocalPart, emailDomain)
}

// schemes returns the words for ways to log in, in order. OAuth2 counts only
// before the password: Thunderbird skips it for hosts it was not built with,
// and then needs the next one. A service that takes no password ends in
// password-cleartext all the same, as the last resort: Thunderbird for Android
// refuses the whole file for a section without a word that it knows. A
// connection in clear is the exception, since no client may send a password over
// it unasked.
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

// httpSchemes does the same for services named by a URL, whose passwords
// travel as HTTP authentication.
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
			// The draft has no word for them here.
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
