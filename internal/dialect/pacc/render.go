package pacc

import (
	"encoding/json"
	"net/url"
	"slices"

	"github.com/waymark-mail/waymark/internal/settings"
)

// The document of draft-ietf-mailmaint-pacc. Nothing in it is a map, so the bytes
// are stable.
type document struct {
	Protocols      protocols      `json:"protocols"`
	Authentication authentication `json:"authentication"`
	Info           info           `json:"info"`
}

// protocols lists outgoing mail twice: version 03 of the draft renamed "smtp" to
// "submit". Readers ignore the one that they do not know.
type protocols struct {
	JMAP    *byURL  `json:"jmap,omitempty"`
	IMAP    *byHost `json:"imap,omitempty"`
	POP3    *byHost `json:"pop3,omitempty"`
	Submit  *byHost `json:"submit,omitempty"`
	SMTP    *byHost `json:"smtp,omitempty"`
	CalDAV  *byURL  `json:"caldav,omitempty"`
	CardDAV *byURL  `json:"carddav,omitempty"`
	WebDAV  *byURL  `json:"webdav,omitempty"`
}

type byHost struct {
	Host string `json:"host"`
}

type byURL struct {
	URL string `json:"url"`
}

type authentication struct {
	Password    bool         `json:"password"`
	OAuthPublic *oauthPublic `json:"oauth-public,omitempty"`
}

type oauthPublic struct {
	Issuer string `json:"issuer"`
}

type info struct {
	Provider provider `json:"provider"`
	Help     *help    `json:"help,omitempty"`
}

type provider struct {
	Name      string `json:"name"`
	ShortName string `json:"shortName"`
}

type help struct {
	Documentation string `json:"documentation"`
}

// Render returns the document of a domain. The format can express implicit TLS on
// the registered port, https on port 443, the full address as the user name, and
// passwords and OAuth2. Other services are omitted. The error is NotOffered when
// none is left.
func Render(s settings.Settings) ([]byte, error) {
	var doc document
	services, password, public := alike(s)
	for _, svc := range services {
		host, at := &byHost{svc.Host}, &byURL{svc.URL}
		switch svc.Protocol {
		case settings.IMAP:
			doc.Protocols.IMAP = host
		case settings.POP3:
			doc.Protocols.POP3 = host
		case settings.Submission:
			doc.Protocols.Submit, doc.Protocols.SMTP = host, host
		case settings.JMAP:
			doc.Protocols.JMAP = at
		case settings.CalDAV:
			doc.Protocols.CalDAV = at
		case settings.CardDAV:
			doc.Protocols.CardDAV = at
		case settings.WebDAV:
			doc.Protocols.WebDAV = at
		case settings.ManageSieve, settings.ActiveSync, settings.EWS:
			// Never expressible: the draft has no member for ActiveSync and EWS, and
			// ManageSieve has no port for implicit TLS.
		}
	}
	doc.Authentication.Password = password
	if public {
		doc.Authentication.OAuthPublic = &oauthPublic{Issuer: s.Provider.OAuth2.Issuer}
	}
	if doc.Protocols == (protocols{}) {
		return nil, settings.Errorf(settings.NotOffered, "there is no service for that domain that this format can name")
	}
	doc.Info.Provider = provider{Name: s.Provider.Name, ShortName: s.Provider.ShortName}
	if s.Provider.HelpURL != "" {
		doc.Info.Help = &help{Documentation: s.Provider.HelpURL}
	}
	body, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(body, '\n'), nil
}

// expressible reports whether the format can name the service.
func expressible(s settings.Service) bool {
	if s.Login != settings.LoginAddress || s.Protocol == settings.ActiveSync || s.Protocol == settings.EWS {
		return false
	}
	if !s.Protocol.ByURL() {
		return s.Security == settings.TLS && s.Port == settings.DefaultPort(s.Protocol, settings.TLS)
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "https" || u.Port() != "" {
		return false
	}
	// The format requires the context path of DAV. For a URL without a path,
	// clients discover it by RFC 6764.
	return u.Path != "" || s.Protocol == settings.JMAP
}

// alike returns one service per protocol, and the authentication methods that all
// of them accept: the document has them once for all services. Services with
// passwords come first and are not mixed with those without.
func alike(s settings.Settings) (named []settings.Service, password, public bool) {
	takesOAuth2 := func(svc settings.Service) bool { return svc.Accepts(settings.OAuth2) && s.Provider.OAuth2 != nil }
	fits := func(svc settings.Service) bool { return expressible(svc) && (svc.TakesPassword() || takesOAuth2(svc)) }
	password = slices.ContainsFunc(s.Services(), func(svc settings.Service) bool { return fits(svc) && svc.TakesPassword() })
	for _, svc := range s.Services() {
		beside := slices.ContainsFunc(named, func(other settings.Service) bool { return other.Protocol == svc.Protocol })
		if fits(svc) && !beside && (svc.TakesPassword() || !password) {
			named = append(named, svc)
		}
	}
	public = len(named) > 0 && !slices.ContainsFunc(named, func(svc settings.Service) bool { return !takesOAuth2(svc) })
	return named, password, public
}
