package importer

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// The placeholders of autoconfig, which the other systems use too.
const (
	emailAddress   = "%EMAILADDRESS%"
	emailLocalPart = "%EMAILLOCALPART%"
	emailDomain    = "%EMAILDOMAIN%"
)

// foreignPlaceholder matches placeholders, known or not.
var foreignPlaceholder = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`%[A-Z][A-Z0-9_]{2,}%`)
})

// translate replaces placeholders by those of the settings file. Braces are
// rejected: they would become placeholders.
func translate(s string, known ...string) (string, error) {
	if strings.ContainsAny(s, "{}") {
		return "", errors.New("contains { or }, which mark placeholders in the settings file")
	}
	s = strings.NewReplacer(known...).Replace(s)
	if unknown := foreignPlaceholder().FindString(s); unknown != "" {
		return "", errors.New("contains the unsupported placeholder " + unknown)
	}
	return s, nil
}

// hostOf converts a host name to the form of the settings file.
func hostOf(s string) (string, error) {
	s, err := translate(s, emailDomain, "{domain}")
	if err != nil {
		return "", err
	}
	return settings.ParseHost(s)
}

// urlOf converts the URL of a service to the form of the settings file.
func urlOf(s string) (string, error) {
	s, err := translate(s, emailDomain, "{domain}")
	if err != nil {
		return "", err
	}
	return settings.ParseURL(s)
}

// webmailURLOf converts the URL of webmail to the form of the settings file.
func webmailURLOf(s string) (string, error) {
	s, err := translate(s, emailDomain, "{domain}")
	if err != nil {
		return "", err
	}
	return settings.ParseWebmailURL(s)
}

// loginOf converts a user name with placeholders to the form of the settings
// file.
func loginOf(s string) (settings.Login, error) {
	s, err := translate(s, emailAddress, "{address}", emailLocalPart, "{local}", emailDomain, "{domain}")
	if err != nil {
		return "", err
	}
	if l := settings.Login(s); l.Validate() == nil {
		return l, nil
	}
	return "", errors.New("contains an invisible character")
}

// webURLOf checks the URL of a page or an endpoint.
func webURLOf(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return "", errors.New("not a valid URL")
	}
	if u.Scheme != "https" {
		return "", errors.New("must be an https URL")
	}
	if u.User != nil {
		return "", errors.New("contains a user name")
	}
	if _, err := address.ParseDomain(u.Hostname()); err != nil {
		return "", errors.New("contains an invalid host name")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", errors.New("the port must be a number from 1 to 65535")
		}
	}
	return s, nil
}

// securityOf returns the connection security for a socket type.
func securityOf(s string) (settings.Security, bool) {
	switch strings.ToLower(s) {
	case "ssl", "ssl/tls":
		return settings.TLS, true
	case "starttls":
		return settings.STARTTLS, true
	case "plain", "none":
		return settings.Plaintext, true
	}
	return "", false // "TLS" among them: some mean STARTTLS by it
}

// authOf returns the authentication for a name. exact is false when the name says
// more than the settings file can.
func authOf(system, s string) (a settings.Auth, exact bool) {
	s = strings.ToLower(s)
	if system == "sasl" {
		return mechanism(s)
	}
	switch s {
	case "password-cleartext", "plain", "http-basic", "basic":
		return settings.Password, true
	case "password-encrypted", "secure", "http-digest", "digest":
		return settings.PasswordChallenge, true
	case "oauth2", "oauth":
		return settings.OAuth2, true
	case "tls-client-cert":
		return settings.ClientCert, true
	case "gssapi":
		return settings.GSSAPI, true
	case "ntlm":
		return settings.NTLM, true
	case "none":
		return settings.NoAuth, true
	case "client-ip-address": // a client in the right network needs no password
		return settings.NoAuth, false
	}
	return "", false
}

// mechanism returns the authentication for a SASL mechanism.
func mechanism(name string) (a settings.Auth, exact bool) {
	switch {
	case name == "plain", name == "login":
		return settings.Password, false
	case name == "cram-md5", name == "digest-md5", strings.HasPrefix(name, "scram-"):
		return settings.PasswordChallenge, false
	case name == "oauthbearer", name == "xoauth2":
		return settings.OAuth2, false
	case name == "external":
		return settings.ClientCert, false
	case name == "gssapi":
		return settings.GSSAPI, true
	case name == "ntlm":
		return settings.NTLM, true
	}
	return "", false
}

// scheme is the name of an authentication and the attribute that says which
// registry it is from: "", "sasl" or "http".
type scheme struct {
	word
	system string
}

// auths returns the authentications in their order; nil when none is supported.
func (d *draft) auths(at position, schemes []scheme) []settings.Auth {
	if len(schemes) == 0 {
		d.hint(at, "no authentication; using password")
		return []settings.Auth{settings.Password}
	}
	var all []settings.Auth
	for _, s := range schemes {
		a, exact := authOf(strings.ToLower(s.system), s.text)
		switch {
		case a == "":
			d.lost(s.position, "unsupported authentication %s", quoted(s.text))
			continue
		case a == settings.NoAuth && !exact:
			d.lost(s.position, "access limited to some networks is not supported; using none")
		case !exact && !slices.Contains(all, a):
			d.hint(s.position, "%s is imported as %s", quoted(s.text), a)
		}
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// login returns the form of a user name; the whole address, with a note, when it
// is not supported.
func (d *draft) login(w word, auth []settings.Auth) settings.Login {
	if w.text == "" {
		if !slices.Equal(auth, []settings.Auth{settings.NoAuth}) {
			d.hint(w.position, "no user name; using the whole address")
		}
		return settings.LoginAddress
	}
	l, err := loginOf(w.text)
	switch {
	case err != nil:
		d.lost(w.position, "unsupported user name: %v; using the whole address, check that it is right", err)
		return settings.LoginAddress
	case l.Literal():
		d.hint(w.position, "the user name is the same for everybody; check that it is meant")
	}
	return l
}

// isIssuer reports whether a URL can be an issuer, which clients compare octet by
// octet (RFC 8414 section 3.3).
func isIssuer(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.String() != s {
		return false
	}
	host, err := address.ParseDomain(u.Hostname())
	return err == nil && (u.Host == string(host) || u.Host == string(host)+":"+u.Port())
}
