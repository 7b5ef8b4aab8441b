package dialect

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/waymark-mail/waymark/internal/settings"
)

// Failure is what a kind of error means to the client, to operators and in the
// log.
type Failure struct {
	Status     int
	Outcome    string // label of waymark_requests_total
	RetryAfter string // seconds; "" sends no Retry-After
	Ours       bool   // a fault of this server: logged as an error
}

// failures is the only place that decides what a kind means.
var failures = [...]Failure{
	settings.Internal:         {Status: http.StatusInternalServerError, Outcome: "error", Ours: true},
	settings.BadRequest:       {Status: http.StatusBadRequest, Outcome: "bad_request"},
	settings.Forbidden:        {Status: http.StatusForbidden, Outcome: "forbidden"}, // 401 makes clients ask people for a password
	settings.UnknownDomain:    {Status: http.StatusNotFound, Outcome: "unknown_domain"},
	settings.NotOffered:       {Status: http.StatusNotFound, Outcome: "not_offered"},
	settings.NotFound:         {Status: http.StatusNotFound, Outcome: "not_found"},
	settings.MethodNotAllowed: {Status: http.StatusMethodNotAllowed, Outcome: "method_not_allowed"},
	settings.TooLarge:         {Status: http.StatusRequestEntityTooLarge, Outcome: "too_large"},
	settings.RateLimited:      {Status: http.StatusTooManyRequests, Outcome: "rate_limited", RetryAfter: "60"},
	settings.Overloaded:       {Status: http.StatusServiceUnavailable, Outcome: "overloaded", RetryAfter: "1"},
	settings.LookupFailed:     {Status: http.StatusServiceUnavailable, Outcome: "lookup_failed", RetryAfter: "10"}, // anybody can make up such a domain
	settings.Unavailable:      {Status: http.StatusServiceUnavailable, Outcome: "unavailable", RetryAfter: "5", Ours: true},
}

// FailureOf returns the meaning of an error. An error without a kind is an
// internal one.
func FailureOf(err error) Failure {
	kind := settings.KindOf(err)
	if int(kind) >= len(failures) {
		kind = settings.Internal
	}
	return failures[kind]
}

// PublicMessage returns what a client may read of an error.
func PublicMessage(err error) string {
	var e *settings.Error
	if errors.As(err, &e) && e.Kind != settings.Internal {
		return e.Message
	}
	return "something went wrong on this server"
}

// PlainFailure formats an error as one line of plain text. KMail parses a
// well-formed XML body of a 404 and then stops searching, and Thunderbird
// accepts any 200: errors are plain text with a real status.
func PlainFailure(err error) Response {
	return PlainText(FailureOf(err).Status, PublicMessage(err))
}

// PlainText returns a one-line response.
func PlainText(status int, line string) Response {
	return Response{Status: status, ContentType: "text/plain; charset=utf-8", Body: []byte(line + "\n")}
}

// ProblemFailure formats an error for programs (RFC 9457).
func ProblemFailure(_ *http.Request, err error) Response {
	return Problem(FailureOf(err).Status, PublicMessage(err))
}

// Problem returns an error response for programs (RFC 9457). detail is for
// people.
func Problem(status int, detail string) Response {
	body, err := json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(status), status, detail})
	if err != nil { // texts and numbers always encode
		return PlainText(status, detail)
	}
	return Response{Status: status, ContentType: "application/problem+json", Body: append(body, '\n')}
}
