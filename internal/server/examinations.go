package server

import (
	"context"
	"net/http"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Examiner examines a mail domain from outside, and returns the report as JSON or as a
// page; Page of "" asks for a domain.
type Examiner struct {
	JSON, Page func(context.Context, address.Domain) ([]byte, error)
}

// examination answers GET /api/v1/doctor?domain=.
func (o Ops) examination(r *http.Request) (dialect.Response, error) {
	report, err := o.examined(r, o.Examine.JSON, false)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{Status: http.StatusOK, ContentType: "application/json", Body: report}, nil
}

// examinationPage answers GET /doctor, with or without domain.
func (o Ops) examinationPage(r *http.Request) (dialect.Response, error) {
	page, err := o.examined(r, o.Examine.Page, true)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{
		Status: http.StatusOK, ContentType: "text/html; charset=utf-8", Body: page,
		Header: http.Header{"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"}},
	}, nil
}

func (Ops) examined(r *http.Request, report func(context.Context, address.Domain) ([]byte, error), mayAsk bool) ([]byte, error) {
	// A page of another site could keep this server busy. dialect.SameOrigin lets every
	// GET pass.
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return nil, settings.Errorf(settings.Forbidden, "another site sent this request")
	}
	asked := r.URL.Query().Get("domain")
	if asked == "" && mayAsk {
		return report(r.Context(), "")
	}
	domain, err := address.ParseDomain(asked)
	if err != nil {
		return nil, settings.Errorf(settings.BadRequest, "the parameter domain: %v", err)
	}
	return report(r.Context(), domain)
}
