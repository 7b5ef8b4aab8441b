package passwordcheck

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/waymark-mail/waymark/internal/settings"
)

// attempt is all that is to be tried, and where.
type attempt struct {
	service         settings.Service
	login, password string
	client          netip.Addr // of the visitor; zero to say nothing
}

// session is a conversation with a server about one password.
type session struct {
	*wire
	attempt
	// upgrade goes over to TLS; nil when the connection began with it.
	upgrade func() error
}

// try connects, logs in and takes leave. An error is the reason for
// Unreachable, or for Limited where the server only says nothing.
func (c *Checker) try(ctx context.Context, a attempt) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	conn, err := c.dial(ctx, "tcp", net.JoinHostPort(a.service.Host, strconv.Itoa(int(a.service.Port))))
	if err != nil {
		return Unreachable, err
	}
	defer conn.Close() //nolint:errcheck // nothing is left to be said on it
	stop := context.AfterFunc(ctx, func() {
		conn.SetDeadline(time.Unix(1, 0)) //nolint:errcheck // it fails on a closed connection only
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
	default: // choose picks no fourth
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
