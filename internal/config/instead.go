package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// notADomain returns what is wrong with a name that address.ParseDomain rejected,
// and what to write.
func notADomain(written string, err error) string {
	name, rest, colon := strings.Cut(written, ":")
	switch {
	case strings.Contains(written, "://"):
		if u, parsed := url.Parse(written); parsed == nil && u.Hostname() != "" {
			return fmt.Sprintf("is a URL; write %s", printed(u.Hostname()))
		}
	case colon && rest != "" && isDomain(name):
		return fmt.Sprintf("a space is missing behind %s:", name)
	case strings.Contains(written, "@"):
		if domain := written[strings.LastIndexByte(written, '@')+1:]; isDomain(domain) {
			return fmt.Sprintf("must be a domain, not a mail address; write %s", domain)
		}
	}
	return err.Error()
}

func isDomain(s string) bool {
	_, err := address.ParseDomain(s)
	return err == nil && strings.Contains(s, ".")
}

// bareHost returns what to write for a host with a scheme, a port or a path; "" when
// that cannot be told.
func bareHost(s string) string {
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	s, _, _ = strings.Cut(s, "/")
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, ""
	}
	if _, err := settings.ParseHost(host); err != nil {
		return ""
	}
	if port != "" {
		return fmt.Sprintf("; write host: %s, port: %s", printed(host), printed(port))
	}
	return fmt.Sprintf("; write %s", printed(host))
}

// wholeDomain writes the entry of a domain that names its provider alone, or nothing.
func (r *reader) wholeDomain(v value, f *file) bool {
	id := v.written()
	switch v.node.Tag {
	case "!!str":
		if _, ok := f.providers[id]; !ok {
			return false
		}
	case "!!null":
		if id = "PROVIDER"; len(f.providerIDs) > 0 {
			id = f.providerIDs[0]
		}
	default:
		return false
	}
	r.refuse(v, "must be a block of keys, is %s; write {provider: %s}", describe(v.node), printed(id))
	return true
}

// keysOfFile are the keys at the beginning of a line.
func keysOfFile() []string { return keysOf(fileFields()) }

// notAnID returns what is wrong with the id of a provider.
func notAnID(id string) string {
	text := "the id of a provider must have 1 to 40 characters from a to z, 0 to 9 and -"
	if simple := strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(id), " ", "-"), "_", "-"); validID(simple) {
		text += "; write " + simple
	}
	return text
}

// isFixedWord reports whether a login without a placeholder was meant as one.
func isFixedWord(login string) bool {
	return slices.Contains([]string{"address", "email", "mail", "e-mail", "emailaddress", "local", "localpart", "username", "user"}, strings.ToLower(login))
}
