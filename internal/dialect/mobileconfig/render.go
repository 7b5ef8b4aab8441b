package mobileconfig

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Render returns the unsigned profile of an address as an XML property list, with
// the accounts of that mailbox and of those in the options. The same settings and
// options give the same bytes. The error is BadRequest without an address,
// NotOffered when the selection is empty for a mailbox, and Internal when a text
// of the settings has a character that a property list cannot represent.
func Render(s settings.Settings, o Options) ([]byte, error) { return new(outlines).render(s, o) }

func (kept *outlines) render(s settings.Settings, o Options) ([]byte, error) {
	return kept.encode(func(text texts) (configuration, error) { return configurationOf(s, o, text) })
}

// configurationOf returns a profile with what text returns for each of its texts.
func configurationOf(s settings.Settings, o Options, text texts) (configuration, error) {
	mailboxes := distinct(s, o.Also)
	words := cmp.Or(o.Texts, i18n.All()).In(o.Language)
	id := identityOf(mailboxes, o.Selection)
	content := make([]any, 0, 3*len(mailboxes))
	names := make([]string, 0, len(mailboxes))
	for i, s := range mailboxes {
		if s.Address.IsZero() {
			return configuration{}, settings.Errorf(settings.BadRequest, "a profile needs an address")
		}
		account := accounts{Settings: s, name: s.Address.String(), services: s.Services(), identity: id, words: words, text: text}
		if i == 0 {
			account.aliases = o.Aliases
		}
		before := len(content)
		if content = account.addTo(content, o.Selection); len(content) == before {
			return configuration{}, settings.Errorf(settings.NotOffered, "there is no service for that address that a profile can set up")
		}
		names = append(names, account.name)
	}
	everybody := strings.Join(names, ", ")
	name := s.Provider.NameIn(o.Language)
	profile := configuration{
		head: head{
			Identifier:  text(id.identifier),
			UUID:        text(upper(id.profile)),
			Type:        "Configuration",
			Version:     1,
			DisplayName: text(name + " (" + everybody + ")"),
			Description: text(words.Text("profile.description", "addresses", everybody)),
		},
		Organization: text(cmp.Or(s.Provider.Profile.Organization, name)),
		Scope:        "User", // on macOS, accounts belong to one user
		Content:      content,
		ConsentText:  consent(s.Provider.Profile.ConsentText, text),
	}
	if removal := &s.Provider.Profile.RemovalDate; !removal.IsZero() {
		profile.RemovalDate = removal
	}
	return profile, nil
}

// distinct returns every mailbox once: two payloads of one would have the same
// identifier.
func distinct(first settings.Settings, also []settings.Settings) []settings.Settings {
	all := []settings.Settings{first}
	for _, s := range also {
		if !slices.ContainsFunc(all, func(have settings.Settings) bool { return nameOf(have) == nameOf(s) }) {
			all = append(all, s)
		}
	}
	return all
}

// consent returns the texts that are not empty; nil for none.
func consent(written map[string]string, text texts) map[string]string {
	if len(written) == 0 {
		return nil
	}
	shown := map[string]string{}
	for _, language := range slices.Sorted(maps.Keys(written)) {
		if written[language] != "" {
			shown[language] = text(written[language])
		}
	}
	return shown
}

// accounts are those of one mailbox.
type accounts struct {
	settings.Settings
	name     string // the address
	services []settings.Service
	aliases  []address.Address
	identity identity
	words    *i18n.Catalogue
	text     texts
}

// addTo appends the chosen accounts that the provider offers.
func (a accounts) addTo(all []any, chosen Selection) []any {
	if chosen.mail() {
		if m, ok := a.mail(); ok {
			all = append(all, m)
		}
	}
	if chosen.calendar() {
		if at, ok := davServer(a.Settings, a.services, settings.CalDAV); ok {
			name := a.words.Text("profile.calendar")
			all = append(all, calDAV{a.head("calendar", "com.apple.caldav.account", name), a.text(a.label(name)), a.text(at.host), at.port, a.text(at.path), at.tls, a.text(at.login)})
		}
	}
	if chosen.contacts() {
		if at, ok := davServer(a.Settings, a.services, settings.CardDAV); ok {
			name := a.words.Text("profile.contacts")
			all = append(all, cardDAV{a.head("contacts", "com.apple.carddav.account", name), a.text(a.label(name)), a.text(at.host), at.port, a.text(at.path), at.tls, a.text(at.login)})
		}
	}
	return all
}

func (a accounts) head(kind, payloadType, name string) head {
	if a.identity.several {
		name = a.label(name)
	}
	identifier, id := a.identity.payload(a.Settings, kind)
	return head{Identifier: a.text(identifier), UUID: a.text(upper(id)), Type: payloadType, Version: 1, DisplayName: a.text(name)}
}

// label is the name in the list of accounts. The address tells several mailboxes
// apart.
func (a accounts) label(kind string) string { return kind + " " + a.name }

// mail returns the mail account: IMAP, else POP. The schema requires an outgoing
// server.
func (a accounts) mail() (mail, bool) {
	accountType := "EmailTypeIMAP"
	in, ok := best(a.services, settings.IMAP)
	if !ok {
		accountType = "EmailTypePOP"
		in, ok = best(a.services, settings.POP3)
	}
	out, canSend := best(a.services, settings.Submission)
	if !ok || !canSend {
		return mail{}, false
	}
	inAuth, _ := authentication(in)
	outAuth, _ := authentication(out)
	m := mail{
		head:                   a.head("mail", "com.apple.mail.managed", a.words.Text("profile.mail")),
		AccountType:            accountType,
		AccountDescription:     a.text(a.name),
		Address:                a.text(a.sendAs()),
		IncomingAuthentication: inAuth,
		IncomingHost:           a.text(in.Host),
		IncomingPort:           int(in.Port),
		IncomingUseSSL:         usesTLS(in.Security),
		OutgoingAuthentication: outAuth,
		OutgoingHost:           a.text(out.Host),
		OutgoingPort:           int(out.Port),
		OutgoingUseSSL:         usesTLS(out.Security),
	}
	var inLogin, outLogin string
	if inAuth != authNone {
		inLogin = login(a.Settings, in)
	}
	if outAuth != authNone {
		outLogin = login(a.Settings, out)
		m.SamePassword = inLogin == outLogin // then the device asks for it once
	}
	m.IncomingUsername, m.OutgoingUsername = a.text(inLogin), a.text(outLogin)
	return m, true
}

// sendAs returns the address and its aliases. Devices are reported to read a list
// separated by ", " and to treat one without spaces as a single address; some read
// it when the account is next opened.
func (a accounts) sendAs() string {
	all := []string{a.name}
	for _, alias := range a.aliases {
		if name := alias.String(); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return strings.Join(all, ", ")
}

// best returns the service of a protocol that the provider prefers among those that
// devices handle best: implicit TLS, or STARTTLS on its registered port, then STARTTLS
// on another port, then the rest. Services without an authentication method that Apple
// has a value for are excluded.
func best(services []settings.Service, p settings.Protocol) (settings.Service, bool) {
	return settings.Best(services, p, func(s settings.Service) int {
		if _, ok := authentication(s); !ok || s.Security == settings.STARTTLS && onTLSPort(s.Port) {
			return -1
		}
		switch s.Security {
		case settings.TLS:
			return 0
		case settings.STARTTLS:
			if s.Port == settings.DefaultPort(s.Protocol, settings.STARTTLS) {
				return 0
			}
			return 1
		case settings.Plaintext:
		}
		return 2
	})
}

// onTLSPort reports whether devices use implicit TLS on a port: STARTTLS on it
// cannot be expressed.
func onTLSPort(port uint16) bool { return port == 993 || port == 995 || port == 465 }

// usesTLS maps to the only key there is. Apple has no key for STARTTLS: with the
// key on, a device uses implicit TLS on 993 and 465, and is believed to negotiate
// STARTTLS on 143 and 587. With it off, the password would be sent in clear text,
// so it is off for plaintext alone.
func usesTLS(s settings.Security) bool { return s != settings.Plaintext }

const (
	authPassword  = "EmailAuthPassword"
	authChallenge = "EmailAuthCRAMMD5"
	authNTLM      = "EmailAuthNTLM"
	authNone      = "EmailAuthNone"
)

// authentication returns Apple's value for the provider's first authentication
// method that has one. Password comes first: inside TLS it works with every
// server, while few support CRAM-MD5, which requires stored plaintext passwords.
func authentication(s settings.Service) (string, bool) {
	if s.Accepts(settings.Password) {
		return authPassword, true
	}
	for _, a := range s.Auth {
		switch a {
		case settings.PasswordChallenge:
			return authChallenge, true
		case settings.NTLM:
			return authNTLM, true
		case settings.NoAuth:
			return authNone, true
		case settings.Password, settings.OAuth2, settings.ClientCert, settings.GSSAPI:
			// Password is handled above; the rest have no value.
		}
	}
	return "", false
}

// login returns the user name. It is always known, because there is an address.
func login(s settings.Settings, svc settings.Service) string {
	name, _ := s.Login(svc)
	return name
}

// davAccount is a DAV service in the parts that a payload requires.
type davAccount struct {
	host  string // bare: with a URL the account fails
	port  int    // 0 for the default
	path  string // of the principals; "" lets the device discover it
	tls   bool
	login string
}

// davServer returns the DAV service of a protocol that accepts a password, which
// is all that the device can ask for, https first: iOS sends DAV passwords over
// TLS only.
func davServer(s settings.Settings, services []settings.Service, p settings.Protocol) (davAccount, bool) {
	svc, ok := settings.Best(services, p, func(svc settings.Service) int {
		if !svc.TakesPassword() {
			return -1
		}
		return slices.IndexFunc([]string{"https://", "http://"}, func(scheme string) bool { return strings.HasPrefix(svc.URL, scheme) })
	})
	if !ok {
		return davAccount{}, false
	}
	u, err := url.Parse(svc.URL)
	if err != nil {
		return davAccount{}, false
	}
	return davAt(u, login(s, svc)), true
}

func davAt(u *url.URL, login string) davAccount {
	d := davAccount{host: u.Hostname(), tls: u.Scheme == "https", login: login}
	if written := u.Port(); written != "" { // the error for "" would take two allocations
		if port, err := strconv.Atoi(written); err == nil {
			d.port = port
		}
	}
	// Devices accept a path or a whole URL; the path cannot contradict the host
	// key. Without one the device discovers it (RFC 6764).
	if path := u.EscapedPath(); path != "/" {
		d.path = path
	}
	return d
}
