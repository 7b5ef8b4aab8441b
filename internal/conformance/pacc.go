package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

const paccPath = "/.well-known/user-agent-configuration.json"

func paccHost(domain string) string { return "ua-auto-config." + domain }

func paccChecks() []Check {
	return []Check{
		check(39, "the PACC document is byte-stable, matches the digest in DNS, has submit and lists only services that the format supports", (*probe).pacc).reads(PACC, inContent(inPACC)),
	}
}

// paccDocument is what draft-ietf-mailmaint-pacc describes.
type paccDocument struct {
	Protocols      map[string]map[string]any
	Authentication *struct {
		Password    *bool
		OAuthPublic *struct{ Issuer string } `json:"oauth-public"`
	}
	Info struct {
		Provider struct{ Name, ShortName string }
	}
}

func (p *probe) pacc() {
	at := p.at(paccHost(p.target.Domain), paccPath)
	a, ok := p.ask(get(at))
	if !ok {
		return
	}
	if a.status == http.StatusNotFound && !p.expressible() {
		p.skip("PACC supports only implicit TLS on the registered ports, with the address as the user name")
		return
	}
	if a.status != http.StatusOK || a.mediaType() != "application/json" {
		p.find(a.request, "the answer is %d %s; it must be 200 application/json", a.status, a.contentType())
		return
	}
	p.sameBytes(a)
	inPACC(a.body, p.finds(a))
	var doc paccDocument
	if json.Unmarshal(a.body, &doc) == nil {
		p.paccInZone(a, doc)
	}
}

func inPACC(content []byte, found func(string, ...any)) {
	var doc paccDocument
	if err := json.Unmarshal(content, &doc); err != nil {
		found("the document cannot be read: %v", err)
		return
	}
	paccProtocols(doc, found)
	if name := doc.Info.Provider.Name; name == "" || utf8.RuneCountInString(name) > 60 || utf8.RuneCountInString(doc.Info.Provider.ShortName) > 20 {
		found("the provider's name must have 1 to 60 characters, its shortName at most 20")
	}
	if doc.Authentication != nil && doc.Authentication.Password == nil {
		found("authentication has no member password")
	}
}

// expressible reports whether PACC could list a server of the config.
func (p *probe) expressible() bool {
	_, config, ok := p.knownConfig()
	return ok && slices.ContainsFunc(mailSections(config), func(s *element) bool {
		kind, _ := s.attr("type")
		return s.value("socketType") == "SSL" && s.value("username") == "%EMAILADDRESS%" &&
			s.value("port") == map[string]string{"imap": "993", "pop3": "995", "smtp": "465"}[kind]
	})
}

// sameBytes repeats the request in several ways, since DNS has one digest.
func (p *probe) sameBytes(first answer) {
	q := get(first.url)
	for _, again := range []request{
		q,
		q.with("Accept-Encoding", "gzip"),
		q.with("Accept-Encoding", "identity"),
		q.with("Accept-Language", "de"),
		q.with("User-Agent", "Mozilla/5.0"),
		q.with("Accept", "*/*"),
	} {
		a, ok := p.ask(again)
		if !ok {
			continue
		}
		if encoding := a.header.Get("Content-Encoding"); encoding != "" && encoding != "gzip" && encoding != "identity" {
			p.find(a.request, "the body is encoded as %s, which was not requested", quoted(encoding))
		} else if !bytes.Equal(a.body, first.body) {
			p.find(a.request, "the body differs with the header %v; it must match the digest in DNS", again.header)
		}
	}
}

func paccProtocols(doc paccDocument, found func(string, ...any)) {
	if len(doc.Protocols) == 0 {
		found("there are no protocols")
	}
	if _, there := doc.Protocols["submit"]; !there {
		found("there is no submit, which replaced smtp in draft 03")
	}
	for name, service := range doc.Protocols {
		switch name {
		case "imap", "pop3", "submit", "smtp":
			host, _ := service["host"].(string)
			if !isHostName(host) || len(service) != 1 {
				found("%s is %v; it must have only a host, which means implicit TLS on the registered port", name, service)
			}
		case "managesieve":
			found("managesieve is listed, which has no port for implicit TLS")
		case "jmap", "caldav", "carddav", "webdav":
			paccURL(name, service, found)
		}
	}
}

func paccURL(name string, service map[string]any, found func(string, ...any)) {
	location, _ := service["url"].(string)
	u, err := url.Parse(location)
	switch {
	case err != nil || u.Scheme != "https" || !isHostName(u.Hostname()) || u.User != nil:
		found("the url of %s is %s; it must be https", name, quoted(location))
	case u.Port() != "":
		found("the url of %s has a port; it must be omitted, which means 443", name)
	case name != "jmap" && u.Path == "":
		found("the url of %s is a bare origin; it must have the context path", name)
	}
}

// paccInZone requires a TXT record with the digest of the body, and SRV records for
// implicit TLS on the listed hosts.
func (p *probe) paccInZone(a answer, doc paccDocument) {
	if !p.needs(p.target.Zone, "the zone, for the digest and for which servers offer implicit TLS") {
		return
	}
	z, err := readZone(p.target.Zone, p.target.Domain)
	if err != nil {
		p.note(Finding{Text: err.Error()})
		return
	}
	sum := sha256.Sum256(a.body)
	digest := base64.StdEncoding.EncodeToString(sum[:])
	texts := z.texts("_ua-auto-config." + p.target.Domain)
	if !slices.ContainsFunc(texts, func(text string) bool { return paccDigest(text) == digest }) {
		p.find(a.request, "the digest is %s; the TXT records at _ua-auto-config.%s are %q", digest, p.target.Domain, texts)
	}
	for _, tls := range []struct {
		member, record string
		port           uint16
	}{{"imap", "_imaps", 993}, {"pop3", "_pop3s", 995}, {"submit", "_submissions", 465}} {
		service, listed := doc.Protocols[tls.member]
		host, _ := service["host"].(string)
		if listed && !z.points(tls.record+"._tcp", host, tls.port) {
			p.find(a.request, "%s is at %s, but the zone has no record %s._tcp for port %d there", tls.member, quoted(host), tls.record, tls.port)
		}
	}
}

// paccDigest returns the digest in a TXT record; "" when the record is not a valid
// PACC record.
func paccDigest(text string) string {
	tags := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if _, twice := tags[name]; twice && (name == "v" || name == "a" || name == "d") {
			return ""
		}
		tags[name] = strings.TrimSpace(value)
	}
	if tags["v"] != "UAAC1" || tags["a"] != "sha256" {
		return ""
	}
	return tags["d"]
}
