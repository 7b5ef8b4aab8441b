package dnsrecords

import (
	"errors"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// kind is a protocol and its names in DNS.
type kind struct {
	protocol settings.Protocol
	overTLS  string // TLS from the first byte, or https; "" when there is no such name
	plain    string // begins without TLS; "" when there is no such name
	purpose  string
}

// kinds lists the protocols with names in DNS. IMAP is followed by POP3, because
// clients compare their priorities.
func kinds() []kind {
	return []kind{
		{settings.IMAP, "_imaps._tcp", "_imap._tcp", "Reading mail, RFC 6186"},
		{settings.POP3, "_pop3s._tcp", "_pop3._tcp", "Fetching mail, RFC 6186"},
		{settings.Submission, "_submissions._tcp", "_submission._tcp", "Sending mail, RFC 6186 and RFC 8314"},
		{settings.JMAP, "_jmap._tcp", "", "JMAP, RFC 8620"},
		{settings.CalDAV, "_caldavs._tcp", "_caldav._tcp", "Calendars, RFC 6764"},
		{settings.CardDAV, "_carddavs._tcp", "_carddav._tcp", "Contacts, RFC 6764"},
		{settings.ManageSieve, "", "_sieve._tcp", "Filters of mail, RFC 5804"},
	}
}

// services adds the records that point to the services.
func (b *builder) services(s settings.Settings) {
	if s.MovedTo != "" {
		// A client that finds a server by SRV logs in with the address it has,
		// which is the old one.
		b.note("the addresses of the domain moved to %s, which SRV records cannot express: those of the services are omitted", s.MovedTo)
		return
	}
	b.noteLogins(s)
	var priority uint16
	for _, k := range kinds() {
		// RFC 6186 section 3.4: a client that supports both compares the
		// priorities of IMAP and POP3, so those of POP3 continue after IMAP.
		if k.protocol != settings.POP3 {
			priority = 0
		}
		priority = b.kind(k, s.Services(), priority)
	}
}

// noteLogins adds notes about user names that clients do not try on their own.
func (b *builder) noteLogins(s settings.Settings) {
	var said []settings.Login
	for _, svc := range s.Services() {
		inDNS := slices.ContainsFunc(kinds(), func(k kind) bool { return k.protocol == svc.Protocol })
		switch svc.Login {
		case settings.LoginAddress, "{local}", "{local}@{domain}": // RFC 6186 section 4
			continue
		}
		if inDNS && !slices.Contains(said, svc.Login) {
			said = append(said, svc.Login)
			b.note("SRV records have no user name: clients try the address, then the part before the @, but the user name is %s", svc.Login)
		}
	}
}

// owner is a name with its SRV records.
type owner struct {
	label   string
	records []Record
	path    string // the context path of all of them (RFC 6764)
	silent  bool   // something is offered that a record cannot say
}

// kind adds the records of one protocol, starting at a priority. It returns the
// next priority.
func (b *builder) kind(k kind, services []settings.Service, priority uint16) uint16 {
	overTLS, plain := &owner{label: k.overTLS}, &owner{label: k.plain}
	endpoints, complete := b.announced(k, services)
	overTLS.silent, plain.silent = !complete, !complete
	for _, e := range endpoints {
		at := overTLS
		if !e.tls {
			at = plain
		}
		if b.add(at, k, e, priority) {
			priority = after(priority)
		}
	}
	for _, at := range []*owner{overTLS, plain} {
		if at.label == "" {
			continue
		}
		if b.denyMissing && len(at.records) == 0 && !at.silent {
			// RFC 2782: not available. It keeps clients from guessing and from
			// falling back to a name without TLS.
			at.records = []Record{{Name: b.name(at.label), Type: SRV, Value: ".", Purpose: k.purpose}}
		}
		b.records = append(b.records, at.records...)
		b.contextPath(at, k)
	}
	return priority
}

// add adds a service to the records of an owner; false when it adds none.
func (b *builder) add(at *owner, k kind, e endpoint, priority uint16) bool {
	target := e.host + "."
	switch {
	case at.label == "":
		b.note("%s on %s is omitted: its DNS name is for %s", k.protocol, e, otherSecurity(k))
		return false
	case !isHostName(e.host):
		b.note("%s on %s is omitted: the target of an SRV record must be a host name", k.protocol, e)
		at.silent = true
		return false
	case b.isAlias(target):
		b.note("%s on %s is omitted: the target of an SRV record must not be an alias", k.protocol, e)
		at.silent = true
		return false
	case len(at.records) > 0 && e.path != at.path:
		b.note("%s on %s%s is omitted: all hosts must have the same path in %s", k.protocol, e, e.path, at.label)
		return false
	case slices.ContainsFunc(at.records, func(r Record) bool { return r.Value == target && r.Port == e.port }):
		return false
	}
	at.path = e.path
	at.records = append(at.records, Record{
		Name: b.name(at.label), Type: SRV, Priority: priority, Weight: 1, Port: e.port, Value: target, Purpose: k.purpose,
	})
	return true
}

// otherSecurity returns what the only DNS name of a protocol is for.
func otherSecurity(k kind) string {
	if k.plain == "" {
		return "https"
	}
	return "STARTTLS"
}

// after returns the next priority. It leaves room for other records.
func after(priority uint16) uint16 {
	const step = 10
	if priority > math.MaxUint16-step {
		return math.MaxUint16
	}
	return priority + step
}

// contextPath adds the path of a DAV service, without which clients try the
// root and /.well-known of its host (RFC 6764 section 4).
func (b *builder) contextPath(at *owner, k kind) {
	if at.path == "" {
		return
	}
	text := "path=" + at.path
	if len(text) > maxString {
		b.note("the path of %s is too long for DNS: clients use /.well-known/%s on its host", at.label, k.protocol)
		return
	}
	b.records = append(b.records, Record{Name: b.name(at.label), Type: TXT, Value: text, Purpose: k.purpose})
}

// maxString is the maximum length of a character-string in octets (RFC 1035
// section 3.3), which holds a key with its value (RFC 6763 section 6.1).
const maxString = 255

// endpoint is the address of a service.
type endpoint struct {
	host string
	port uint16
	tls  bool   // from the first byte
	path string // the context path of DAV, as in the URL
}

func (e endpoint) String() string { return net.JoinHostPort(e.host, strconv.Itoa(int(e.port))) }

// announced returns the endpoints of a protocol, most preferred first; false when
// one of them is unknown. An unencrypted service is omitted when there is an
// encrypted one: a client might try the DNS name of the former.
func (b *builder) announced(k kind, services []settings.Service) ([]endpoint, bool) {
	var encrypted, open []endpoint
	complete := true
	for _, svc := range services {
		if svc.Protocol != k.protocol {
			continue
		}
		e, err := endpointOf(svc)
		switch {
		case err != nil:
			b.note("%s is omitted: %v", k.protocol, err)
			complete = false
		case e.tls || svc.Security == settings.STARTTLS:
			encrypted = append(encrypted, e)
		default:
			open = append(open, e)
		}
	}
	if len(encrypted) == 0 {
		return open, complete
	}
	for _, e := range open {
		b.note("%s on %s is omitted: it is not encrypted, and another service is", k.protocol, e)
	}
	return encrypted, complete
}

func endpointOf(s settings.Service) (endpoint, error) {
	if !s.Protocol.ByURL() {
		return endpoint{host: s.Host, port: s.Port, tls: s.Security == settings.TLS}, nil
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return endpoint{}, errors.New("invalid URL")
	}
	e := endpoint{host: u.Hostname(), port: 443, tls: u.Scheme == "https"}
	if !e.tls {
		e.port = 80
	}
	if u.Port() != "" {
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil {
			return endpoint{}, errors.New("invalid port in the URL")
		}
		e.port = uint16(port)
	}
	// A JMAP client asks /.well-known/jmap of the host whatever the URL says
	// (RFC 8620 section 2.2).
	if s.Protocol != settings.JMAP {
		e.path = u.EscapedPath()
	}
	return e, nil
}

// isHostName reports whether host is a valid host name: not an IP address, and
// not too long after {domain} was replaced.
func isHostName(host string) bool {
	d, err := address.ParseDomain(host)
	return err == nil && string(d) == host
}
