package server

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// exchange is one request with its answer, as it is counted and logged.
type exchange struct {
	protocol string // name of the dialect, or "none"
	route    string // pattern of the path; "" when none matched
	public   bool   // scripts of any site may read the answer
	remote   string // address of the client
	started  time.Time
	response dialect.Response
	err      error // what the response words; nil when all went well
	outcome  string

	// Set when it is finished.
	id     string
	client string // family
	status int
	took   time.Duration
}

// endpoint returns the handler of one path of a protocol.
func (h *handler) endpoint(p dialect.Dialect, path string, endpoints []dialect.Endpoint) http.HandlerFunc {
	fail := p.Fail
	if fail == nil {
		fail = dialect.PlainFailure
	}
	return func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{protocol: p.Name, route: path, public: p.AnyOrigin, remote: middleware.GetClientIP(r.Context()), started: time.Now()}
		e, methods := allowed(endpoints, r.Method)
		atOnce := h.atOnce.Add(1)
		defer h.atOnce.Add(-1)
		switch {
		case h.requests > 0 && atOnce > h.requests:
			x.outcome = "overloaded"
			x.response = p.Refusal(http.StatusServiceUnavailable, "too many requests at once; try again in a moment")
			x.response.Header = http.Header{"Retry-After": {"1"}}
		case h.limiter.refuses(x.remote) || methods == nil && e.Strict && h.strict.refuses(x.remote):
			x.outcome = "rate_limited"
			x.response = p.Refusal(http.StatusTooManyRequests, "too many requests from your address; try again in a minute")
			x.response.Header = http.Header{"Retry-After": {"60"}}
		case methods != nil:
			x.outcome = "method_not_allowed"
			x.response = p.Refusal(http.StatusMethodNotAllowed, "this path answers "+strings.Join(methods, ", ")+" only")
			x.response.Header = http.Header{"Allow": {strings.Join(methods, ", ")}}
		default:
			x.response, x.err = recovering(e.Serve, r)
			if x.err != nil {
				x.response = fail(x.err)
			}
		}
		h.finish(w, r, x)
	}
}

func (h *handler) notFound(w http.ResponseWriter, r *http.Request) {
	h.finish(w, r, &exchange{
		protocol: "none",
		remote:   middleware.GetClientIP(r.Context()),
		started:  time.Now(),
		outcome:  "not_found",
		response: dialect.PlainText(http.StatusNotFound, "nothing is served at this path"),
	})
}

// recovering turns a panic into an internal error, so that it is answered,
// counted and logged like any other.
func recovering(serve func(*http.Request) (dialect.Response, error), r *http.Request) (resp dialect.Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &settings.Error{Kind: settings.Internal, Message: "panic", Cause: fmt.Errorf("%v\n%s", v, debug.Stack())}
		}
	}()
	return serve(r)
}

// finish writes the answer, counts it and logs it: the only place that does.
func (h *handler) finish(w http.ResponseWriter, r *http.Request, x *exchange) {
	x.id = h.ids.next()
	x.status = write(w, r, x)
	if x.outcome == "" {
		x.outcome = outcomeOf(x.status, x.err)
	}
	x.took = time.Since(x.started)
	x.client = telemetry.ClientFamily(r.UserAgent())
	h.metrics.Request(x.protocol, x.client, x.outcome, x.took)
	level := zap.InfoLevel
	if x.err != nil && dialect.FailureOf(x.err).Ours {
		level = zap.ErrorLevel
	}
	if line := h.log.Check(level, "request"); line != nil {
		line.Write(zap.Inline(logged{x, r}))
	}
}

// logged is the line of log of an exchange. The path, the query, the body and
// the header may hold an address: of the request it shows what was checked.
type logged struct {
	*exchange
	request *http.Request
}

// MarshalLogObject writes the fields straight into the line: a list of them
// would be the largest allocation of a request.
func (l logged) MarshalLogObject(line zapcore.ObjectEncoder) error {
	line.AddString("id", l.id)
	line.AddString("protocol", l.protocol)
	line.AddString("client", l.client)
	line.AddString("outcome", l.outcome)
	line.AddInt("status", l.status)
	line.AddString("method", shortMethod(l.request.Method))
	line.AddString("scheme", l.request.URL.Scheme)
	line.AddString("host", string(dialect.HostName(l.request)))
	line.AddString("route", l.route)
	line.AddString("domain", string(l.response.Domain))
	line.AddString("remote", l.remote)
	line.AddDuration("took", l.took)
	if l.err != nil {
		line.AddString("error", l.err.Error())
	}
	return nil
}

// outcomeOf returns the label of an answer whose outcome nothing else decided.
func outcomeOf(status int, err error) string {
	switch {
	case err != nil:
		return dialect.FailureOf(err).Outcome
	case status == http.StatusNotModified:
		return "not_modified"
	case status == http.StatusForbidden:
		return "forbidden"
	case status == http.StatusMethodNotAllowed:
		return "method_not_allowed"
	case status >= 500:
		return "error"
	case status >= 400:
		return "bad_request"
	case status >= 300:
		return "redirect"
	}
	return "ok"
}

// shortMethod keeps a method that nobody has heard of from filling the log.
func shortMethod(method string) string {
	if len(method) > 16 {
		return "other"
	}
	return method
}

// write sends the finished response and returns the status that was sent.
func write(w http.ResponseWriter, r *http.Request, x *exchange) int {
	resp, header := x.response, w.Header()
	for name, values := range resp.Header {
		header[name] = values
	}
	// One array holds the values of all fields: each would be an allocation.
	values := [...]string{x.id, "nosniff", resp.ETag, resp.ContentType, strconv.Itoa(len(resp.Body)), "*"}
	header["X-Content-Type-Options"] = values[1:2:2]
	if resp.Status >= http.StatusBadRequest { // what somebody may ask about
		header["X-Request-Id"] = values[0:1:1]
	}
	if x.public { // always, so that what caches keep does for every site
		header["Access-Control-Allow-Origin"] = values[5:6:6]
	}
	if resp.ETag != "" {
		header["Etag"] = values[2:3:3]
		if resp.Status == http.StatusOK && matchesETag(r.Header["If-None-Match"], resp.ETag) {
			w.WriteHeader(http.StatusNotModified)
			return http.StatusNotModified
		}
	}
	if resp.ContentType != "" {
		header["Content-Type"] = values[3:4:4]
	}
	header["Content-Length"] = values[4:5:5]
	w.WriteHeader(resp.Status)
	// A client that went away is no error of ours, and there is nobody to tell.
	_, _ = w.Write(resp.Body)
	return resp.Status
}

// matchesETag implements If-None-Match (RFC 9110 section 13.1.2) with the weak
// comparison that GET uses.
func matchesETag(header []string, etag string) bool {
	for _, line := range header {
		for candidate := range strings.SplitSeq(line, ",") {
			candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
			if candidate == etag || candidate == "*" {
				return true
			}
		}
	}
	return false
}
