package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
)

// Invitation is a link that opens the page for one address.
type Invitation struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

// Inviter makes an invitation for an address that works for a time, 0 for the
// usual one. Its errors are shown to the operator.
type Inviter func(context.Context, address.Address, time.Duration) (Invitation, error)

// invitations answers POST /api/v1/invites: {"email": "anna@example.com",
// "expires": "720h"} makes a link; expires may be left out.
func invitations(w http.ResponseWriter, r *http.Request, invite Inviter) {
	var asked struct {
		Email   string `json:"email"`
		Expires string `json:"expires"`
	}
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	in.DisallowUnknownFields()
	if err := in.Decode(&asked); err != nil {
		problem(w, http.StatusBadRequest, `the body must be JSON such as {"email": "anna@example.com", "expires": "720h"}`)
		return
	}
	if _, err := in.Token(); err != io.EOF {
		problem(w, http.StatusBadRequest, "there is something behind the JSON object")
		return
	}
	a, err := address.Parse(asked.Email)
	if err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	var valid time.Duration
	if asked.Expires != "" {
		if valid, err = time.ParseDuration(asked.Expires); err != nil {
			problem(w, http.StatusBadRequest, "expires must be a time such as 720h")
			return
		}
	}
	made, err := invite(r.Context(), a, valid)
	if err != nil {
		problem(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	asJSON(w, http.StatusCreated, "application/json", made)
}

// problem answers in the form of RFC 9457.
func problem(w http.ResponseWriter, status int, detail string) {
	asJSON(w, status, "application/problem+json", struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(status), status, detail})
}

func asJSON(w http.ResponseWriter, status int, contentType string, v any) {
	body, err := json.Marshal(v)
	if err != nil { // strings, numbers and times can always be written
		plain(w, http.StatusInternalServerError, "the answer cannot be written\n")
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// An operator who went away needs no answer.
	_, _ = w.Write(append(body, '\n'))
}
