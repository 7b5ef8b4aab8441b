package thunderbird

import (
	"math"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// Read reads autoconfig: the document becomes JavaScript objects, then the first
// usable incoming section and the first usable outgoing section win. Unusable
// sections are skipped silently; without one of each the document is rejected.
func Read(document []byte, address string) (client.Account, error) {
	root, err := markup.Parse(document)
	if err != nil {
		return client.Reject("%v", err)
	}
	if root.Name != "clientConfig" || !has(jxon(root), "emailProvider") {
		return client.Reject("there is no clientConfig with an emailProvider")
	}
	provider := get(jxon(root), "emailProvider")
	if _, err := readHost(get(provider, "@id")); err != nil {
		return client.Reject("the id of the emailProvider is not a host name")
	}
	if !anyHost(list(provider, "domain")) {
		return client.Reject("there is no valid domain")
	}
	var a client.Account
	for _, section := range list(provider, "incomingServer") {
		if s, ok := readServer(section, []string{"pop3", "imap", "nntp", "exchange", "ews", "owa"}); ok {
			a.Incoming = s
			break
		}
	}
	for _, section := range list(provider, "outgoingServer") {
		if s, ok := readServer(section, []string{"smtp"}); ok {
			a.Outgoing = s
			break
		}
	}
	if a.Incoming.Host == "" || a.Outgoing.Host == "" {
		return client.Reject("there is no usable section of each direction")
	}
	for _, s := range []*client.Server{&a.Incoming, &a.Outgoing} {
		s.Host, s.User = replaceVariables(s.Host, address), replaceVariables(s.User, address)
	}
	if a.Incoming.Protocol == "ews" {
		a.Outgoing = a.Incoming // the same server sends
	}
	return a, nil
}

func anyHost(values []any) bool {
	for _, v := range values {
		if _, err := readHost(v); err == nil {
			return true
		}
	}
	return false
}

// readServer reads one section; false when a value is unusable.
func readServer(section any, types []string) (client.Server, bool) {
	var s client.Server
	var ok bool
	if s.Protocol, ok = oneOf(get(section, "@type"), types); !ok {
		return s, false
	}
	var err error
	if has(section, "url") {
		s.Host, s.Security = readURL(get(section, "url"))
	}
	if has(section, "hostname") || s.Host == "" {
		if s.Host, err = readHost(get(section, "hostname")); err != nil {
			return s, false
		}
	}
	if has(section, "port") || !has(section, "url") {
		if s.Port, ok = readPort(get(section, "port")); !ok {
			return s, false
		}
	}
	for _, v := range list(section, "socketType") {
		word, known := oneOf(v, []string{"plain", "SSL", "STARTTLS"})
		if known {
			s.Security = map[string]client.Security{"plain": client.Plaintext, "SSL": client.TLS, "STARTTLS": client.STARTTLS}[word]
			break
		}
	}
	if s.Security == "" {
		return s, false
	}
	if s.Auth, ok = readAuth(list(section, "authentication"), s); !ok {
		return s, false
	}
	s.User = toString(get(section, "username")) // a missing one becomes "undefined"
	if s.Auth == client.NoAuth && !has(section, "username") {
		s.User = ""
	}
	return s, true
}

// readURL returns the host of a URL, which must have no port, and how to connect to
// it. Without a host name the section is unusable.
func readURL(value any) (string, client.Security) {
	text, _ := value.(string)
	u, err := url.Parse(text)
	if err != nil {
		return "", ""
	}
	host, err := readHost(u.Host)
	switch {
	case err != nil:
		return "", ""
	case u.Scheme == "https":
		return host, client.TLS
	case u.Scheme == "http":
		return host, client.Plaintext
	}
	return host, ""
}

// readAuth returns the first supported way to log in.
func readAuth(values []any, s client.Server) (string, bool) {
	for _, v := range values {
		switch word, _ := v.(string); word {
		case "password-cleartext", "plain":
			return client.Password, true
		case "password-encrypted", "secure":
			return client.PasswordChallenge, true
		case "GSSAPI":
			return client.GSSAPI, true
		case "NTLM":
			return client.NTLM, true
		case "OAuth2":
			if client.HasOAuth2(s.Host) {
				return client.OAuth2, true
			}
		case "none", "client-IP-address", "smtp-after-pop":
			if s.Protocol == "smtp" {
				return client.NoAuth, true
			}
		}
	}
	return "", false
}

// oneOf returns the word that value is exactly.
func oneOf(value any, words []string) (string, bool) {
	text, ok := value.(string)
	for _, w := range words {
		if ok && w == text {
			return w, true
		}
	}
	return "", false
}

var placeholder = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-zA-Z0-9.-]*(%[A-Z0-9]+%[a-zA-Z0-9.-]*)+$`)
})

// readHost checks a host name: trimmed, ASCII, with placeholders as they are.
func readHost(value any) (string, error) {
	if falsy(value) {
		return "", client.Rejected("a host name is empty")
	}
	host := strings.TrimSpace(toString(value))
	if placeholder().MatchString(host) {
		return host, nil
	}
	if !client.IsHostName(host) {
		return "", client.Rejected("a host name is not valid")
	}
	return strings.ToLower(host), nil
}

// readPort converts a number, or a text that begins with one.
func readPort(value any) (int, bool) {
	n, ok := value.(float64)
	if !ok {
		text, isText := value.(string)
		if !isText {
			return 0, false
		}
		n = parseFloat(text)
	}
	n = math.Trunc(n)
	if math.IsNaN(n) || n < 1 || n > 65535 {
		return 0, false
	}
	return int(n), true
}

// replaceVariables fills in the placeholders one after the other, each only where
// it occurs first.
func replaceVariables(text, address string) string {
	local, domain := client.SplitAddress(address)
	text = replaceFirst(text, client.EmailAddress, address)
	text = replaceFirst(text, client.EmailLocalPart, local)
	return replaceFirst(text, client.EmailDomain, strings.ToLower(domain))
}
