package conformance

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig/schema"
)

func escapingChecks() []Check {
	return []Check{
		check(34, "client input is escaped in XML, JSON, property lists and header fields", (*probe).escaping),
	}
}

func (p *probe) escaping() {
	odd := "o'neil&sons@" + p.target.Domain // every character is allowed in an address
	p.escapedInXML(odd)
	p.escapedInProfile(odd)
	p.escapedInJSON()
	p.escapedInHeader()
}

func (p *probe) escapedInXML(odd string) {
	at := p.at(autodiscoverHost(p.target.Domain), poxPath)
	if a, account, ok := p.poxAnswer(post(at, poxType, outlookRequest(odd))); ok {
		for _, b := range mailBlocks(account) {
			if got, want := b.value("LoginName"), p.target.login(odd); got != want {
				p.find(a.request, "LoginName is %s for an address with an apostrophe and an ampersand; it must be %s", quoted(got), quoted(want))
			}
		}
	}
	for _, hostile := range []string{`"<b>x</b>"@` + p.target.Domain, `]]><b>x</b>@` + p.target.Domain} {
		a, ok := p.ask(post(at, poxType, outlookRequest(hostile)))
		if !ok {
			continue
		}
		root, ok := p.document(a, "Autodiscover")
		if !ok {
			continue
		}
		root.each(func(e *element) {
			if e.is("b") {
				p.find(a.request, "markup in the address became markup in the answer")
			}
		})
	}
}

var safeFileName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^attachment; *filename="?[A-Za-z0-9][A-Za-z0-9._-]*\.mobileconfig"?$`)
})

func (p *probe) escapedInProfile(odd string) {
	a, ok := p.ask(get(p.profileURL(autoconfigHost(p.target.Domain), odd)))
	if !ok {
		return
	}
	content, err := p.unsigned(a)
	if a.status != http.StatusOK || err != nil {
		p.find(a.request, "there is no profile for an address with an apostrophe and an ampersand: the status is %d", a.status)
		return
	}
	profile, err := schema.Read(content)
	if err != nil {
		p.find(a.request, "the profile is not a property list: %v", err)
		return
	}
	for _, m := range payloadsOf(profile, mailPayload) {
		if m["EmailAddress"] != odd {
			p.find(a.request, "EmailAddress is %q; it must be %s", m["EmailAddress"], quoted(odd))
		}
	}
	if got := a.header.Get("Content-Disposition"); !safeFileName().MatchString(got) {
		p.find(a.request, "Content-Disposition is %s; the file name must be plain ASCII and end in .mobileconfig", quoted(got))
	}
}

func (p *probe) escapedInJSON() {
	if p.target.NoJSON {
		return
	}
	for _, protocol := range []string{`"},{"x":"`, `<script>alert(1)</script>&`, "\r\nX-Conformance: 1", "\\", "\x00"} {
		query := "?Email=" + url.QueryEscape(p.target.Known) + "&Protocol=" + url.QueryEscape(protocol)
		a, ok := p.ask(get(p.at(autodiscoverHost(p.target.Domain), jsonPath+query)))
		if !ok {
			continue
		}
		if a.mediaType() != "application/json" || !json.Valid(a.body) {
			p.find(a.request, "the answer is %s and not valid JSON", a.contentType())
		}
		p.noOtherField(a)
	}
}

// escapedInHeader sends text that would begin another header field.
func (p *probe) escapedInHeader() {
	d := p.target.Domain
	hostile := "x%0d%0aX-Conformance:%201@" + d
	for _, url := range []string{
		p.at(autoconfigHost(d), configPath+"?emailaddress="+hostile),
		p.at(autodiscoverHost(d), jsonPath+"?Protocol=AutodiscoverV1&Email="+hostile),
		p.at(autodiscoverHost(d), jsonPath+"/v1.0/"+hostile+"?Protocol=AutodiscoverV1"),
		p.at(autoconfigHost(d), strings.ReplaceAll(p.target.Profile, "{address}", hostile)),
		p.at(d, "/.well-known/caldav?"+hostile),
	} {
		a, ok := p.ask(get(url))
		if !ok {
			continue
		}
		p.noOtherField(a)
		if a.status == http.StatusOK && bytes.Contains(a.body, []byte("\r\nX-Conformance")) {
			p.find(a.request, "the answer has a line break from the address")
		}
	}
}

func (p *probe) noOtherField(a answer) {
	if _, ok := a.header["X-Conformance"]; ok {
		p.find(a.request, "the input became a header field")
	}
}
