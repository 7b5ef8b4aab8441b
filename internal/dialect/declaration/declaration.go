package declaration

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// New returns the dialect. It has no endpoints: declarations are printed for an MDM server.
func New() dialect.Dialect {
	return dialect.Dialect{Name: "declaration", Render: dialect.IgnoreChoice(Render)}
}

// declaration has the keys of every declaration.
type declaration struct {
	Type        string
	Identifier  string
	ServerToken string // changes with the payload
	Payload     any
}

// userIdentity is com.apple.asset.useridentity: the address of the mail account.
type userIdentity struct{ EmailAddress string }

// mail is com.apple.configuration.account.mail.
type mail struct {
	VisibleName                string
	UserIdentityAssetReference string
	IncomingServer             server
	OutgoingServer             server
}

type server struct {
	ServerType           string `json:",omitempty"` // of the incoming server
	HostName             string
	Port                 uint16
	AuthenticationMethod string
	Credentials          string `json:"AuthenticationCredentialsAssetReference,omitempty"`
}

// dav is com.apple.configuration.account.caldav or carddav.
type dav struct {
	VisibleName string
	HostName    string
	Port        uint16 `json:",omitempty"`
	Path        string `json:",omitempty"`
	Credentials string `json:"AuthenticationCredentialsAssetReference"`
}

// origin is the namespace of the identifiers. It must never change: a device replaces the
// account with the same identifier.
const origin = "https://github.com/waymark-mail/waymark/declaration"

// account is a mailbox with the beginning of its identifiers.
type account struct {
	settings.Settings
	identifier string
}

// Render returns the declarations of an address as a JSON list: its user identity, and an
// account each for mail, calendars and contacts. The same settings give the same bytes. The
// error is BadRequest without an address, and NotOffered without a service that a
// declaration can express.
func Render(s settings.Settings) ([]byte, error) {
	if s.Address.IsZero() {
		return nil, settings.Errorf(settings.BadRequest, "a declaration needs an address")
	}
	name := s.Provider.ID + "\x00" + strings.ToLower(s.Address.Local) + "@" + string(s.Address.Domain)
	id := uuid.NewSHA1(uuid.NewSHA1(uuid.NameSpaceURL, []byte(origin)), []byte(name))
	a := account{s, "org.waymark-mail." + s.Provider.ID + "." + id.String()}
	var all []declaration
	if m, ok := a.mail(); ok {
		all = append(all,
			a.declare("com.apple.asset.useridentity", "identity", userIdentity{s.Address.String()}),
			a.declare("com.apple.configuration.account.mail", "mail", m))
	}
	for _, p := range []settings.Protocol{settings.CalDAV, settings.CardDAV} {
		if d, ok := a.dav(p); ok {
			all = append(all, a.declare("com.apple.configuration.account."+string(p), string(p), d))
		}
	}
	if len(all) == 0 {
		return nil, settings.Errorf(settings.NotOffered, "there is no service for that address that a declaration can set up")
	}
	body, err := json.MarshalIndent(all, "", "  ")
	return append(body, '\n'), err
}

func (a account) declare(kind, name string, payload any) declaration {
	d := declaration{Type: kind, Identifier: a.identifier + "." + name, Payload: payload}
	if content, err := json.Marshal(payload); err == nil { // structs of strings and numbers
		sum := sha256.Sum256(content)
		d.ServerToken = hex.EncodeToString(sum[:16])
	}
	return d
}

// mail returns the mail account: IMAP, else POP3.
func (a account) mail() (mail, bool) {
	in, incoming := a.server(settings.IMAP)
	in.ServerType = "IMAP"
	if !incoming {
		in, incoming = a.server(settings.POP3)
		in.ServerType = "POP"
	}
	out, outgoing := a.server(settings.Submission)
	return mail{a.Address.String(), a.identifier + ".identity", in, out}, incoming && outgoing
}

// server returns the server of a protocol that the provider prefers. There is no key for
// the encryption: the device decides by the port. So plaintext is excluded, and so is
// STARTTLS on a port for implicit TLS.
func (a account) server(p settings.Protocol) (server, bool) {
	svc, ok := settings.Best(a.Services(), p, func(svc settings.Service) int {
		usual := svc.Port == settings.DefaultPort(p, svc.Security)
		switch {
		case method(svc) == "" || svc.Security == settings.Plaintext:
			return -1
		case svc.Security == settings.STARTTLS && svc.Port == settings.DefaultPort(p, settings.TLS):
			return -1
		case usual:
			return 0
		}
		return 1
	})
	s := server{HostName: svc.Host, Port: svc.Port, AuthenticationMethod: method(svc)}
	if ok && s.AuthenticationMethod != none {
		s.Credentials = a.credentials(svc)
	}
	return s, ok
}

const none = "None"

// method returns Apple's value for the first authentication method that has one, the
// password before others; "" for none of them.
func method(svc settings.Service) string {
	if svc.Accepts(settings.Password) {
		return "Password"
	}
	for _, m := range svc.Auth {
		if value := map[settings.Auth]string{settings.PasswordChallenge: "CRAMMD5", settings.NTLM: "NTLM", settings.NoAuth: none}[m]; value != "" {
			return value
		}
	}
	return ""
}

// dav returns the calendars or contacts. There is no key for the encryption, so only https
// is expressible.
func (a account) dav(p settings.Protocol) (dav, bool) {
	i := slices.IndexFunc(a.Services(), func(svc settings.Service) bool {
		return svc.Protocol == p && svc.TakesPassword() && strings.HasPrefix(svc.URL, "https://")
	})
	if i < 0 {
		return dav{}, false
	}
	svc := a.Services()[i]
	u, err := url.Parse(svc.URL)
	if err != nil {
		return dav{}, false
	}
	d := dav{VisibleName: a.Address.String(), HostName: u.Hostname(), Credentials: a.credentials(svc)}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		d.Port = uint16(port)
	}
	if path := u.EscapedPath(); path != "/" { // without one, the device discovers it
		d.Path = path
	}
	return d, true
}

// credentials is the identifier of the asset with the user name and the password, which
// the MDM server adds. It names the user name, since services may have several.
func (a account) credentials(svc settings.Service) string {
	login, _ := a.Login(svc) // known, because there is an address
	return a.identifier + ".credentials." + login
}
