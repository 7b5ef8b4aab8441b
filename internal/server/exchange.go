package server

import (
	"errors"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/internal/tracing"
)

// exchange is one request with its response, as it is counted and logged.
type exchange struct {
	dialect  string // name; see handler.unclaimed
	route    string // pattern of the path; "" when none matched
	public   bool   // scripts of any site may read the response
	from     *caller
	started  time.Time
	response dialect.Response
	err      error  // nil on success
	bare     bool   // no body is sent, so nothing waits until the client reads it
	allow    string // methods of the path, when err is MethodNotAllowed
	span     tracing.Span

	// Set when it is finished.
	failure dialect.Failure // when err is not nil
	remote  Remote          // of the log line
	id      string
	family  string // of the client
	outcome string
	status  int
	took    time.Duration

	// Set when there is a log line. The request itself would remain in memory for as long
	// as its connection is idle.
	method, scheme, host, error string
}

// Errors that the server itself raises.
var (
	errUnknownHost    error = &settings.Error{Kind: settings.Forbidden, Message: "this listener does not answer to that host name; list it in ops.hosts"}
	errLongHost       error = &settings.Error{Kind: settings.BadRequest, Message: "the host name of the request is too long"}
	errManyParameters error = settings.Errorf(settings.BadRequest, "the query has too many parameters; at most %d are allowed", maxParameters)
	errNotFound       error = &settings.Error{Kind: settings.NotFound, Message: "nothing is served at this path"}
	errOverloaded     error = &settings.Error{Kind: settings.Overloaded, Message: "too many requests at once; try again in a moment"}
	errRateLimited    error = &settings.Error{Kind: settings.RateLimited, Message: "too many requests from your address; try again in a minute"}
)

// endpoint returns the handler of one path of a dialect.
func (h *handler) endpoint(d dialect.Dialect, path string, endpoints []dialect.Endpoint) http.HandlerFunc {
	fail := d.Failure
	return func(w http.ResponseWriter, r *http.Request) {
		from := callerIn(r.Context())
		x := &from.exchange // allocated with the caller, mostly once for a connection
		*x = exchange{dialect: d.Name, route: path, public: d.AnyOrigin, from: from, started: time.Now()}
		r, x.span = h.tracer.Request(r, x.from.proxied)
		e, methods := allowed(endpoints, r.Method)
		switch {
		case h.limiter.refuses(x.from.network) || methods == nil && e.Strict && h.strict.refuses(x.from.network):
			x.err = errRateLimited
		case methods != nil:
			x.refuseMethod(methods)
		default:
			x.response, x.err = h.serve(r, x.from.network, e)
		}
		if x.err != nil && x.response.Status == 0 {
			x.response = fail(r, x.err)
		}
		if d.Compress {
			x.response = h.packer.pack(r, x.response)
		}
		h.finish(w, r, x)
		x.response.Body = nil // an idle connection keeps none
	}
}

// serve has a dialect answer. Only that counts as work: the body was read before,
// and the response is written afterwards.
func (h *handler) serve(r *http.Request, sharer string, e dialect.Endpoint) (dialect.Response, error) {
	if err := decodeParameters(r); err != nil {
		return dialect.Response{}, err
	}
	held, err := h.readBody(r, sharer)
	defer h.bodies.give(sharer, held)
	if err != nil {
		return dialect.Response{}, err
	}
	if !h.work.take(sharer, 1) {
		return dialect.Response{}, errOverloaded
	}
	defer h.work.give(sharer, 1)
	return recovering(e.Serve, r)
}

func (x *exchange) refuseMethod(methods []string) {
	x.allow = strings.Join(methods, ", ")
	x.err = settings.Errorf(settings.MethodNotAllowed, "this path answers %s only", x.allow)
}

// failed answers an error of a request that no dialect answers.
func (h *handler) failed(w http.ResponseWriter, r *http.Request, x *exchange) {
	x.dialect, x.from, x.started = h.unclaimed, callerIn(r.Context()), time.Now()
	if x.response = dialect.PlainFailure(x.err); x.bare {
		x.response.Body = nil
	}
	h.finish(w, r, x)
}

// stray answers an error of a request for no endpoint, within the rate limit of
// the client.
func (h *handler) stray(w http.ResponseWriter, r *http.Request, err error) {
	if h.limiter.refuses(ClientNetwork(r.Context())) {
		err = errRateLimited
	}
	h.failed(w, r, &exchange{err: err})
}

// decodeParameters decodes the parameters of the path. The router matches the
// path as it was sent where its encoding is not the usual one.
func decodeParameters(r *http.Request) error {
	if r.URL.RawPath == "" {
		return nil
	}
	params := chi.RouteContext(r.Context()).URLParams
	for i, name := range params.Keys {
		value, err := url.PathUnescape(params.Values[i])
		if err != nil {
			return settings.Errorf(settings.BadRequest, "the path is not encoded correctly: %% must be followed by two hexadecimal digits")
		}
		r.SetPathValue(name, value)
	}
	return nil
}

// recovering turns a panic into an internal error, so that it is answered,
// counted and logged like any other.
func recovering(serve func(*http.Request) (dialect.Response, error), r *http.Request) (resp dialect.Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{v, debug.Stack()}
		}
	}()
	return serve(r)
}

// finish writes, counts and logs the response: the only place that does.
func (h *handler) finish(w http.ResponseWriter, r *http.Request, x *exchange) {
	x.remote = h.remote
	if x.err != nil {
		x.failure = dialect.FailureOf(x.err)
	}
	x.id = h.ids.of(r, x.from.proxied)
	if h.fwdHost { // caches know the host of the request, but not this
		w.Header().Add("Vary", "X-Forwarded-Host")
	}
	x.status = write(w, r, x)
	if errors.Is(x.err, errRateLimited) {
		h.shared.exceeded(r, x.started)
	}
	if x.outcome = x.failure.Outcome; x.err == nil {
		x.outcome = succeeded(x.status)
	}
	x.took = time.Since(x.started)
	x.family = telemetry.ClientFamily(r.UserAgent())
	h.metrics.Request(x.dialect, x.family, x.outcome, x.took)
	x.trace(r)
	level := zap.InfoLevel
	if x.failure.Ours {
		level = zap.ErrorLevel
	}
	if x.err != nil && !h.sparing.admits(x.outcome) {
		return
	}
	if line := h.log.Check(level, "request"); line != nil {
		x.method, x.scheme, x.host = knownMethod(r.Method), r.URL.Scheme, string(dialect.HostName(r))
		if x.err != nil {
			x.error = errorText(r, x.err, x.failure)
		}
		line.Write(zap.Inline(x))
	}
}

// trace ends the span of the request. It has what the log line has, without parts of
// the request that could be personal.
func (x *exchange) trace(r *http.Request) {
	if !x.span.Recorded() {
		return
	}
	method := knownMethod(r.Method)
	x.span.Name(method + " " + x.route)
	for key, value := range map[string]string{
		"http.request.method": method, "http.route": x.route, "url.scheme": r.URL.Scheme,
		"waymark.protocol": x.dialect, "waymark.client": x.family, "waymark.outcome": x.outcome, "waymark.request_id": x.id,
	} {
		x.span.Set(key, value)
	}
	x.span.SetNumber("http.response.status_code", x.status)
	x.span.End(x.failure.Ours)
}

// succeeded returns the outcome label of a response without an error.
func succeeded(status int) string {
	switch {
	case status == http.StatusNotModified:
		return "not_modified"
	case status >= http.StatusBadRequest: // a dialect dropped its error
		return "error"
	case status >= http.StatusMultipleChoices:
		return "redirect"
	}
	return "ok"
}

// MarshalLogObject writes the fields of the log line directly: a []zap.Field would be the
// largest allocation of a request. The path, the query, the body and the header may hold
// an address, so only checked parts of the request appear.
func (x *exchange) MarshalLogObject(line zapcore.ObjectEncoder) error {
	line.AddString("id", x.id)
	line.AddString("protocol", x.dialect)
	line.AddString("client", x.family)
	line.AddString("outcome", x.outcome)
	line.AddInt("status", x.status)
	line.AddString("method", x.method)
	line.AddString("scheme", x.scheme)
	line.AddString("host", x.host)
	line.AddString("route", x.route)
	line.AddString("domain", string(x.response.Domain))
	if remote := x.remote.of(x.from.address); remote != "" {
		line.AddString("remote", remote)
	}
	line.AddDuration("took", x.took)
	if x.err == nil {
		return nil
	}
	line.AddString("error", x.error)
	if p, ok := errors.AsType[*panicked](x.err); ok {
		line.AddString("stack", string(p.stack))
	}
	return nil
}

// knownMethod keeps what clients invent out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace, "PROPFIND", "REPORT":
		return method
	}
	return "other"
}

// write sends the finished response and returns the status that was sent.
func write(w http.ResponseWriter, r *http.Request, x *exchange) int {
	resp, header := x.response, w.Header()
	for name, values := range resp.Header {
		if vary := header[name]; vary != nil && name == "Vary" {
			values = append(vary, values...)
		}
		header[name] = values
	}
	// One array holds the values of all fields, which saves an allocation each.
	values := [...]string{x.id, "nosniff", resp.ETag, resp.ContentType, strconv.Itoa(len(resp.Body)), "*"}
	header["X-Content-Type-Options"] = values[1:2:2]
	if resp.Status >= http.StatusBadRequest { // to find its log line
		header["X-Request-Id"] = values[0:1:1]
	}
	if x.public { // also without an Origin: a cached copy serves every site
		header["Access-Control-Allow-Origin"] = values[5:6:6]
	}
	if retryAfter := x.failure.RetryAfter; retryAfter != "" {
		header["Retry-After"] = []string{retryAfter}
	}
	if x.allow != "" {
		header["Allow"] = []string{x.allow}
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
	// The client may have gone; nothing is left to do then.
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
