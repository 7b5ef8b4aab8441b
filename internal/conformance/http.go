package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// httpChecks are about HTTP itself, in every dialect.
func httpChecks() []Check {
	return []Check{
		check(19, "HEAD returns the header of GET, and other methods get 405 with Allow", (*probe).methods),
		check(20, "99 of 100 answers take less than a second, and every answer less than five", (*probe).speed),
	}
}

func (p *probe) methods() {
	d := p.target.Domain
	query := forAddress(p.target.Known)
	for _, endpoint := range []struct {
		url     string
		signed  bool     // the length differs from one signature to the next
		refused []string // methods
		allowed string
	}{
		{p.at(autoconfigHost(d), configPath+query), false, []string{http.MethodPost, http.MethodPut, http.MethodDelete}, http.MethodGet},
		{p.at(d, wellKnownPath), false, []string{http.MethodPost, http.MethodPut, http.MethodDelete}, http.MethodGet},
		{p.at(paccHost(d), paccPath), false, []string{http.MethodPost, http.MethodPut, http.MethodDelete}, http.MethodGet},
		{p.profileURL(autoconfigHost(d), p.target.Known), true, []string{http.MethodPut, http.MethodDelete}, http.MethodGet},
		{p.at(autodiscoverHost(d), poxPath), false, []string{http.MethodPut, http.MethodDelete}, http.MethodPost},
	} {
		p.headIsGet(endpoint.url, endpoint.signed)
		for _, method := range endpoint.refused {
			p.refuses(request{method: method, url: endpoint.url}, endpoint.allowed)
		}
	}
}

func (p *probe) headIsGet(url string, signed bool) {
	whole, ok := p.ask(get(url))
	if !ok {
		return
	}
	head, ok := p.ask(get(url).by(http.MethodHead))
	if !ok {
		return
	}
	if head.status != whole.status || head.contentType() != whole.contentType() {
		p.find(head.request, "the answer is %d %s; GET returns %d %s", head.status, head.contentType(), whole.status, whole.contentType())
	}
	fields := []string{"Etag", "Location", "Allow"}
	if !signed && head.header.Get("Content-Length") != "" { // which HEAD may omit (RFC 9110 section 8.6)
		fields = append(fields, "Content-Length")
	}
	for _, name := range fields {
		if got, want := head.header.Get(name), whole.header.Get(name); got != want {
			p.find(head.request, "%s is %q; GET returns %q", name, got, want)
		}
	}
}

// refuses requires 405 for a method, and another method in Allow.
func (p *probe) refuses(q request, allowed string) {
	a, ok := p.ask(q)
	if !ok {
		return
	}
	if a.status != http.StatusMethodNotAllowed {
		p.find(a.request, "the status is %d; it must be 405", a.status)
	}
	methods := listed(a.header.Values("Allow"))
	if !slices.Contains(methods, allowed) || slices.Contains(methods, a.method) {
		p.find(a.request, "Allow is %q; it must name %s and not %s", a.header.Values("Allow"), allowed, a.method)
	}
}

// listed returns the members of a list in a header field.
func listed(values []string) []string {
	var members []string
	for _, line := range values {
		for member := range strings.SplitSeq(line, ",") {
			members = append(members, strings.TrimSpace(member))
		}
	}
	return members
}

const (
	slow    = time.Second
	tooSlow = 5 * time.Second // Thunderbird gives up
)

// speed requests every endpoint several times. An answer that is too slow for a
// client is a finding. Two slow answers in a hundred are a finding only when it
// happens twice in a row, because a busy machine may be slow for a moment.
func (p *probe) speed() {
	endpoints := p.endpoints()
	for attempt := range 2 {
		late, worst := p.timed(endpoints)
		if len(late) < 2 {
			return
		}
		if attempt == 1 {
			p.find(worst.request, "more than one answer in a hundred took longer than %v; the slowest took %v", slow, worst.took.Round(time.Millisecond))
		}
	}
}

// timed sends about a hundred requests and returns the slow answers and the slowest
// one. It stops at the second slow answer.
func (p *probe) timed(endpoints []request) (late []answer, worst answer) {
	rounds := 100/len(endpoints) + 1
	for range rounds {
		for _, q := range endpoints {
			a, ok := p.ask(q)
			if !ok {
				return nil, a
			}
			if a.took > tooSlow {
				p.find(a.request, "the answer took %v; Thunderbird gives up after %v", a.took.Round(time.Millisecond), tooSlow)
			}
			if a.took > slow {
				late = append(late, a)
			}
			if a.took > worst.took {
				worst = a
			}
			if len(late) == 2 {
				return late, worst
			}
		}
	}
	return late, worst
}

// endpoints returns a request for every URL that a client waits for.
func (p *probe) endpoints() []request {
	d := p.target.Domain
	all := []request{
		get(p.at(d, wellKnownPath)),
		post(p.at(d, poxPath), poxType, outlookRequest(p.target.Known)),
		get(p.at(autodiscoverHost(d), poxPath)),
		get(p.at(paccHost(d), paccPath)),
		get(p.at(d, "/.well-known/caldav")),
	}
	for _, q := range p.questions() {
		all = append(all, q.about(p.target.Known))
	}
	if p.target.HTTPS != "" && p.target.HTTP != "" {
		all = append(all,
			get(over("http", autoconfigHost(d), configPath+"?emailaddress="+url.QueryEscape(p.target.Known))),
			get(over("http", autodiscoverHost(d), poxPath)))
	}
	return all
}
