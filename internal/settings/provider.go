package settings

import (
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
)

// Provider describes one mail service. It is immutable and shared by all its
// domains and requests; caches use its pointer as the key.
type Provider struct {
	ID        string            // stable: Apple profile identifiers derive from it
	Name      string            // at most MaxName characters
	Names     map[string]string // the same in other languages, by BCP 47 tag; may be nil
	Language  string            // of Name (BCP 47); "" for English
	ShortName string            // at most MaxShortName characters
	HelpURL   string            // https URL of a page for people; "" for none
	// WebmailURL is where people read their mail in a browser: an https URL that may
	// contain {domain}; "" for none.
	WebmailURL string
	Brand      Brand
	// AppPasswordURL is where people create a password for one app; "" for none.
	AppPasswordURL string

	// Logins is the source of the user names of mailboxes, for domains that do not
	// come from a source with user names of its own; "" for none.
	Logins     string
	Services   []Service // in order of preference, per protocol
	Subaddress string    // separator such as "+": the login ends before it; "" for none
	OAuth2     *OAuth2Endpoints
	Profile    ProfileOptions
	Outlook    OutlookOptions
	MTASTS     *MTASTS // nil for no policy
	// Signing is the key of the identity that signs Apple profiles, in the settings
	// file; "" for the default one.
	Signing string
}

// MTASTS is the policy for mail servers that send to the domain (RFC 8461).
type MTASTS struct {
	Mode    string   // enforce, testing or none
	MX      []string // names of mail exchangers, "*.mail.example" for all directly below
	MaxAge  int      // how long senders keep the policy, in seconds
	Reports string   // address for reports about failed TLS (RFC 8460); "" for none
}

// Limits of names in characters (draft-ietf-mailmaint-autoconfig,
// draft-ietf-mailmaint-pacc).
const (
	MaxName      = 60
	MaxShortName = 20
)

// Shorten cuts a name to limit characters, after a word where possible.
func Shorten(name string, limit int) string {
	r := []rune(name)
	if len(r) <= limit {
		return name
	}
	cut := string(r[:limit])
	if i := strings.LastIndexByte(cut, ' '); i > 0 && r[limit] != ' ' {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ")
}

// NameIn returns the name in a language (BCP 47), else the default name.
func (p *Provider) NameIn(language string) string {
	if name, ok := p.Names[language]; ok {
		return name
	}
	return p.Name
}

// OAuth2Endpoints are the public facts of a provider's authorization server
// (draft-ietf-mailmaint-autoconfig, "oAuth2"; RFC 8414).
type OAuth2Endpoints struct {
	Issuer   string // https URL without query or fragment
	AuthURL  string
	TokenURL string
	Scope    string // space-separated
	ClientID string // "" where clients register themselves
}

// ProfileOptions are the options of Apple profiles besides the services.
type ProfileOptions struct {
	Organization string            // shown by the device; "" means the provider's name
	ConsentText  map[string]string // BCP 47 tag or "default" to text; empty for no dialogue
	RemovalDate  time.Time         // when the device removes the profile; zero for never
}

// OutlookOptions enable and disable parts of Autodiscover that some clients need
// and that harm others.
type OutlookOptions struct {
	DAV    bool // CalDAV and CardDAV blocks after the mail blocks, for eM Client
	EWS    bool // EXCH and EXPR blocks before the mail blocks; classic Outlook prefers them and fails
	NoJSON bool // answer 404 on autodiscover.json: some Outlook 2021 work better without it
	// Redirect is where Autodiscover leads instead of to the services, as for
	// mailboxes at Microsoft 365; nil for none.
	Redirect *Redirect
}

// Redirect is where a client of Autodiscover asks instead: about the same local
// part at another domain, or another service.
type Redirect struct {
	Domain address.Domain // "" when URL is set
	URL    string         // of an Autodiscover service, https
}

// Service is one service of a provider, given by URL (Protocol.ByURL) or by Host,
// Port and Security. In a Provider, Host and URL may contain {domain};
// Settings.Services fills it in.
type Service struct {
	Protocol Protocol
	Host     string // A-labels, lower case
	// HostFromOutside is set when the settings file does not write out Host: it
	// contains the requested domain, or a source named it. Somebody else than the
	// operator may then choose the address that it resolves to.
	HostFromOutside bool
	Port            uint16
	Security        Security
	URL             string // https URL
	Login           Login
	Auth            []Auth // most preferred first, never empty
	POP             POPOptions
}

// POPOptions recommend what a client does with the mail on a POP3 server
// (autoconfig 1.1, "pop3"). The zero value recommends nothing.
type POPOptions struct {
	LeaveMessagesOnServer       *bool // nil for no recommendation
	DaysToLeaveMessagesOnServer int   // 0 for no recommendation
	DownloadOnBiff              *bool // fetch new mail at once; nil for no recommendation
}

// domainPlaceholder is the customer's domain in host names and URLs.
const domainPlaceholder = "{domain}"

func (s Service) templated() bool {
	return strings.Contains(s.Host, domainPlaceholder) || strings.Contains(s.URL, domainPlaceholder)
}

// TakesPassword reports whether the service accepts a password that a person
// types, sent as it is or in a challenge.
func (s Service) TakesPassword() bool { return s.Accepts(Password) || s.Accepts(PasswordChallenge) }

// Accepts reports whether the service supports an authentication method.
func (s Service) Accepts(a Auth) bool {
	for _, have := range s.Auth {
		if have == a {
			return true
		}
	}
	return false
}

// ServicesFor returns the provider's services for a customer domain. The slice is
// read-only: requests share it.
func (p *Provider) ServicesFor(d address.Domain) []Service {
	for i := range p.Services {
		if p.Services[i].templated() {
			return expand(p.Services, d)
		}
	}
	return p.Services
}

func expand(services []Service, d address.Domain) []Service {
	out := make([]Service, len(services))
	for i, s := range services {
		s.HostFromOutside = s.HostFromOutside || strings.Contains(s.Host, domainPlaceholder)
		s.Host = strings.ReplaceAll(s.Host, domainPlaceholder, string(d))
		s.URL = strings.ReplaceAll(s.URL, domainPlaceholder, string(d))
		out[i] = s
	}
	return out
}
