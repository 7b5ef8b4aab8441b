package clients

import (
	"math"
	"regexp"
	"strings"
)

// Thunderbird reads autoconfig as Thunderbird on a desktop does: the document
// becomes JavaScript objects, then the first section of each direction that it
// can use wins. Sections it cannot use are skipped without a word; without one
// of each direction the document is rejected.
func Thunderbird(document []byte, address string) (Account, error) {
	root, err := tree(document)
	if err != nil {
		return rejects("%v", err)
	}
	if root.name != "clientConfig" || !has(jxon(root), "emailProvider") {
		return rejects("there is no clientConfig with an emailProvider")
	}
	provider := get(jxon(root), "emailProvider")
	if _, err := mozillaHost(get(provider, "@id")); err != nil {
		return rejects("the id of the emailProvider is no host name")
	}
	if !anyHost(list(provider, "domain")) {
		return rejects("there is no valid domain")
	}
	var a Account
	for _, section := range list(provider, "incomingServer") {
		if s, ok := thunderbirdServer(section, []string{"pop3", "imap", "nntp", "exchange", "ews", "owa"}); ok {
			a.Incoming = s
			break
		}
	}
	for _, section := range list(provider, "outgoingServer") {
		if s, ok := thunderbirdServer(section, []string{"smtp"}); ok {
			a.Outgoing = s
			break
		}
	}
	if a.Incoming.Host == "" || a.Outgoing.Host == "" {
		return rejects("no section that it can use of each direction")
	}
	for _, s := range []*Server{&a.Incoming, &a.Outgoing} {
		s.Host, s.User = replaceVariables(s.Host, address), replaceVariables(s.User, address)
	}
	return a, nil
}

func anyHost(values []any) bool {
	for _, v := range values {
		if _, err := mozillaHost(v); err == nil {
			return true
		}
	}
	return false
}

// thunderbirdServer reads one section; false when a value of it cannot be used.
func thunderbirdServer(section any, types []string) (Server, bool) {
	var s Server
	var ok bool
	if s.Protocol, ok = oneOf(get(section, "@type"), types); !ok {
		return s, false
	}
	var err error
	if s.Host, err = mozillaHost(get(section, "hostname")); err != nil {
		return s, false
	}
	if s.Port, ok = mozillaPort(get(section, "port")); !ok {
		return s, false
	}
	for _, v := range list(section, "socketType") {
		word, known := oneOf(v, []string{"plain", "SSL", "STARTTLS"})
		if known {
			s.Security = map[string]Security{"plain": Plaintext, "SSL": TLS, "STARTTLS": STARTTLS}[word]
			break
		}
	}
	if s.Security == "" {
		return s, false
	}
	if s.Auth, ok = thunderbirdAuth(list(section, "authentication"), s); !ok {
		return s, false
	}
	s.User = toString(get(section, "username")) // a missing one becomes "undefined"
	if s.Auth == noAuth && !has(section, "username") {
		s.User = ""
	}
	return s, true
}

// thunderbirdAuth returns the first way to log in that it knows.
func thunderbirdAuth(values []any, s Server) (string, bool) {
	for _, v := range values {
		switch word, _ := v.(string); word {
		case "password-cleartext", "plain":
			return password, true
		case "password-encrypted", "secure":
			return challenge, true
		case "GSSAPI":
			return gssapi, true
		case "NTLM":
			return ntlm, true
		case "OAuth2":
			if builtIn(s.Host) {
				return oauth2, true
			}
		case "none", "client-IP-address", "smtp-after-pop":
			if s.Protocol == "smtp" {
				return noAuth, true
			}
		}
	}
	return "", false
}

// builtIn reports whether the program was built with the endpoints of the
// host's provider; without them its OAuth2 counts for nothing. These are a few
// of its list.
func builtIn(host string) bool {
	for _, domain := range []string{"gmail.com", "googlemail.com", "office365.com", "yahoo.com", "fastmail.com"} {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
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

var (
	legalHost   = regexp.MustCompile(`^(?i:(([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])\.?)$`)
	placeHolder = regexp.MustCompile(`^[a-zA-Z0-9.-]*(%[A-Z0-9]+%[a-zA-Z0-9.-]*)+$`)
)

// mozillaHost checks a host name: trimmed, ASCII, with placeholders as they are.
func mozillaHost(value any) (string, error) {
	if falsy(value) {
		return "", refused("a host name is empty")
	}
	host := strings.TrimSpace(toString(value))
	if placeHolder.MatchString(host) {
		return host, nil
	}
	if !isLegalHost(host) {
		return "", refused("a host name is not valid")
	}
	return strings.ToLower(host), nil
}

// isLegalHost is the test that both Thunderbirds have.
func isLegalHost(host string) bool { return len(host) <= 255 && legalHost.MatchString(host) }

// mozillaPort converts what may be a number or begin with one.
func mozillaPort(value any) (int, bool) {
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

// replaceVariables fills in the placeholders, one after the other, each in its
// first place only.
func replaceVariables(text, address string) string {
	local, domain := split(address)
	text = replaceFirst(text, emailAddress, address)
	text = replaceFirst(text, emailLocalPart, local)
	return replaceFirst(text, emailDomain, strings.ToLower(domain))
}
