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
	notFound       errorCode = 500 // nobody here answers for the address
	noSettings     errorCode = 501 // the domain is known, but nothing can be said about it
	invalidRequest errorCode = 600
	noProvider     errorCode = 601 // the response schema is not available
	badAddress     errorCode = 602
)

// message returns the words that go with a code. Those of 600 and 601 are the
// ones of Exchange, which people search for; DebugData says more.
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

// codedError is an error whose code is not the one that its kind has.
type codedError struct {
	code errorCode
	error
}

func (e *codedError) Unwrap() error { return e.error }

// fail words an error in the form of the endpoint it comes from. An error
// document is a definite answer that ends a client's search, and goes with
// HTTP 200. Trouble on our side is none: any other status sends the client to
// its next candidate, and has it come back later.
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
		// The Id tells which server of a farm answered. Here all are alike.
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

// codeOf returns the code of an error; false for those that are not worded in
// an error document.
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
	default: // trouble of this server, or of the request as such
	}
	return 0, false
}
