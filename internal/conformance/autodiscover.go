package conformance

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	poxPath = "/autodiscover/autodiscover.xml"
	poxType = "text/xml; charset=utf-8"

	// On the wire the names begin with http; Microsoft's pages print https.
	rootNamespace       = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
	outlookNamespace    = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
	mobileSyncNamespace = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
)

// autodiscoverChecks are about the request, not about the settings in the answer.
func autodiscoverChecks() []Check {
	return []Check{
		check(21, "Autodiscover answers a POST with status 200 and XML in Microsoft's two namespaces", (*probe).poxIsThere),
		check(22, "the path of Autodiscover is accepted in any case", (*probe).poxPaths),
		check(23, "the Autodiscover request is accepted with any content type", (*probe).poxContentTypes),
		check(28, "a malformed Autodiscover request gets status 200 with a complete error 600", (*probe).poxMalformed),
		check(29, "the mobilesync schema and unknown schemas get status 200 with error 601", (*probe).poxSchemas),
		check(30, "an address of an unknown domain gets error 500, and never another domain's settings", (*probe).poxUnserved),
		check(31, "large, deeply nested and expanding requests get error 600 or status 413, and no external entity is fetched", (*probe).poxBombs),
		check(32, "GET over https gets 405 with Allow: POST, and GET over http a 302 to https", (*probe).poxGet),
	}
}

func autodiscoverHost(domain string) string { return "autodiscover." + domain }

// poxRequest is the request for Outlook's form of answer (MS-OXDSCLI section
// 2.2.3).
type poxRequest struct {
	XMLName xml.Name `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006 Autodiscover"`
	Address string   `xml:"Request>EMailAddress"`
	Schema  string   `xml:"Request>AcceptableResponseSchema"`
}

// outlookRequest is what Outlook posts.
func outlookRequest(address string) string { return poxBody(address, outlookNamespace) }

func poxBody(address, schema string) string {
	body, err := xml.Marshal(poxRequest{Address: address, Schema: schema})
	if err != nil { // which two strings never cause
		return ""
	}
	return xml.Header + string(body)
}

// outlookAnswer requests the settings of the known mailbox and reports whether
// there were any.
func (p *probe) outlookAnswer() (answer, *element, bool) {
	return p.poxAnswer(post(p.at(autodiscoverHost(p.target.Domain), poxPath), poxType, outlookRequest(p.target.Known)))
}

// poxAnswer requires settings, and returns their Account.
func (p *probe) poxAnswer(q request) (answer, *element, bool) {
	a, ok := p.ask(q)
	if !ok {
		return a, nil, false
	}
	root, ok := p.document(a, "Autodiscover")
	if !ok {
		return a, nil, false
	}
	account := root.first("Response", "Account")
	if account == nil {
		p.find(a.request, noSettings)
	}
	return a, account, account != nil
}

const noSettings = "the answer has no settings: there is no Response with an Account"

func (p *probe) poxIsThere() {
	d := p.target.Domain
	for _, host := range []string{d, autodiscoverHost(d)} {
		a, ok := p.ask(post(p.at(host, poxPath), poxType, outlookRequest(p.target.Known)))
		if !ok {
			continue
		}
		root, ok := p.document(a, "Autodiscover")
		if !ok {
			continue
		}
		if t := a.mediaType(); t != "text/xml" && t != "application/xml" {
			p.find(a.request, "the content type is %q; it must be text/xml or application/xml", a.contentType())
		}
		p.inUTF8(a)
		if root.name.Space != rootNamespace {
			p.find(a.request, "Autodiscover is in the namespace %q; it must be %s", root.name.Space, rootNamespace)
		}
		response := root.first("Response")
		switch {
		case response.first("Account") == nil:
			p.find(a.request, noSettings)
		case response.name.Space != outlookNamespace:
			p.find(a.request, "Response is in the namespace %q; it must be %s", response.name.Space, outlookNamespace)
		}
	}
}

func (p *probe) poxPaths() {
	for _, path := range []string{
		"/Autodiscover/Autodiscover.xml", // Outlook, iOS
		"/AutoDiscover/AutoDiscover.xml", // Gmail
		"/AUTODISCOVER/AUTODISCOVER.XML",
		"/autodiscover/Autodiscover.xml",
	} {
		p.sameSettings(path, poxType)
	}
}

func (p *probe) poxContentTypes() {
	for _, contentType := range []string{
		"text/xml",
		"application/xml",
		"application/xml; charset=utf-8",
		"application/x-www-form-urlencoded", // FairEmail
		"",
	} {
		p.sameSettings(poxPath, contentType)
	}
}

// sameSettings requires the answer that Outlook gets.
func (p *probe) sameSettings(path, contentType string) {
	usual, _, ok := p.outlookAnswer()
	if !ok {
		return
	}
	q := post(p.at(autodiscoverHost(p.target.Domain), path), contentType, outlookRequest(p.target.Known))
	if a, _, ok := p.poxAnswer(q); ok && !bytes.Equal(a.body, usual.body) {
		p.find(q, "the answer differs from that of %s as %s", usual.url, poxType)
	}
}

// errorOf returns the Error of an answer; nil when it has none.
func errorOf(root *element) *element { return root.first("Response", "Error") }

// wantError requires an error document with one of the codes, complete.
func (p *probe) wantError(a answer, codes string) {
	root, ok := p.document(a, "Autodiscover")
	if !ok {
		return
	}
	e := errorOf(root)
	if e == nil {
		p.find(a.request, "there is no Error in the answer; it must have the code %s", codes)
		return
	}
	if got := e.value("ErrorCode"); got != codes {
		p.find(a.request, "the ErrorCode is %s; it must be %s", quoted(got), codes)
	}
}

var errorTime = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{7}$`)
})

// completeError checks an error document for every part that MS-OXDSCLI section
// 2.2.4.1.1.3 requires.
func (p *probe) completeError(a answer) {
	p.wantError(a, "600")
	root, err := parseXML(a.body)
	if err != nil || errorOf(root) == nil {
		return // reported already
	}
	e := errorOf(root)
	for _, part := range []*element{root, root.first("Response")} {
		if part.name.Space != rootNamespace {
			p.find(a.request, "%s of an error is in the namespace %q; it must be %s", part.name.Local, part.name.Space, rootNamespace)
		}
	}
	if at, _ := e.attr("Time"); !errorTime().MatchString(at) {
		p.find(a.request, "the Time is %s; it must be as in 15:04:05.1234567", quoted(at))
	}
	id, _ := e.attr("Id")
	if _, err := strconv.ParseUint(id, 10, 64); err != nil {
		p.find(a.request, "the Id is %s; it must be an unsigned integer", quoted(id))
	}
	for _, name := range []string{"ErrorCode", "Message", "DebugData"} {
		if len(e.all(name)) != 1 {
			p.find(a.request, "the error has %d elements %s; it must have one", len(e.all(name)), name)
		}
	}
}

func (p *probe) poxMalformed() {
	whole := outlookRequest(p.target.Known)
	for _, body := range []string{
		"",
		"hello",
		"<",
		whole[:len(whole)-20],
		strings.Replace(whole, p.target.Known, "a&b@"+p.target.Domain, 1), // Thunderbird does not escape the address
		"<html><body/></html>",
		strings.ReplaceAll(whole, "Autodiscover", "Autodetect"),
	} {
		a, ok := p.ask(post(p.at(autodiscoverHost(p.target.Domain), poxPath), poxType, body))
		if ok {
			p.completeError(a)
		}
	}
}

func (p *probe) poxSchemas() {
	schemas := []string{"http://schemas.example.com/unknown/2030"}
	if !p.target.ActiveSync {
		schemas = append(schemas, mobileSyncNamespace)
	}
	for _, schema := range schemas {
		a, ok := p.ask(post(p.at(autodiscoverHost(p.target.Domain), poxPath), "text/xml", poxBody(p.target.Known, schema)))
		if ok {
			p.wantError(a, "601")
		}
	}
}

func (p *probe) poxUnserved() {
	u := p.target.Unserved
	if !p.needs(u, unserved) {
		return
	}
	d := p.target.Domain
	for _, host := range []string{autodiscoverHost(d), d, autodiscoverHost(u), u} {
		a, ok := p.ask(post(p.at(host, poxPath), poxType, outlookRequest("anna@"+u)))
		foreign := host == u || host == autodiscoverHost(u)
		if ok && (a.status != http.StatusNotFound || !foreign) {
			p.wantError(a, "500")
		}
	}
}

// poxBombs sends documents that exhaust careless parsers.
func (p *probe) poxBombs() {
	if _, _, ok := p.outlookAnswer(); !ok {
		return // a server without answers does not pass
	}
	var fetched atomic.Bool
	there, stop, err := fetches(p.ctx, &fetched)
	if err != nil {
		p.skip("cannot open the port that would notice a fetch: " + err.Error())
		return
	}
	defer stop()
	whole := outlookRequest(p.target.Known)
	_, rest, _ := strings.Cut(whole, "\n")
	address := strings.Replace(rest, p.target.Known, "&x;"+p.target.Known, 1)
	const lines = 10
	growing := `<!DOCTYPE a [<!ENTITY e0 "grown">`
	for i := range lines {
		n, before := strconv.Itoa(i+1), strconv.Itoa(i)
		growing += "<!ENTITY e" + n + ` "` + strings.Repeat("&e"+before+";", 10) + `">`
	}
	growing += `<!ENTITY x "&e10;">]>`
	for _, bomb := range []struct{ name, body string }{
		{"a DOCTYPE", `<!DOCTYPE Autodiscover>` + rest},
		{"an entity", `<!DOCTYPE a [<!ENTITY x "grown">]>` + address},
		{"entities that grow", growing + address},
		{"an entity from a file", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>` + address},
		{"an entity from a server", `<!DOCTYPE a [<!ENTITY x SYSTEM "http://` + there + `/x">]>` + address},
		{"a DTD from a server", `<!DOCTYPE a SYSTEM "http://` + there + `/x.dtd">` + rest},
		{"deep nesting", strings.Repeat("<a>", 10_000) + rest},
		{"deep nesting inside", strings.Replace(rest, "<Request>", "<Request>"+strings.Repeat("<a>", 5_000)+strings.Repeat("</a>", 5_000), 1)},
		{"a megabyte", rest + strings.Repeat(" ", 1<<20)},
	} {
		p.defused(bomb.name, bomb.body)
	}
	if fetched.Load() {
		p.find(post(p.at(autodiscoverHost(p.target.Domain), poxPath), poxType, ""), "an external entity was fetched")
	}
}

func (p *probe) defused(name, body string) {
	q := post(p.at(autodiscoverHost(p.target.Domain), poxPath), poxType, body)
	a, err := p.send(q)
	if err != nil {
		// A server may close the connection, but not keep it open.
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			p.find(q, "%s: no answer within %v", name, patience)
		}
		return
	}
	if a.took > tooSlow {
		p.find(q, "%s: the answer took %v", name, a.took)
	}
	if bytes.Contains(a.body, []byte("grown")) {
		p.find(q, "%s: an entity was expanded", name)
	}
	if a.status == http.StatusRequestEntityTooLarge {
		return
	}
	root, err := parseXML(a.body)
	if a.status != http.StatusOK || err != nil || errorOf(root) == nil || errorOf(root).value("ErrorCode") != "600" {
		p.find(q, "%s: the status is %d without error 600; it must be error 600 or status 413", name, a.status)
	}
}

// fetches opens a port and sets fetched when something connects to it. stop
// returns when every connection was seen.
func fetches(ctx context.Context, fetched *atomic.Bool) (address string, stop func(), err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			fetched.Store(true)
			_ = conn.Close()
		}
	}()
	return listener.Addr().String(), func() {
		_ = listener.Close()
		<-done
	}, nil
}

func (p *probe) poxGet() {
	d := p.target.Domain
	if p.needs(p.target.HTTPS, "the base URL for https") {
		for _, host := range []string{d, autodiscoverHost(d)} {
			q := get(over("https", host, poxPath))
			p.refuses(q, http.MethodPost)
		}
	}
	if !p.needs(p.target.HTTP, plainURL) {
		return
	}
	a, ok := p.ask(get(over("http", autodiscoverHost(d), poxPath)))
	if !ok {
		return
	}
	want := over("https", autodiscoverHost(d), poxPath)
	if got := a.header.Get("Location"); a.status != http.StatusFound || got != want {
		p.find(a.request, "the answer is %d to %q; it must be 302 to %s, which Outlook follows", a.status, got, want)
	}
}
