package passwordcheck

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"os"
	"time"

	"github.com/waymark-mail/waymark/internal/settings"
)

// attempt is one login to try.
type attempt struct {
	service         settings.Service
	login, password string
	client          netip.Addr // of the visitor; zero if unknown
}

// session is the conversation with a server about one password.
type session struct {
	*wire
	attempt
	// upgrade starts TLS; nil when the connection began with it.
	upgrade func() error
}

// try connects, logs in and logs out. The error is the reason for Unreachable,
// or for Limited when the server did not reply to the password.
func (c *Checker) try(ctx context.Context, a attempt) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	conn, err := c.dial(ctx, a.service)
	if err != nil {
		return Unreachable, err
	}
	defer conn.Close() //nolint:errcheck // nothing is left to send
	stop := context.AfterFunc(ctx, func() {
		conn.SetDeadline(time.Unix(1, 0)) //nolint:errcheck // it only fails on a closed connection
	})
	defer stop()

	s := session{wire: newWire(conn), attempt: a}
	encrypt := func() error {
		return s.encrypt(ctx, &tls.Config{ServerName: a.service.Host, RootCAs: c.options.RootCAs, MinVersion: tls.VersionTLS12})
	}
	if a.service.Security == settings.TLS {
		if err := encrypt(); err != nil {
			return Unreachable, err
		}
	} else {
		s.upgrade = encrypt
	}
	return s.converse()
}

// startTLS upgrades the connection if the server agreed to it.
func (s *session) startTLS(agreed bool, err error) error {
	switch {
	case err != nil:
		return err
	case !agreed:
		return errNoUpgrade
	}
	return s.upgrade()
}

func (s *session) converse() (Verdict, error) {
	var verdict Verdict
	var err error
	var goodbye string
	switch s.service.Protocol {
	case settings.IMAP:
		verdict, err = s.imap()
		goodbye = imapTag + " LOGOUT"
	case settings.POP3:
		verdict, err = s.pop3()
		goodbye = "QUIT"
	default: // choose picks nothing else
		verdict, err = s.submission()
		goodbye = "QUIT"
	}
	switch {
	case err != nil && s.sent && errors.Is(err, os.ErrDeadlineExceeded):
		return Limited, errHeldBack
	case err != nil:
		return Unreachable, err
	}
	s.quit(goodbye)
	return verdict, nil
}
