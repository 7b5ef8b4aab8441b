package dialect

import (
	"context"
	"net/http"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Dialect is one way in which clients ask for settings.
type Dialect struct {
	Name      string // in metrics, logs and the command line
	Endpoints []Endpoint
	// Fail words an error in the dialect; nil answers in plain text.
	Fail func(error) Response
	// Refuse words what the server refuses by itself, such as a method, or one
	// request too many; nil answers in plain text.
	Refuse func(status int, why string) Response
	// AnyOrigin lets scripts read the answers, refusals too, whatever site
	// their page comes from. It is for what is read only and public.
	AnyOrigin bool
}

// Refusal words what the server refuses by itself.
func (p Dialect) Refusal(status int, why string) Response {
	if p.Refuse == nil {
		return PlainText(status, why)
	}
	return p.Refuse(status, why)
}

// Endpoint is one path, answered on every host name the server is reached by.
type Endpoint struct {
	// Path is a chi pattern; parameters are read with http.Request.PathValue.
	Path string
	// FoldCase matches ASCII letters of the path in any case. Parameters are
	// then seen in lower case.
	FoldCase bool
	// Methods are answered; anything else gets 405 with Allow. GET includes
	// HEAD. None means every method, for redirects.
	Methods []string
	// Strict limits each client to few requests a minute: they cost a lot, or
	// could be used to guess.
	Strict bool
	// Serve answers. The server has set URL.Scheme and Host to what the
	// client used, behind trusted proxies too, and capped the body. An error
	// is counted and logged by the server and worded by Dialect.Fail.
	Serve func(*http.Request) (Response, error)
}

// Response is a finished answer: all of it is written, or none.
type Response struct {
	Status      int
	ContentType string
	Header      http.Header    // further fields; may be nil, is not changed
	Body        []byte         // may be shared between requests: for reading only
	ETag        string         // quoted; "" for none. The server answers 304 by it
	Domain      address.Domain // of the settings in the answer, for the log; "" for none
}

// Resolver finds the settings for a query. Its errors are settings.Errors:
// UnknownDomain, or Unavailable when it cannot tell.
type Resolver interface {
	Resolve(context.Context, settings.Query) (settings.Settings, error)
}
