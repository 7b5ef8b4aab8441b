package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

const (
	maxBody      = 1 << 20
	maxRedirects = 10
	// maxConnections bounds those to one server at a time.
	maxConnections = 8
)

// answer is the answer to a request, after redirects.
type answer struct {
	url         string // of the last request
	status      int
	contentType string
	location    string // of an answer that is a redirect and was not followed
	body        []byte
	took        time.Duration
	redirects   int
	plain       bool // some hop was plain http
	fault       *fault
	// ofHost is set when the fault is of the host, before any answer.
	ofHost bool
}

// web sends requests, each once.
type web struct {
	net    *network
	client *http.Client
	note   func(fault) // for warnings about certificates

	mu      sync.Mutex
	answers map[string]func() answer
}

// certificateError is a certificate that clients refuse.
type certificateError struct{ faults []fault }

func (e *certificateError) Error() string { return e.faults[0].seen }

// dialError is why there is no connection.
type dialError struct{ fault fault }

func (e *dialError) Error() string { return e.fault.seen }

func newWeb(n *network, connections int, note func(fault)) *web {
	w := &web{net: n, note: note}
	config := n.handshakeConfig("") // net/http sets the name
	config.VerifyConnection = func(state tls.ConnectionState) error {
		refused, warnings := n.certificateFaults(state, state.ServerName, "https://"+state.ServerName)
		for _, f := range warnings {
			note(f)
		}
		if len(refused) > 0 {
			return &certificateError{refused}
		}
		return nil
	}
	w.client = &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
				host, text, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				port, err := strconv.ParseUint(text, 10, 16)
				if err != nil {
					return nil, err
				}
				conn, f := n.dial(ctx, host, uint16(port))
				if f != nil {
					return nil, &dialError{*f}
				}
				return conn, nil
			},
			TLSClientConfig:        config,
			TLSHandshakeTimeout:    n.wait("TLS", dialTime),
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: 64 << 10,
			MaxConnsPerHost:        cmp.Or(connections, maxConnections),
		},
	}
	return w
}

// ask sends a request once, and follows redirects: a POST is repeated at the
// target, as Outlook does it.
func (w *web) ask(ctx context.Context, q client.Question) answer { return w.once(ctx, q, true) }

// askOnly sends a request and follows no redirect.
func (w *web) askOnly(ctx context.Context, q client.Question) answer { return w.once(ctx, q, false) }

func (w *web) once(ctx context.Context, q client.Question, follow bool) answer {
	key := fmt.Sprint(q.Method, " ", q.URL, " ", follow, " ", q.Header.Get("Content-Type"), " ", q.Body)
	w.mu.Lock()
	if w.answers == nil {
		w.answers = map[string]func() answer{}
	}
	get, ok := w.answers[key]
	if !ok {
		get = sync.OnceValue(func() answer { return w.send(ctx, q, follow) })
		w.answers[key] = get
	}
	w.mu.Unlock()
	return get()
}

func (w *web) send(ctx context.Context, q client.Question, follow bool) answer {
	ctx, cancel := context.WithTimeout(ctx, w.net.wait(q.URL, fetchTime))
	defer cancel()
	began := time.Now()
	a := answer{}
	asked := []string{}
	for at := q.URL; ; {
		asked = append(asked, at)
		a.url = at
		a.plain = a.plain || strings.HasPrefix(at, "http://")
		next := w.hop(ctx, q, at, &a)
		if next == "" || a.fault != nil || !follow {
			break
		}
		if slices.Contains(asked, next) || len(asked) > maxRedirects {
			a.fault = &fault{id: "-redirect-loop", where: q.URL, seen: "the redirects do not end",
				fix: "Answer with the document at the first URL, or with one redirect to it."}
			break
		}
		at = next
		a.redirects++
	}
	a.took = time.Since(began)
	return a
}

// hop sends one request. It returns the target of a redirect.
func (w *web) hop(ctx context.Context, q client.Question, at string, a *answer) string {
	r, err := http.NewRequestWithContext(ctx, q.Method, at, strings.NewReader(q.Body))
	if err != nil {
		a.fault = &fault{id: "-redirect-broken", where: q.URL, seen: "it redirects to a URL that is not valid", fix: "Redirect to an absolute https URL."}
		return ""
	}
	for name, values := range q.Header {
		r.Header[name] = values
	}
	response, err := w.client.Do(r)
	if err != nil {
		a.fault, a.ofHost = failure(err, at), a.redirects == 0
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		a.fault = failure(err, at)
		return ""
	case len(body) > maxBody:
		a.fault = &fault{id: "-too-large", where: at, seen: "the answer has more than 1 MiB", fix: "Answer with the document alone."}
		return ""
	}
	a.status, a.contentType, a.body = response.StatusCode, response.Header.Get("Content-Type"), body
	a.location = response.Header.Get("Location")
	if !(client.Rules{Final: client.FirstRedirect}).AcceptsStatus(a.status) || a.location == "" {
		return ""
	}
	target, err := r.URL.Parse(a.location)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		a.fault = &fault{id: "-redirect-broken", where: q.URL, seen: "it redirects to a URL that is not valid", fix: "Redirect to an absolute https URL."}
		return ""
	}
	return target.String()
}

// failure returns the fault of a request without an answer.
func failure(err error, at string) *fault {
	var certificate *certificateError
	var dial *dialError
	var timeout net.Error
	switch {
	case errors.As(err, &certificate):
		f := certificate.faults[0]
		return &f
	case errors.As(err, &dial):
		f := dial.fault
		if f.id == "unreachable" {
			f.where = origin(at)
		}
		return &f
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return &fault{id: "-slow", where: at, seen: "no complete answer within 10 s", fix: "Answer within a second: Thunderbird waits 5 s."}
	case errors.As(err, new(tls.RecordHeaderError)):
		return &fault{id: "tls-not-offered", where: origin(at), seen: "the server does not speak TLS on this port", fix: "Enable TLS on the port."}
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return &fault{id: "-broken-answer", where: at, seen: "the answer is not valid HTTP: " + reason(err), fix: "Check the web server and the proxy in front of it."}
}

// origin returns scheme and host of a URL.
func origin(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return at
	}
	return u.Scheme + "://" + u.Host
}
