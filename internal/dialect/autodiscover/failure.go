package autodiscover

import (
	"errors"
	"net/http"
	"time"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// errorCode is the code of an error document (MS-OXDSCLI section 2.2.4.1.1.3).
type errorCode uint16

const (
	notFound       errorCode = 500 // unknown domain
	noSettings     errorCode = 501 // known domain without settings for Outlook
	invalidRequest errorCode = 600
	noProvider     errorCode = 601 // the response schema is not available
	badAddress     errorCode = 602
)

// message returns the text of a code. 600 and 601 have the texts of Exchange,
// which people search for; DebugData has the details.
func (c errorCode) message() string {
	switch c {
	case notFound:
		return "The e-mail address cannot be found"
	case noSettings:
		return "There are no settings for this e-mail address"
	case noProvider:
		return "Provider is not available"
	case badAddress:
		return "The e-mail address is not valid"
	case invalidRequest:
	}
	return "Invalid Request"
}

// codedError is an error whose code is not that of its kind.
type codedError struct {
	code errorCode
	error
}

func (e *codedError) Unwrap() error { return e.error }

// fail formats an error for the endpoint that it comes from. An error document is
// a definite answer with HTTP 200 that ends a client's search. Faults of this
// server get another status: the client then tries its next candidate, and
// retries later.
func fail(err error, at time.Time) dialect.Response {
	if e, ok := errors.AsType[*jsonError](err); ok {
		return e.response()
	}
	code, ok := codeOf(err)
	if !ok {
		return dialect.PlainFailure(err)
	}
	body, err := document(errorDocument{Error: errorBody{
		Time: at.UTC().Format("15:04:05.0000000"),
		// The Id identifies a server of a farm. Waymark has no such IDs.
		ID:        1,
		ErrorCode: code,
		Message:   code.message(),
		DebugData: dialect.PublicMessage(err),
	}})
	if err != nil {
		return dialect.PlainFailure(err)
	}
	return dialect.Response{Status: http.StatusOK, ContentType: xmlType, Body: body}
}

// codeOf returns the code of an error; false for errors without an error document.
func codeOf(err error) (errorCode, bool) {
	if e, ok := errors.AsType[*codedError](err); ok {
		return e.code, true
	}
	switch settings.KindOf(err) {
	case settings.BadRequest:
		return invalidRequest, true
	case settings.UnknownDomain:
		return notFound, true
	case settings.NotOffered:
		return noSettings, true
	default:
	}
	return 0, false
}
