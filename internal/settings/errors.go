package settings

import (
	"cmp"
	"errors"
	"fmt"
)

// Kind classifies an error by what it means to the client. The zero value is
// Internal: an error without a kind is a fault of this server.
type Kind uint8

// The kinds of error. dialect.FailureOf maps each to a status, an outcome label
// and a log level.
const (
	Internal         Kind = iota
	BadRequest            // the request or its address is malformed
	Forbidden             // the client may not ask for this
	UnknownDomain         // this server does not answer for the domain
	NotOffered            // the domain is known, but offers nothing that the dialect can express
	NotFound              // nothing is served at the path
	MethodNotAllowed      // the path does not accept the method
	TooLarge              // the body exceeds the limit
	RateLimited           // too many requests from one client
	Overloaded            // too many requests at once
	LookupFailed          // the domain alone cannot be looked up; retrying may succeed
	Unavailable           // a source of settings is down; retrying may succeed
)

// Error is an error with a public message. Message is sent to the client and
// never repeats unchecked parts of the request. Cause is for the log only.
type Error struct {
	Kind    Kind
	Message string
	Cause   error
}

// Errorf returns an Error with a public message.
func Errorf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// Error returns the public message and, for the log, the cause.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Message + ": " + e.Cause.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the kind of the first Error in err's chain, or Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// ErrUnknownDomain is returned for a domain that this server does not answer
// for.
var ErrUnknownDomain error = &Error{Kind: UnknownDomain, Message: "this server does not answer for that domain"}

// MovedError reports that the mailboxes of a domain moved to another service. A
// dialect without redirects treats it as the ErrUnknownDomain that it wraps.
type MovedError struct{ To Redirect }

func (e *MovedError) Error() string {
	return "the domain moved to " + cmp.Or(e.To.URL, string(e.To.Domain))
}

// Unwrap returns ErrUnknownDomain.
func (e *MovedError) Unwrap() error { return ErrUnknownDomain }
