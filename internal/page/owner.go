package page

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Doctor examines a domain for its owner. The error is of kind UnknownDomain for a domain
// of a stranger, and Overloaded while too many others are being examined.
type Doctor interface {
	Diagnose(ctx context.Context, s settings.Settings) (Diagnosis, error)
}

// Diagnosis is what the owner of a domain sees.
type Diagnosis struct {
	Clients []Client
	Records []Record
}

// Client is what a mail client does for an address of the domain.
type Client struct {
	Name     string
	Outcome  Outcome
	Findings []string // the ids of what breaks it
}

// Outcome is whether a client sets up an address, as a key of the texts domain.….
type Outcome string

// The outcomes.
const (
	Works    Outcome = "works"
	Question Outcome = "question" // works after a question to the user
	Broken   Outcome = "broken"
)

// Record is a DNS record to publish.
type Record struct{ Name, Type, Value string }

// ownerView is the page for the owner of a domain.
type ownerView struct {
	Typed  string
	Domain string // that was examined; "" for the form alone
	Diagnosis
}

// owner shows the owner of a domain what works, and the records to publish.
func (p *page) owner(r *http.Request) (dialect.Response, error) {
	if p.Doctor == nil {
		return dialect.Response{}, settings.Errorf(settings.NotOffered, "domains are not examined here")
	}
	typed := strings.TrimSpace(r.URL.Query().Get("domain"))
	v := p.startView(r, p.readChoice(r).texts)
	v.Path, v.Owner = ownerPath, &ownerView{Typed: shown(typed)}
	if typed == "" {
		return p.render(http.StatusOK, v)
	}
	found, diagnosis, err := p.diagnose(r.Context(), typed)
	if err != nil {
		failure := dialect.FailureOf(err)
		if failure.Ours && settings.KindOf(err) != settings.Unavailable {
			return dialect.Response{}, err
		}
		v.Problem = ownerProblem(v.T, err)
		resp, broken := p.render(failure.Status, v)
		return resp, cmp.Or(broken, err)
	}
	v.brand(found)
	v.Owner.Domain, v.Owner.Diagnosis = found.Domain.Unicode(), diagnosis
	resp, err := p.render(http.StatusOK, v)
	resp.Domain = found.Domain
	return resp, err
}

// ownerPath is where owners look at their domain.
const ownerPath = "/domain"

func (p *page) diagnose(ctx context.Context, typed string) (settings.Settings, Diagnosis, error) {
	d, err := address.ParseDomain(typed)
	if err != nil {
		return settings.Settings{}, Diagnosis{}, &settings.Error{Kind: settings.BadRequest, Message: "the domain is not valid", Cause: err}
	}
	found, err := p.Resolver.Resolve(ctx, settings.Query{Domain: d})
	if err != nil {
		return settings.Settings{}, Diagnosis{}, err
	}
	diagnosis, err := p.Doctor.Diagnose(ctx, found)
	return found, diagnosis, err
}

func ownerProblem(c *i18n.Catalogue, err error) string {
	if moved := (*settings.MovedError)(nil); errors.As(err, &moved) {
		return c.Text("problem.moved")
	}
	switch settings.KindOf(err) {
	case settings.UnknownDomain:
		return c.Text("domain.unknown")
	case settings.Unavailable, settings.LookupFailed:
		return c.Text("problem.unavailable")
	default:
	}
	return c.Text("domain.invalid")
}
