package dialect

import (
	"errors"
	"net/http"

	"github.com/waymark-mail/waymark/internal/settings"
)

// Failure is what a kind of error means outside: this table is the only place
// that says so.
type Failure struct {
	Status  int
	Outcome string // label of waymark_requests_total
	Ours    bool   // logged as an error; the others are the client's doing
}

// FailureOf returns the meaning of an error. An error without a kind is an
// internal one.
func FailureOf(err error) Failure {
	switch settings.KindOf(err) {
	case settings.BadRequest:
		return Failure{Status: http.StatusBadRequest, Outcome: "bad_request"}
	case settings.UnknownDomain:
		return Failure{Status: http.StatusNotFound, Outcome: "unknown_domain"}
	case settings.NotOffered:
		return Failure{Status: http.StatusNotFound, Outcome: "not_offered"}
	case settings.TooLarge:
		return Failure{Status: http.StatusRequestEntityTooLarge, Outcome: "too_large"}
	case settings.Unavailable:
		return Failure{Status: http.StatusServiceUnavailable, Outcome: "unavailable", Ours: true}
	case settings.Internal:
	}
	return Failure{Status: http.StatusInternalServerError, Outcome: "error", Ours: true}
}

// PublicMessage returns what a client may read of an error.
func PublicMessage(err error) string {
	var e *settings.Error
	if errors.As(err, &e) && e.Kind != settings.Internal {
		return e.Message
	}
	return "something went wrong on this server"
}

// PlainFailure words an error as one line of plain text. KMail feeds a
// well-formed XML body of a 404 to its parser and then stops looking, and
// Thunderbird takes any 200 for an answer: errors are plain text with a real
// status.
func PlainFailure(err error) Response {
	return PlainText(FailureOf(err).Status, PublicMessage(err))
}

// PlainText returns a one-line answer.
func PlainText(status int, line string) Response {
	return Response{Status: status, ContentType: "text/plain; charset=utf-8", Body: []byte(line + "\n")}
}
