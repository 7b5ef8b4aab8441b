package mobileconfig

import (
	"context"
	"fmt"
	"net/http"

	"github.com/waymark-mail/waymark/internal/proto"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Signer puts a profile inside a signature (DER of CMS SignedData).
type Signer interface {
	Sign(content []byte) ([]byte, error)
}

type mobileconfig struct {
	resolver  proto.Resolver
	signer    Signer
	languages languages
}

// New returns the dialect. Safari opens the installer for a plain GET, as a
// link or a QR code makes it. The page for people posts the address instead,
// so that it stays out of URLs.
func New(r proto.Resolver, s Signer) proto.Protocol {
	m := &mobileconfig{resolver: r, signer: s, languages: newLanguages()}
	p := proto.Protocol{Name: "mobileconfig"}
	for _, path := range []string{
		"/profile.mobileconfig",
		"/email.mobileconfig", "/mobileconfig/", "/mobileconfig", // as other servers spell it
	} {
		p.Endpoints = append(p.Endpoints, proto.Endpoint{Path: path, Methods: []string{http.MethodGet, http.MethodPost}, Serve: m.serve})
	}
	return p
}

func (m *mobileconfig) serve(r *http.Request) (proto.Response, error) {
	req, err := m.parse(r)
	if err != nil {
		return proto.Response{}, err
	}
	found, options, err := m.resolve(r.Context(), req)
	if err != nil {
		return proto.Response{}, err
	}
	profile, err := Render(found, options)
	if err != nil {
		return proto.Response{}, err
	}
	signed, err := m.signer.Sign(profile)
	if err != nil {
		return proto.Response{}, fmt.Errorf("cannot sign a profile: %w", err)
	}
	return proto.Response{
		Status: http.StatusOK,
		// Safari opens the installer for exactly this type.
		ContentType: "application/x-apple-aspen-config",
		Header: http.Header{
			"Content-Disposition": {`attachment; filename="` + string(found.Domain) + `.mobileconfig"`},
			"Cache-Control":       {"no-store"}, // it holds an address
		},
		Body:   signed,
		Domain: found.Domain,
	}, nil
}

// resolve finds the settings of every mailbox. Whoever answers for the domain
// of an alias is of no account here, but it must be somebody: a profile shall
// not make anybody send in the name of a stranger.
func (m *mobileconfig) resolve(ctx context.Context, req request) (settings.Settings, Options, error) {
	options := Options{Selection: req.selection, Language: req.language}
	var first settings.Settings
	for i, a := range req.mailboxes {
		found, err := m.resolver.Resolve(ctx, settings.Query{Domain: a.Domain, Address: a})
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
