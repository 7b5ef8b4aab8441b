package settings

import (
	"errors"
	"fmt"

	"github.com/waymark-mail/waymark/internal/address"
)

// Kind sorts errors by what they mean to the client. The zero value is
// Internal: an error nobody sorted is our fault.
type Kind uint8

// The kinds of error. What each means as a status, an outcome label and a log
// level is decided in one place, package proto.
const (
	Internal      Kind = iota
	BadRequest         // the request cannot be understood, or its address is none
	UnknownDomain      // nobody here answers for the domain
	NotOffered         // the domain is known, but has nothing this protocol can say
	TooLarge           // the body is over the cap
	Unavailable        // a source of settings is down; later may do
)

// Error is an error with a public face. Message goes to the client: plain
// words, nothing from the request that was not checked. Cause is for the log
// only.
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

// KindOf returns the kind of the first Error in err's chain, else Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// ErrUnknownDomain is what a source of settings returns for a domain that it
// does not answer for.
var ErrUnknownDomain error = &Error{Kind: UnknownDomain, Message: "this server does not answer for that domain"}

// MovedError says that the mailboxes of a domain are elsewhere now. It is an
// ErrUnknownDomain to whoever cannot say so.
type MovedError struct {
	Domain address.Domain // where the same local parts are; "" when URL is set
	URL    string         // of the Autodiscover service that answers now
}

func (e *MovedError) Error() string {
	if e.URL != "" {
		return "the domain moved to " + e.URL
	}
	return "the domain moved to " + string(e.Domain)
}

// Unwrap returns ErrUnknownDomain.
func (e *MovedError) Unwrap() error { return ErrUnknownDomain }
