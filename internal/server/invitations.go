package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
)

// Invitation is a link that opens the page for one address.
type Invitation struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

// Inviter makes an invitation for an address that works for a time, 0 for the
// usual one. Its errors are shown to the operator.
type Inviter func(context.Context, address.Address, time.Duration) (Invitation, error)

// invitation answers POST /api/v1/invites: {"email": "anna@example.com",
// "expires": "720h"} makes a link; expires may be left out.
func invitation(w http.ResponseWriter, r *http.Request, invite Inviter) dialect.Response {
	var asked struct {
		Email   string `json:"email"`
		Expires string `json:"expires"`
	}
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	in.DisallowUnknownFields()
	if err := in.Decode(&asked); err != nil {
		return dialect.Problem(http.StatusBadRequest, `the body must be JSON such as {"email": "anna@example.com", "expires": "720h"}`)
	}
	if _, err := in.Token(); err != io.EOF {
		return dialect.Problem(http.StatusBadRequest, "there is something behind the JSON object")
	}
	a, err := address.Parse(asked.Email)
	if err != nil {
		return dialect.Problem(http.StatusBadRequest, err.Error())
	}
	var valid time.Duration
	if asked.Expires != "" {
		if valid, err = time.ParseDuration(asked.Expires); err != nil {
			return dialect.Problem(http.StatusBadRequest, "expires must be a time such as 720h")
		}
	}
	made, err := invite(r.Context(), a, valid)
	if err != nil {
		return dialect.Problem(http.StatusUnprocessableEntity, err.Error())
	}
	body, err := json.Marshal(made)
	if err != nil {
		return dialect.Problem(http.StatusInternalServerError, "the link cannot be written")
	}
	return dialect.Response{Status: http.StatusCreated, ContentType: "application/json", Body: append(body, '\n')}
}
