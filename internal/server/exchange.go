package server

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/obs"
	"github.com/waymark-mail/waymark/internal/proto"
	"github.com/waymark-mail/waymark/internal/settings"
)

// exchange is one request with its answer, as it is counted and logged.
type exchange struct {
	protocol string // name of the dialect, or "none"
	route    string // pattern of the path; "" when none matched
	started  time.Time
	response proto.Response
	err      error // what the response words; nil when all went well
	outcome  string
}

// endpoint returns the handler of one path of a protocol.
func (h *handler) endpoint(p proto.Protocol, path string, endpoints []proto.Endpoint) http.HandlerFunc {
	fail := p.Fail
	if fail == nil {
		fail = proto.PlainFailure
	}
	return func(w http.ResponseWriter, r *http.Request) {
		x := exchange{protocol: p.Name, route: path, started: time.Now()}
		e, methods := allowed(endpoints, r.Method)
		switch {
		case h.limiter != nil && h.limiter.OnLimit(w, r, httprate.CanonicalizeIP(middleware.GetClientIP(r.Context()))):
			x.outcome = "rate_limited"
			x.response = proto.PlainText(http.StatusTooManyRequests, "too many requests from your address; try again in a minute")
		case methods != nil:
			x.outcome = "method_not_allowed"
			x.response = proto.PlainText(http.StatusMethodNotAllowed, "this path answers "+strings.Join(methods, ", ")+" only")
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
	h.finish(w, r, exchange{
		protocol: "none",
		started:  time.Now(),
		outcome:  "not_found",
		response: proto.PlainText(http.StatusNotFound, "nothing is served at this path"),
	})
}

// recovering turns a panic into an internal error, so that it is answered,
// counted and logged like any other.
func recovering(serve func(*http.Request) (proto.Response, error), r *http.Request) (resp proto.Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &settings.Error{Kind: settings.Internal, Message: "panic", Cause: fmt.Errorf("%v\n%s", v, debug.Stack())}
		}
	}()
	return serve(r)
}

// finish writes the answer, counts it and logs it: the only place that does.
func (h *handler) finish(w http.ResponseWriter, r *http.Request, x exchange) {
	id := h.ids.next()
	status := write(w, r, x.response, id)
	if x.outcome == "" {
		x.outcome = outcomeOf(status, x.err)
	}
	took := time.Since(x.started)
	client := obs.ClientFamily(r.UserAgent())
	h.metrics.Request(x.protocol, client, x.outcome, took)

	// The path, the query and the body may hold an address: only the route's
	// pattern and checked domains are logged.
	level := zap.InfoLevel
	if x.err != nil && proto.FailureOf(x.err).Ours {
		level = zap.ErrorLevel
	}
	line := h.log.Check(level, "request")
	if line == nil {
		return
	}
	fields := make([]zap.Field, 0, 13)
	fields = append(fields,
		zap.String("id", id),
		zap.String("protocol", x.protocol),
		zap.String("client", client),
		zap.String("outcome", x.outcome),
		zap.Int("status", status),
		zap.String("method", shortMethod(r.Method)),
		zap.String("scheme", r.URL.Scheme),
		zap.String("host", string(proto.HostName(r))),
		zap.String("route", x.route),
		zap.String("domain", string(x.response.Domain)),
		zap.String("remote", middleware.GetClientIP(r.Context())),
		zap.Duration("took", took),
	)
	if x.err != nil {
		fields = append(fields, zap.Error(x.err))
	}
	line.Write(fields...)
}

// outcomeOf returns the label of an answer whose outcome nothing else decided.
func outcomeOf(status int, err error) string {
	switch {
	case err != nil:
		return proto.FailureOf(err).Outcome
	case status == http.StatusNotModified:
		return "not_modified"
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

// write sends a finished response and returns the status that was sent.
func write(w http.ResponseWriter, r *http.Request, resp proto.Response, id string) int {
	header := w.Header()
	for name, values := range resp.Header {
		header[name] = values
	}
	header["X-Request-Id"] = []string{id}
	header["X-Content-Type-Options"] = []string{"nosniff"}
	status := resp.Status
	if resp.ETag != "" {
		header["Etag"] = []string{resp.ETag}
		if status == http.StatusOK && matchesETag(r.Header["If-None-Match"], resp.ETag) {
			w.WriteHeader(http.StatusNotModified)
			return http.StatusNotModified
		}
	}
	if resp.ContentType != "" {
		header["Content-Type"] = []string{resp.ContentType}
	}
	header["Content-Length"] = []string{strconv.Itoa(len(resp.Body))}
	w.WriteHeader(status)
	// A client that went away is no error of ours, and there is nobody to tell.
	_, _ = w.Write(resp.Body)
	return status
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
