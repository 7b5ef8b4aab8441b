package dialect

import (
	"context"
	"net/http"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Dialect is one way in which clients request settings.
type Dialect struct {
	Name      string // in metrics, logs and the command line
	Endpoints []Endpoint
	// Fail formats errors: those of Serve, and those that the server itself
	// raises, such as a rate limit. The form may depend on the request, such as
	// its language. nil formats them as plain text.
	Fail func(*http.Request, error) Response
	// Render returns the document for settings, before any signature. It is
	// pure: no clock, I/O or randomness. nil for a dialect without documents.
	Render func(settings.Settings, Choice) ([]byte, error)
	// AnyOrigin lets scripts of any site read the responses, errors included
	// (CORS). Set it only for what is public and read-only.
	AnyOrigin bool
	// Compress sends text in gzip to clients that accept it. Leave it unset for what
	// mail clients read, and for what repeats input beside a secret.
	Compress bool
	// Experimental exempts the endpoints from the published description
	// (api/openapi.yaml, docs/api.md), which is a promise to clients.
	Experimental bool
}

// Failure returns the response for an error.
func (d Dialect) Failure(r *http.Request, err error) Response {
	if d.Fail == nil {
		return PlainFailure(err)
	}
	return d.Fail(r, err)
}

// Choice has a person's choices besides the address. The zero value chooses
// nothing.
type Choice struct {
	Language string // of package i18n; "" for English
	App      string // id of an app of the set-up page
}

// IgnoreChoice returns a Render for documents in which nothing can be chosen.
func IgnoreChoice(render func(settings.Settings) ([]byte, error)) func(settings.Settings, Choice) ([]byte, error) {
	return func(s settings.Settings, _ Choice) ([]byte, error) { return render(s) }
}

// Endpoint is one path. It is served on every host name.
type Endpoint struct {
	// Path is a chi pattern. http.Request.PathValue returns its parameters
	// decoded.
	Path string
	// FoldCase matches ASCII letters of the path in any case. Parameters are
	// then in lower case.
	FoldCase bool
	// Methods are accepted; others get 405 with Allow. GET includes HEAD. Empty
	// means every method, for redirects.
	Methods []string
	// Strict applies the strict rate limit: the requests are expensive, or
	// could be used to guess.
	Strict bool
	// Serve answers. The server has set URL.Scheme and Host to what the
	// client used, also behind trusted proxies, and limited the body. The
	// server counts and logs an error by its kind. An error that comes without
	// a Response is formatted by Dialect.Fail.
	Serve func(*http.Request) (Response, error)
}

// Response is a finished answer: it is written whole or not at all.
type Response struct {
	Status      int
	ContentType string
	Header      http.Header    // further fields; may be nil, is not changed
	Body        []byte         // may be shared between requests: for reading only
	ETag        string         // quoted; "" for none. The server answers 304 by it
	Domain      address.Domain // of the settings in the response, for the log; "" for none
}

// Resolver finds the settings for a query. The kind of its error is
// UnknownDomain, or Unavailable when a source is down.
type Resolver interface {
	Resolve(context.Context, settings.Query) (settings.Settings, error)
}
