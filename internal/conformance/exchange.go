package conformance

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	maxAnswer = 1 << 20          // bytes; real answers have a few thousand
	patience  = 10 * time.Second // twice what Thunderbird waits
)

// request is what a client sends.
type request struct {
	method, url string
	header      http.Header
	body        string
}

// String names the request in a finding.
func (q request) String() string {
	text := q.method + " " + shortened(q.url)
	if q.method == http.MethodPost {
		text += " as " + cmp.Or(q.header.Get("Content-Type"), "nothing")
	}
	return text
}

func get(url string) request { return request{method: http.MethodGet, url: url} }

func post(url, contentType, body string) request {
	q := request{method: http.MethodPost, url: url, body: body, header: http.Header{}}
	if contentType != "" {
		q.header.Set("Content-Type", contentType)
	}
	return q
}

// with returns the request with one more header field.
func (q request) with(name, value string) request {
	q.header = q.header.Clone()
	if q.header == nil {
		q.header = http.Header{}
	}
	q.header.Set(name, value)
	return q
}

// by returns the request with another method.
func (q request) by(method string) request {
	q.method = method
	return q
}

// answer is the answer to a request. Redirects are not followed.
type answer struct {
	request
	status int
	header http.Header
	body   []byte // after content decoding
	took   time.Duration
}

func (a answer) contentType() string { return a.header.Get("Content-Type") }

// mediaType returns the content type without its parameters, in lower case.
func (a answer) mediaType() string {
	media, _, _ := strings.Cut(a.contentType(), ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// at returns the URL of a path on a host name, over https when the target has it.
func (p *probe) at(host, path string) string {
	if p.target.HTTPS == "" {
		return over("http", host, path)
	}
	return over("https", host, path)
}

func over(scheme, host, path string) string { return scheme + "://" + host + path }

// ask sends a request and reports whether there was an answer. A missing answer is
// a finding.
func (p *probe) ask(q request) (answer, bool) {
	a, err := p.send(q)
	if err != nil {
		p.find(q, "no answer: %v", err)
		return a, false
	}
	return a, true
}

// needs reports whether something about the target is known, and notes what is
// missing when it is not.
func (p *probe) needs(known, what string) bool {
	if known == "" {
		p.skip("this check needs " + what)
	}
	return known != ""
}

const (
	plainURL = "the base URL for plain http"
	unserved = "a domain that the server does not serve"
)

// document requires status 200 and XML with this root element.
func (p *probe) document(a answer, name string) (*element, bool) {
	if a.status != http.StatusOK {
		p.find(a.request, "the status is %d; it must be 200", a.status)
		return nil, false
	}
	root, err := parseXML(a.body)
	switch {
	case err != nil:
		p.find(a.request, "the answer is not XML that every client can read: %v", err)
	case !root.is(name):
		p.find(a.request, "the root element is %s; it must be %s", root.name.Local, name)
	default:
		return root, true
	}
	return nil, false
}

// finds reports findings about an answer.
func (p *probe) finds(a answer) func(format string, args ...any) {
	return func(format string, args ...any) { p.find(a.request, format, args...) }
}

// on makes a check of one that looks at the document that ask returns.
func on(ask func(*probe) (answer, *element, bool), look look) func(*probe) {
	return func(p *probe) {
		if a, document, ok := ask(p); ok {
			look(p.target, document, p.finds(a))
		}
	}
}

func (p *probe) send(q request) (answer, error) {
	a := answer{request: q}
	r, err := http.NewRequestWithContext(p.ctx, q.method, q.url, strings.NewReader(q.body))
	if err != nil {
		return a, err
	}
	if q.header != nil {
		r.Header = q.header.Clone()
	}
	begin := time.Now()
	resp, err := p.client.Do(r)
	if err != nil {
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err // the finding names the request already
		}
		return a, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	a.took = time.Since(begin)
	if err != nil {
		return a, err
	}
	if len(a.body) > maxAnswer {
		return a, fmt.Errorf("the body is larger than %d bytes", maxAnswer)
	}
	a.status, a.header = resp.StatusCode, resp.Header
	if resp.Header.Get("Content-Encoding") == "gzip" {
		a.body, err = unzipped(a.body)
	}
	return a, err
}

func unzipped(body []byte) ([]byte, error) {
	unzip, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(unzip, maxAnswer))
}

// newClient returns a client for which every host name is the target: port 443
// is at its https URL and port 80 at its http URL.
func newClient(t Target) *http.Client {
	dialer := &net.Dialer{}
	return &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				base := t.HTTP
				if strings.HasSuffix(address, ":443") {
					base = t.HTTPS
				}
				target, err := addressOf(base)
				if err != nil {
					return nil, err
				}
				return dialer.DialContext(ctx, network, target)
			},
			// The names asked for are not those of a server that is tried on
			// a loopback address, and no check is about certificates.
			TLSClientConfig:    &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
			DisableCompression: true,                                  // bodies are compared as they are sent
		},
	}
}

// addressOf returns host:port of a base URL.
func addressOf(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return "", errors.New("no base URL was given for this scheme")
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

// shortened keeps one text from filling the report.
func shortened(text string) string {
	const enough = 200
	if len(text) <= enough {
		return text
	}
	return strings.ToValidUTF8(text[:enough], "") + "…"
}
