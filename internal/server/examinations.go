package server

import (
	"context"
	"net/http"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Examiner examines a mail domain from outside, and returns the report as JSON and as
// a page; "" returns a page that asks for a domain.
type Examiner func(context.Context, address.Domain) (json, page []byte, err error)

// examination answers GET /api/v1/doctor?domain=.
func (o Ops) examination(r *http.Request) (dialect.Response, error) {
	report, _, err := o.examined(r, false)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{Status: http.StatusOK, ContentType: "application/json", Body: report}, nil
}

// examinationPage answers GET /doctor, with or without domain.
func (o Ops) examinationPage(r *http.Request) (dialect.Response, error) {
	_, page, err := o.examined(r, true)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{
		Status: http.StatusOK, ContentType: "text/html; charset=utf-8", Body: page,
		Header: http.Header{"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"}},
	}, nil
}

func (o Ops) examined(r *http.Request, mayAsk bool) (json, page []byte, err error) {
	// A page of another site could keep this server busy. dialect.SameOrigin lets every
	// GET pass.
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return nil, nil, settings.Errorf(settings.Forbidden, "another site sent this request")
	}
	asked := r.URL.Query().Get("domain")
	if asked == "" && mayAsk {
		return o.Examine(r.Context(), "")
	}
	domain, err := address.ParseDomain(asked)
	if err != nil {
		return nil, nil, settings.Errorf(settings.BadRequest, "the parameter domain: %v", err)
	}
	return o.Examine(r.Context(), domain)
}
