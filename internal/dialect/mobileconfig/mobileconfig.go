package mobileconfig

import (
	"cmp"
	"context"
	"net/http"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Signer wraps a profile of a provider in a signature (DER of CMS SignedData).
type Signer interface {
	Sign(p *settings.Provider, content []byte) ([]byte, error)
}

// Tokens opens the tokens of links, such as those in QR codes. The error is a
// settings.Error.
type Tokens interface {
	Profile(token string) (settings.Query, error)
}

type mobileconfig struct {
	resolver dialect.Resolver
	signer   Signer
	tokens   Tokens
	texts    *i18n.Catalogues
	outlines *outlines
}

// New returns the dialect, with texts, nil for the built-in ones. Safari opens the installer for a GET, from a link or a
// QR code. The set-up page posts the address instead, which keeps it out of URLs,
// and its QR code has a token.
func New(r dialect.Resolver, s Signer, t Tokens, texts *i18n.Catalogues) dialect.Dialect {
	m := &mobileconfig{resolver: r, signer: s, tokens: t, texts: cmp.Or(texts, i18n.All()), outlines: newOutlines()}
	p := dialect.Dialect{Name: "mobileconfig", Render: func(s settings.Settings, c dialect.Choice) ([]byte, error) {
		return m.outlines.render(s, Options{Language: c.Language, Texts: texts})
	}}
	for _, path := range []string{
		"/profile.mobileconfig",
		"/email.mobileconfig", "/mobileconfig/", "/mobileconfig", // paths of other servers
	} {
		p.Endpoints = append(p.Endpoints, dialect.Endpoint{Path: path, Methods: []string{http.MethodGet, http.MethodPost}, Serve: m.serve, Strict: true})
	}
	p.Endpoints = append(p.Endpoints, dialect.Endpoint{Path: "/p/{token}", Methods: []string{http.MethodGet}, Serve: m.forToken, Strict: true})
	return p
}

func (m *mobileconfig) serve(r *http.Request) (dialect.Response, error) {
	req, err := parse(r)
	if err != nil {
		return dialect.Response{}, err
	}
	return m.answer(r, req)
}

// forToken answers for the address in the token of a link.
func (m *mobileconfig) forToken(r *http.Request) (dialect.Response, error) {
	q, err := m.tokens.Profile(r.PathValue("token"))
	if err != nil { // read by the person who scanned the code
		words := m.texts.In(spoken(r, ""))
		return dialect.Response{}, &settings.Error{Kind: settings.KindOf(err), Message: words.Text("problem.code"), Cause: err}
	}
	return m.answer(r, request{mailboxes: []address.Address{q.Address}, proven: q.Proven, language: spoken(r, r.URL.Query().Get("lang"))})
}

func (m *mobileconfig) answer(r *http.Request, req request) (dialect.Response, error) {
	found, options, err := m.resolve(r.Context(), req)
	if err != nil {
		return dialect.Response{}, err
	}
	profile, err := m.outlines.render(found, options)
	if err != nil {
		return dialect.Response{}, err
	}
	signed, err := m.signer.Sign(found.Provider, profile)
	if err != nil { // read by the person who tapped the link
		words := m.texts.In(req.language)
		return dialect.Response{}, &settings.Error{Kind: settings.KindOf(err), Message: words.Text("problem.profile"), Cause: err}
	}
	return dialect.Response{
		Status: http.StatusOK,
		// Safari opens the installer for exactly this type.
		ContentType: "application/x-apple-aspen-config",
		Header: http.Header{
			"Content-Disposition": {`attachment; filename="` + string(found.Domain) + `.mobileconfig"`},
			"Cache-Control":       {"no-store"}, // it contains an address
		},
		Body:   signed,
		Domain: found.Domain,
	}, nil
}

// resolve finds the settings of every mailbox. The domain of an alias may have
// another provider, but must be known: a profile must not let people send as
// strangers.
func (m *mobileconfig) resolve(ctx context.Context, req request) (settings.Settings, Options, error) {
	options := Options{Selection: req.selection, Language: req.language, Texts: m.texts}
	var first settings.Settings
	for i, a := range req.mailboxes {
		found, err := m.resolver.Resolve(ctx, settings.Query{Domain: a.Domain, Address: a, Proven: req.proven})
		switch {
		case err != nil:
			return settings.Settings{}, Options{}, err
		case i == 0:
			first = found
		default:
			options.Also = append(options.Also, found)
		}
	}
	for _, a := range req.aliases {
		found, err := m.resolver.Resolve(ctx, settings.Query{Domain: a.Domain, Address: a})
		if err != nil {
			return settings.Settings{}, Options{}, err
		}
		options.Aliases = append(options.Aliases, found.Address)
	}
	return first, options, nil
}
