package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/duration"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Invitation is a link that opens the set-up page for one address.
type Invitation struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

// Inviter creates an invitation for an address. valid is how long it works, 0
// for the default. The error is shown to the operator.
type Inviter func(ctx context.Context, a address.Address, valid time.Duration) (Invitation, error)

// invite answers POST /api/v1/invites: {"email": "anna@example.com",
// "expires": "30d"}; expires is optional.
func (o Ops) invite(r *http.Request) (dialect.Response, error) {
	var asked struct {
		Email   string `json:"email"`
		Expires string `json:"expires"`
	}
	in := json.NewDecoder(r.Body)
	in.DisallowUnknownFields()
	if err := in.Decode(&asked); err != nil {
		return dialect.Response{}, settings.Errorf(settings.BadRequest, `the body must be JSON such as {"email": "anna@example.com", "expires": "30d"}`)
	}
	if _, err := in.Token(); err != io.EOF {
		return dialect.Response{}, settings.Errorf(settings.BadRequest, "unexpected data after the JSON object")
	}
	a, err := address.Parse(asked.Email)
	if err != nil {
		return dialect.Response{}, settings.Errorf(settings.BadRequest, "%v", err)
	}
	var valid time.Duration
	if asked.Expires != "" {
		if valid, err = duration.Parse(asked.Expires); err != nil || valid <= 0 {
			return dialect.Response{}, settings.Errorf(settings.BadRequest, "expires must be a duration such as 30d or 12h")
		}
	}
	made, err := o.Invite(r.Context(), a, valid)
	if err != nil {
		failed := &settings.Error{Kind: settings.NotOffered, Message: "no invitation", Cause: err}
		return dialect.Problem(http.StatusUnprocessableEntity, err.Error()), failed
	}
	body, err := json.Marshal(made)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{Status: http.StatusCreated, ContentType: "application/json", Body: append(body, '\n')}, nil
}
