package conformance

import (
	"bytes"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// privacyChecks are about what an answer reveals, and what it makes people reveal.
func privacyChecks() []Check {
	return []Check{
		check(7, "an unknown mailbox gets the same answer as a known one, equally fast, in every dialect", (*probe).noEnumeration),
		check(8, "no URL asks for authentication, and credentials change no answer", (*probe).noAuthentication),
	}
}

// question is a request about a mailbox, in some dialect.
type question struct {
	dialect string
	about   func(address string) request
}

// questions returns one request for each dialect whose request has the address.
func (p *probe) questions() []question {
	d := p.target.Domain
	all := []question{
		{"autoconfig", func(a string) request { return get(p.at(autoconfigHost(d), configPath+forAddress(a))) }},
		{"Autodiscover", func(a string) request {
			return post(p.at(autodiscoverHost(d), poxPath), poxType, outlookRequest(a))
		}},
		{"profile", func(a string) request { return get(p.profileURL(autoconfigHost(d), a)) }},
	}
	if !p.target.NoJSON {
		all = append(all, question{"Autodiscover in JSON", func(a string) request {
			return get(p.at(autodiscoverHost(d), jsonPath+"?Email="+url.QueryEscape(a)+"&Protocol=AutodiscoverV1"))
		}})
	}
	return all
}

func (p *probe) noEnumeration() {
	for _, q := range p.questions() {
		known, ok := p.ask(q.about(p.target.Known))
		if !ok {
			continue
		}
		unknown, ok := p.ask(q.about(p.target.Unknown))
		if !ok {
			continue
		}
		if known.status != http.StatusOK {
			p.find(known.request, "the status is %d for the known mailbox", known.status)
		}
		if unknown.status != known.status || unknown.contentType() != known.contentType() {
			p.find(unknown.request, "the answer is %d %s; for a known mailbox it is %d %s", unknown.status, unknown.contentType(), known.status, known.contentType())
		}
		if a, b := fieldNames(known), fieldNames(unknown); !slices.Equal(a, b) {
			p.find(unknown.request, "the header has the fields %v; for a known mailbox it has %v", b, a)
		}
		if !bytes.Equal(p.asIfKnown(unknown), derived().ReplaceAll(p.content(known), nil)) {
			p.find(unknown.request, "the body differs from that for a known mailbox by more than the address")
		}
		p.sameTime(q)
	}
}

// fieldNames returns the names of the header fields, except those about the
// connection or this one request.
func fieldNames(a answer) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(a.header)), func(name string) bool {
		return name == "Date" || name == "X-Request-Id" || name == "Connection"
	})
}

// derived matches identifiers that may be derived from an address.
var derived = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32,}`)
})

// asIfKnown returns the content for the unknown mailbox with the known one in its
// place, and without derived identifiers.
func (p *probe) asIfKnown(a answer) []byte {
	known, _, _ := strings.Cut(p.target.Known, "@")
	unknown, _, _ := strings.Cut(p.target.Unknown, "@")
	return derived().ReplaceAll(bytes.ReplaceAll(p.content(a), []byte(unknown), []byte(known)), nil)
}

// stamps matches the time stamps of an error document.
var stamps = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(` (Time|Id)="[^"]*"`)
})

// content returns a body without its signature, which has the time, and without
// the time of an error document.
func (p *probe) content(a answer) []byte {
	if content, err := p.unsigned(a); err == nil {
		return content
	}
	return stamps().ReplaceAll(a.body, nil)
}

// sameTime compares the fastest of several answers for each mailbox. A busy machine
// slows some of them down, a look-up of the mailbox all of them.
func (p *probe) sameTime(q question) {
	const times, tolerance = 10, 20 * time.Millisecond
	known, unknown := patience, patience
	for range times {
		a, err := p.send(q.about(p.target.Known))
		b, otherErr := p.send(q.about(p.target.Unknown))
		if err != nil || otherErr != nil {
			return // reported already
		}
		known, unknown = min(known, a.took), min(unknown, b.took)
	}
	if quick, slow := min(known, unknown), max(known, unknown); slow > 2*quick+tolerance {
		p.find(q.about(p.target.Unknown), "the fastest of %d answers took %v, and %v for a known mailbox; the difference reveals which mailboxes exist", times, unknown, known)
	}
}

func (p *probe) noAuthentication() {
	d := p.target.Domain
	var all []request
	for _, q := range p.questions() {
		all = append(all, q.about(p.target.Known))
	}
	all = append(all,
		get(p.at(d, wellKnownPath)),
		get(p.at(autoconfigHost(d), gnomePath)),
		post(p.at(d, poxPath), poxType, outlookRequest(p.target.Known)),
		post(p.at(d, poxPath), poxType, ""),
		get(p.at(autodiscoverHost(d), poxPath)),
		get(p.at(autodiscoverHost(d), jsonPath+"?Email="+p.target.Known+"&Protocol=ActiveSync")),
		get(p.at(paccHost(d), paccPath)),
		get(p.at(d, "/.well-known/caldav")),
		get(p.at(d, "/.well-known/carddav")),
		get(p.at(d, "/.well-known/jmap")),
		get(p.at(d, "/")),
		get(p.at(d, "/nothing-is-here")),
	)
	const secret = "Secret4711"
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.target.Known+":"+secret))
	for _, q := range all {
		without, ok := p.ask(q)
		if !ok {
			continue
		}
		p.asksForNoPassword(without)
		for _, value := range []string{basic, "Bearer " + secret} {
			kind, credentials, _ := strings.Cut(value, " ")
			a, ok := p.ask(q.with("Authorization", value))
			if !ok {
				continue
			}
			p.asksForNoPassword(a)
			if a.status != without.status || !bytes.Equal(p.content(a), p.content(without)) {
				p.find(q, "the answer differs with %s credentials; it must not depend on them", kind)
			}
			if bytes.Contains(a.body, []byte(secret)) || bytes.Contains(a.body, []byte(credentials)) {
				p.find(q, "the answer echoes the credentials")
			}
		}
		for _, method := range []string{http.MethodHead, http.MethodPost, http.MethodPut, http.MethodOptions, "PROPFIND"} {
			if a, ok := p.ask(q.by(method)); ok {
				p.asksForNoPassword(a)
			}
		}
	}
}

func (p *probe) asksForNoPassword(a answer) {
	if a.status == http.StatusUnauthorized || a.status == http.StatusProxyAuthRequired || a.header.Get("WWW-Authenticate") != "" {
		p.find(a.request, "the answer is %d with WWW-Authenticate %q; clients then ask for the password over and over", a.status, a.header.Get("WWW-Authenticate"))
	}
}
