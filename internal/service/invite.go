package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/duration"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/settings"
)

// DefaultInvitation is how long an invitation works by default; longestInvitation
// is the maximum.
const (
	DefaultInvitation = 30 * 24 * time.Hour
	longestInvitation = 365 * 24 * time.Hour
)

// NewInvitation creates a link that opens the set-up page for an address. valid is
// how long it works. The error is for people.
func NewInvitation(cfg *config.Config, a address.Address, valid time.Duration, now time.Time) (server.Invitation, error) {
	switch {
	case cfg.Pages.URL == "":
		return server.Invitation{}, errors.New("pages.url is not set; set it to the URL of the page, such as https://setup.example.com")
	case len(cfg.Pages.Keys) == 0:
		return server.Invitation{}, errors.New("pages.keys is not set; set it to a list with the output of openssl rand -base64 32")
	case valid < time.Minute || valid > longestInvitation:
		return server.Invitation{}, fmt.Errorf("a link can work for a minute to a year, not for %s", duration.Format(valid))
	}
	keys, err := invite.NewKeys(cfg.Pages.Keys)
	if err != nil {
		return server.Invitation{}, err
	}
	until := now.Add(valid).Truncate(time.Second)
	return server.Invitation{URL: cfg.Pages.URL + "/i/" + keys.Seal(invite.Setup, a, until), Expires: until.UTC()}, nil
}

// Invite creates an invitation with the current settings, for an address of a known
// domain. valid is how long it works, 0 for the default.
func (s *Service) Invite(ctx context.Context, a address.Address, valid time.Duration) (server.Invitation, error) {
	now := s.current.Load()
	if _, err := now.sources.Directory(now.cfg, nil).Resolve(ctx, settings.Query{Domain: a.Domain, Address: a}); err != nil {
		return server.Invitation{}, fmt.Errorf("%s: %w", a.Domain, err)
	}
	return NewInvitation(now.cfg, a, cmp.Or(valid, DefaultInvitation), s.options.Now())
}
