package conformance

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

func dnsChecks() []Check {
	return []Check{
		check(40, "DNS records have the names that clients look up and agree with the server, and the DAV well-known URLs redirect for every method", (*probe).dns),
	}
}

// service is an SRV record that some client looks up.
type service struct {
	name  string
	port  uint16 // that clients use whatever the record has; 0 for any
	never bool   // plain http, to which no record may point
}

func services() []service {
	return []service{
		{name: "_imaps._tcp"},
		{name: "_imap._tcp"},
		{name: "_pop3s._tcp"},
		{name: "_pop3._tcp"},
		{name: "_submissions._tcp"},
		{name: "_submission._tcp"},
		{name: "_caldavs._tcp"},
		{name: "_caldav._tcp", never: true},
		{name: "_carddavs._tcp"},
		{name: "_carddav._tcp", never: true},
		{name: "_jmap._tcp"},
		{name: "_autodiscover._tcp", port: 443}, // Thunderbird and Evolution ignore the port of the record
		{name: "_sieve._tcp"},
	}
}

// otherNames returns the owner names besides those of the services.
func otherNames() []string {
	return []string{"_ua-auto-config", "_mta-sts", "_smtp._tls", "autoconfig", "autodiscover", "ua-auto-config", "mta-sts"}
}

func (p *probe) dns() {
	calendars := p.davRedirect("caldav")
	contacts := p.davRedirect("carddav")
	if !p.needs(p.target.Zone, "the zone") {
		return
	}
	z, err := readZone(p.target.Zone, p.target.Domain)
	if err != nil {
		p.note(Finding{Text: err.Error()})
		return
	}
	found := func(format string, args ...any) {
		p.note(Finding{"the zone of " + p.target.Domain, fmt.Sprintf(format, args...)})
	}
	ownerNames(z, found)
	for _, s := range services() {
		serviceRecords(z, s, found)
	}
	if _, config, ok := p.knownConfig(); ok {
		mailRecords(z, config, found)
	}
	davRecords(z, "_caldavs._tcp", calendars, found)
	davRecords(z, "_carddavs._tcp", contacts, found)
}

// davRedirect asks a well-known URL with the methods that clients begin with
// (RFC 6764 section 5), and returns where all of them are sent; nil when there
// is no such service.
func (p *probe) davRedirect(kind string) *url.URL {
	at := p.at(p.target.Domain, "/.well-known/"+kind)
	first, ok := p.ask(get(at))
	if !ok {
		return nil
	}
	for _, method := range []string{"PROPFIND", http.MethodOptions} {
		a, ok := p.ask(get(at).by(method))
		if ok && (a.status != first.status || a.header.Get("Location") != first.header.Get("Location")) {
			p.find(a.request, "the answer is %d to %q; GET returns %d to %q", a.status, a.header.Get("Location"), first.status, first.header.Get("Location"))
		}
	}
	switch first.status {
	case http.StatusNotFound:
		return nil
	case http.StatusMovedPermanently, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		p.find(first.request, "the status is %d; it must be 301, 303, 307 or 308, or 404 when there is no such service", first.status)
		return nil
	}
	to, err := url.Parse(first.header.Get("Location"))
	if err != nil || to.Scheme != "https" || !isHostName(to.Hostname()) {
		p.find(first.request, "it redirects to %q; the target must be an absolute https URL", first.header.Get("Location"))
		return nil
	}
	return to
}

// ownerNames requires every name to be one that a client asks for, or the address
// of one that a record points to.
func ownerNames(z zone, found func(string, ...any)) {
	known := otherNames()
	for _, s := range services() {
		known = append(known, s.name)
	}
	var targets []string
	for _, r := range z.records {
		switch r := r.(type) {
		case *dns.SRV:
			targets = append(targets, plain(r.Target))
		case *dns.CNAME:
			targets = append(targets, plain(r.Target))
		}
	}
	for _, r := range z.records {
		name := plain(r.Header().Name)
		label, below := strings.CutSuffix(name, "."+z.domain)
		if name == z.domain || slices.Contains(targets, name) || below && slices.Contains(known, label) {
			continue
		}
		found("no client looks up %s", name)
	}
}

// serviceRecords judges what is published. A service that is not offered may be denied
// by the target "." (RFC 6186 section 3.4), or have no record.
func serviceRecords(z zone, s service, found func(string, ...any)) {
	records := z.services(s.name)
	for _, r := range records {
		target := plain(r.Target)
		switch {
		case target == "":
			if r.Priority != 0 || r.Weight != 0 || r.Port != 0 || len(records) > 1 {
				found(`%s is not offered; that is said by "0 0 0 ." alone`, s.name)
			}
		case s.never:
			found("%s points to %s; passwords would be sent in plaintext", s.name, target)
		case z.isAlias(target):
			found("%s points to %s, which is a CNAME (RFC 2782 forbids it)", s.name, target)
		case !isHostName(target) || r.Port == 0:
			found("%s points to %s port %d, which is not a host and port", s.name, quoted(target), r.Port)
		case s.port != 0 && r.Port != s.port:
			found("%s has the port %d; clients use %d", s.name, r.Port, s.port)
		}
	}
}

// mailRecords requires the servers of the config in the records.
func mailRecords(z zone, config *element, found func(string, ...any)) {
	names := map[string]map[string]string{
		"imap": {"SSL": "_imaps._tcp", "STARTTLS": "_imap._tcp"},
		"pop3": {"SSL": "_pop3s._tcp", "STARTTLS": "_pop3._tcp"},
		"smtp": {"SSL": "_submissions._tcp", "STARTTLS": "_submission._tcp"},
	}
	for _, s := range mailSections(config) {
		kind, _ := s.attr("type")
		name := names[kind][s.value("socketType")]
		port, err := strconv.ParseUint(s.value("port"), 10, 16)
		if name == "" || err != nil {
			continue // has a check of its own
		}
		if host := s.value("hostname"); !z.points(name, host, uint16(port)) {
			found("no %s points to %s port %d, which the config names", name, host, port)
		}
	}
}

// davRecords requires host and context path in the records to be those of the
// redirect (RFC 6764 sections 3 and 4).
func davRecords(z zone, name string, to *url.URL, found func(string, ...any)) {
	records := slices.DeleteFunc(z.services(name), func(r *dns.SRV) bool { return plain(r.Target) == "" })
	if to == nil {
		if len(records) > 0 {
			found("%s points to %s, but the well-known URL offers no such service", name, plain(records[0].Target))
		}
		return
	}
	port, err := strconv.ParseUint(cmp.Or(to.Port(), "443"), 10, 16)
	if err != nil || !z.points(name, to.Hostname(), uint16(port)) {
		found("no %s points to %s port %d, to which the well-known URL redirects", name, to.Hostname(), port)
	}
	path := strings.TrimSuffix(to.EscapedPath(), "/")
	said := ""
	for _, text := range z.texts(name + "." + z.domain) {
		value, ok := strings.CutPrefix(text, "path=")
		if !ok || said != "" {
			found("the TXT record of %s is %s; it must be one path=", name, quoted(text))
		}
		said = value
	}
	if strings.TrimSuffix(said, "/") != path {
		found("the TXT record of %s has the path %s; the well-known URL redirects to %s", name, quoted(said), quoted(to.EscapedPath()))
	}
}
