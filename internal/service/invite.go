package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/settings"
)

// DefaultInvitation is how long a link works unless somebody says otherwise;
// longestInvitation is as long as anybody may say.
const (
	DefaultInvitation = 30 * 24 * time.Hour
	longestInvitation = 365 * 24 * time.Hour
)

// NewInvitation makes a link that opens the page for an address, which works for
// the time that valid says, 0 for the usual one. The errors are in plain words.
func NewInvitation(cfg *config.Config, a address.Address, valid time.Duration, now time.Time) (server.Invitation, error) {
	if valid == 0 {
		valid = DefaultInvitation
	}
	switch {
	case cfg.Pages.URL == "":
		return server.Invitation{}, errors.New("the settings do not say where the page is; set pages.url to its address, such as https://setup.example.com")
	case len(cfg.Pages.Keys) == 0:
		return server.Invitation{}, errors.New("the settings have no key that stays; set pages.keys to a list with one that openssl rand -base64 32 prints")
	case valid < time.Minute || valid > longestInvitation:
		return server.Invitation{}, fmt.Errorf("a link can work for a minute to a year, not for %s", valid)
	}
	keys, err := invite.NewKeys(cfg.Pages.Keys)
	if err != nil {
		return server.Invitation{}, err
	}
	until := now.Add(valid).Truncate(time.Second)
	return server.Invitation{URL: cfg.Pages.URL + "/i/" + keys.Seal(invite.Setup, a, until), Expires: until.UTC()}, nil
}

// Invite makes an invitation with the settings in force, for an address that is
// one of ours.
func (s *Service) Invite(ctx context.Context, a address.Address, valid time.Duration) (server.Invitation, error) {
	s.reloading.Lock()
	cfg, sources := s.current.cfg, s.current.sources
	s.reloading.Unlock()
	if _, err := sources.Directory(cfg, nil).Resolve(ctx, settings.Query{Domain: a.Domain, Address: a}); err != nil {
		return server.Invitation{}, fmt.Errorf("%s: %w", a.Domain, err)
	}
	return NewInvitation(cfg, a, valid, s.options.Now())
}
