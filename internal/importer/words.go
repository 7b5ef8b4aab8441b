package importer

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// The placeholders of autoconfig, which the other systems have taken over.
const (
	emailAddress   = "%EMAILADDRESS%"
	emailLocalPart = "%EMAILLOCALPART%"
	emailDomain    = "%EMAILDOMAIN%"
)

// foreignPlaceholder finds placeholders, known or not.
var foreignPlaceholder = regexp.MustCompile(`%[A-Z][A-Z0-9_]{2,}%`)

// translate puts our placeholders in the place of theirs. Braces are refused:
// they are text there and would be placeholders here.
func translate(s string, known ...string) (string, error) {
	if strings.ContainsAny(s, "{}") {
		return "", errors.New("it holds { or }, which stand for placeholders in the settings file")
	}
	s = strings.NewReplacer(known...).Replace(s)
	if unknown := foreignPlaceholder.FindString(s); unknown != "" {
		return "", errors.New("it holds " + unknown + ", which has no place here")
	}
	return s, nil
}

// hostOf returns a host name in the form of the settings file.
func hostOf(s string) (string, error) {
	s, err := translate(s, emailDomain, "{domain}")
	if err != nil {
		return "", err
	}
	return settings.ParseHost(s)
}

// urlOf returns the URL of a service in the form of the settings file.
func urlOf(s string) (string, error) {
	s, err := translate(s, emailDomain, "{domain}")
	if err != nil {
		return "", err
	}
	return settings.ParseURL(s)
}

// loginOf returns a form of user names.
func loginOf(s string) (settings.Login, error) {
	s, err := translate(s, emailAddress, "{address}", emailLocalPart, "{local}", emailDomain, "{domain}")
	if err != nil {
		return "", err
	}
	if l := settings.Login(s); l.Validate() == nil {
		return l, nil
	}
	return "", errors.New("it holds a character that cannot be seen")
}

// webURLOf checks the URL of a page or an endpoint.
func webURLOf(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return "", errors.New("it is not a valid URL")
	}
	if u.Scheme != "https" {
		return "", errors.New("only https URLs can be written here")
	}
	if u.User != nil {
		return "", errors.New("it holds a user name")
	}
	if _, err := address.ParseDomain(u.Hostname()); err != nil {
		return "", errors.New("its host is not a valid host name")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", errors.New("its port is not a number from 1 to 65535")
		}
	}
	return s, nil
}

// securityOf returns what a word for the kind of a connection means.
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

// authOf returns what a word for a way to log in means. exact is false when
// the word says more than the settings file can.
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
	case "client-ip-address": // who is in the right network needs no password
		return settings.NoAuth, false
	}
	return "", false
}

// mechanism returns what a SASL mechanism is called here.
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

// scheme is one word for a way to log in, with the attribute that says which
// list it is from: "", "sasl" or "http".
type scheme struct {
	word
	system string
}

// auths returns what the words for ways to log in mean, in their order; nil
// when none of them can be said here.
func (d *draft) auths(at place, schemes []scheme) []settings.Auth {
	if len(schemes) == 0 {
		d.hint(at, "names no way to log in: password is taken")
		return []settings.Auth{settings.Password}
	}
	var all []settings.Auth
	for _, s := range schemes {
		a, exact := authOf(strings.ToLower(s.system), s.text)
		switch {
		case a == "":
			d.lost(s.place, "%s is no way to log in that can be said here", quoted(s.text))
			continue
		case a == settings.NoAuth && !exact:
			d.lost(s.place, "that only some networks may use the server cannot be said here; none is taken")
		case !exact && !slices.Contains(all, a):
			d.hint(s.place, "%s is called %s here", quoted(s.text), a)
		}
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// login returns the form of a user name. Where it cannot be said here it is
// the whole address, which somebody has to look at.
func (d *draft) login(w word, auth []settings.Auth) settings.Login {
	if w.text == "" {
		if !slices.Equal(auth, []settings.Auth{settings.NoAuth}) {
			d.hint(w.place, "names no user name: the whole address is taken")
		}
		return settings.LoginAddress
	}
	l, err := loginOf(w.text)
	switch {
	case err != nil:
		d.lost(w.place, "the user name cannot be said here: %v; the whole address is taken, see whether that is right", err)
		return settings.LoginAddress
	case l.Literal():
		d.hint(w.place, "the user name is the same for everybody; see whether that is meant")
	}
	return l
}

// isIssuer reports whether a URL can be that of an issuer, which clients
// compare octet by octet (RFC 8414 section 3.3).
func isIssuer(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.String() != s {
		return false
	}
	host, err := address.ParseDomain(u.Hostname())
	return err == nil && (u.Host == string(host) || u.Host == string(host)+":"+u.Port())
}
