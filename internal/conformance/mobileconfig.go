package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig/schema"
	"github.com/waymark-mail/waymark/internal/sign"
)

const (
	profileType    = "application/x-apple-aspen-config"
	mailPayload    = "com.apple.mail.managed"
	calDAVPayload  = "com.apple.caldav.account"
	cardDAVPayload = "com.apple.carddav.account"
)

func mobileconfigChecks() []Check {
	return []Check{
		check(35, "a profile has exactly Apple's content type, follows Apple's schema and has no password", (*probe).profileSchema).reads(Profile, inContent(inSchema)),
		check(36, "identifiers and UUIDs are the same for each download and host name, and unique for each mailbox and payload", (*probe).profileIdentity),
		check(37, "a profile enables encryption, has both user names and asks for one password, and its DAV host names are bare", (*probe).profileAccounts).reads(Profile, inContent(accountsOf)),
		check(38, "the profile is signed with SHA-256, contains its content and verifies with only the root certificate", (*probe).profileSignature),
	}
}

// profileURL returns where the profile of an address is.
func (p *probe) profileURL(host, address string) string {
	return p.at(host, p.profilePath(address))
}

func (p *probe) profilePath(address string) string {
	return strings.ReplaceAll(p.target.Profile, "{address}", url.QueryEscape(address))
}

// unsigned returns the property list of a profile, without its signature.
func (p *probe) unsigned(a answer) ([]byte, error) {
	if a.status != http.StatusOK || a.mediaType() != profileType {
		return nil, errors.New("not a profile")
	}
	if bytes.HasPrefix(a.body, []byte("<?xml")) {
		return a.body, nil
	}
	report, err := sign.Verify(a.body, p.target.Roots, time.Now())
	return report.Content, err
}

// profile requests a profile and reports whether it could be read.
func (p *probe) profile(url string) (answer, map[string]any, bool) {
	a, content, ok := p.propertyList(url)
	if !ok {
		return a, nil, false
	}
	profile, err := schema.Read(content)
	if err != nil {
		p.find(a.request, "the profile is not a property list: %v", err)
		return a, nil, false
	}
	return a, profile, true
}

func (p *probe) propertyList(url string) (answer, []byte, bool) {
	a, ok := p.ask(get(url))
	if !ok {
		return a, nil, false
	}
	if a.status != http.StatusOK || a.contentType() != profileType {
		p.find(a.request, "the answer is %d %q; Safari opens the installer for 200 and exactly %s", a.status, a.contentType(), profileType)
		if a.status != http.StatusOK {
			return a, nil, false
		}
	}
	if bytes.HasPrefix(a.body, []byte("<?xml")) {
		return a, a.body, true
	}
	report, err := sign.Verify(a.body, p.target.Roots, time.Now())
	if err != nil {
		p.find(a.request, "the profile cannot be read: %v", err)
		return a, nil, false
	}
	return a, report.Content, true
}

// knownProfile requests the profile of the known mailbox.
func (p *probe) knownProfile() (answer, map[string]any, bool) {
	return p.profile(p.profileURL(autoconfigHost(p.target.Domain), p.target.Known))
}

// payloadsOf returns the payloads of a type, or all of them for "".
func payloadsOf(profile map[string]any, payloadType string) []map[string]any {
	var found []map[string]any
	content, _ := profile["PayloadContent"].([]any)
	for _, item := range content {
		if payload, ok := item.(map[string]any); ok && (payloadType == "" || payload["PayloadType"] == payloadType) {
			found = append(found, payload)
		}
	}
	return found
}

func (p *probe) profileSchema() {
	a, content, ok := p.propertyList(p.profileURL(autoconfigHost(p.target.Domain), p.target.Known))
	if !ok {
		return
	}
	if got := a.header.Get("Content-Disposition"); !safeFileName().MatchString(got) {
		p.find(a.request, "Content-Disposition is %s; it must be an attachment whose name ends in .mobileconfig", quoted(got))
	}
	inSchema(content, p.finds(a))
}

func inSchema(content []byte, found func(string, ...any)) {
	if err := schema.Check(content); err != nil {
		for problem := range strings.SplitSeq(err.Error(), "\n") {
			found("%s", problem)
		}
	}
}

// identities returns the identifiers and UUIDs of a profile and its payloads, by
// their place.
func identities(profile map[string]any) map[string]string {
	all := map[string]string{}
	add := func(where string, d map[string]any) {
		for _, key := range []string{"PayloadIdentifier", "PayloadUUID"} {
			id, _ := d[key].(string)
			all[key+" of "+where] = id
		}
	}
	add("the profile", profile)
	for i, payload := range payloadsOf(profile, "") {
		add(fmt.Sprintf("payload %d", i+1), payload)
	}
	return all
}

var uuidForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
})

func (p *probe) profileIdentity() {
	a, profile, ok := p.knownProfile()
	if !ok {
		return
	}
	known := identities(profile)
	where := map[string]string{}
	for place, id := range known {
		if other, twice := where[id]; twice {
			p.find(a.request, "%s is the same as %s; devices then confuse the two", place, other)
		}
		where[id] = place
		if strings.HasPrefix(place, "PayloadUUID") && !uuidForm().MatchString(id) {
			p.find(a.request, "%s is %s, which is not a UUID", place, quoted(id))
		}
	}
	d := p.target.Domain
	urls := []string{a.url, p.profileURL(d, p.target.Known), p.profileURL(autodiscoverHost(d), p.target.Known)}
	if p.target.HTTPS != "" && p.target.HTTP != "" {
		urls = append(urls, over("http", d, p.profilePath(p.target.Known)))
	}
	for _, url := range urls {
		again, profile, ok := p.profile(url)
		if !ok {
			continue
		}
		for place, id := range identities(profile) {
			if id != known[place] {
				p.find(again.request, "%s differs from %s; the device creates a second account", place, a.url)
			}
		}
	}
	other, profile, ok := p.profile(p.profileURL(autoconfigHost(d), p.target.Unknown))
	if !ok {
		return
	}
	for place, id := range identities(profile) {
		if shared, taken := where[id]; taken {
			p.find(other.request, "%s is the same as %s of another mailbox; one account replaces the other", place, shared)
		}
	}
}

func (p *probe) profileAccounts() {
	a, content, ok := p.propertyList(p.profileURL(autoconfigHost(p.target.Domain), p.target.Known))
	if ok {
		accountsOf(content, p.finds(a))
	}
}

func accountsOf(content []byte, found func(string, ...any)) {
	profile, err := schema.Read(content)
	if err != nil {
		found("the profile is not a property list: %v", err)
		return
	}
	accounts := payloadsOf(profile, mailPayload)
	if len(accounts) == 0 {
		found("there is no payload of the type %s", mailPayload)
	}
	for _, m := range accounts {
		mailServer(m, "Incoming", found)
		mailServer(m, "Outgoing", found)
		if m["OutgoingPasswordSameAsIncomingPassword"] != true {
			found("OutgoingPasswordSameAsIncomingPassword is not true; the device asks for the password twice")
		}
	}
	for kind, prefix := range map[string]string{calDAVPayload: "CalDAV", cardDAVPayload: "CardDAV"} {
		for _, d := range payloadsOf(profile, kind) {
			davAccount(d, prefix, found)
		}
	}
}

// mailServer checks one side of a mail account. There is no key for STARTTLS: with
// UseSSL a device uses implicit TLS, or negotiates on a STARTTLS port.
func mailServer(m map[string]any, side string, found func(string, ...any)) {
	if port, _ := m[side+"MailServerPortNumber"].(uint64); port < 1 || port > 65535 {
		found("%sMailServerPortNumber is %v: without a port the device tries plaintext ports first", side, m[side+"MailServerPortNumber"])
	}
	if m[side+"MailServerUseSSL"] != true {
		found("%sMailServerUseSSL is not true: the password is sent in plaintext", side)
	}
	if name, _ := m[side+"MailServerUsername"].(string); name == "" {
		found("%sMailServerUsername is missing: the device asks for it", side)
	}
}

func davAccount(d map[string]any, prefix string, found func(string, ...any)) {
	if host, _ := d[prefix+"HostName"].(string); !isHostName(host) {
		found("%sHostName is %s; it must be a bare host name", prefix, quoted(host))
	}
	if tls, said := d[prefix+"UseSSL"]; said && tls != true {
		found("%sUseSSL is not true: iOS then sends no password", prefix)
	}
	if principal, said := d[prefix+"PrincipalURL"].(string); said {
		if u, err := url.Parse(principal); err != nil || u.User != nil {
			found("%sPrincipalURL %s is not a URL without credentials", prefix, quoted(principal))
		}
	}
}

func (p *probe) profileSignature() {
	q := get(p.profileURL(autoconfigHost(p.target.Domain), p.target.Known))
	a, ok := p.ask(q)
	if !ok {
		return
	}
	if a.status != http.StatusOK {
		p.find(q, "the status is %d; there is no profile", a.status)
		return
	}
	report, err := sign.Verify(a.body, p.target.Roots, time.Now())
	switch {
	case err != nil:
		p.find(q, "the profile cannot be verified: %v", err)
	case len(report.Content) == 0:
		p.find(q, "the signature does not contain the content")
	case report.Trusted != nil:
		p.find(q, "devices show Not Verified: %v; it has the certificates %s", report.Trusted, strings.Join(report.Chain, ", issued by "))
	}
}
