package passwordcheck

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/certtest"
)

// authority is a CA with server certificates.
type authority struct {
	roots   *x509.CertPool
	good    tls.Certificate // for mail.example.com and localhost
	other   tls.Certificate // for other.example.com
	expired tls.Certificate
}

var trusted = sync.OnceValue(func() authority {
	// The clock of testing/synctest begins in the year 2000.
	from, until := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	good := func(until time.Time) certtest.Change {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, until }
	}
	ca := certtest.Authority("Test Root", nil, good(until))
	server := func(until time.Time, names ...string) tls.Certificate {
		return certtest.Certify("Test Server", certtest.NewKey(), &ca, certtest.Hosts(names...), good(until)).TLS()
	}
	return authority{
		roots:   ca.Pool(),
		good:    server(until, "mail.example.com", "localhost"),
		other:   server(until, "other.example.com"),
		expired: server(from.Add(time.Hour), "mail.example.com"),
	}
})

func service(p settings.Protocol, s settings.Security) settings.Service {
	return settings.Service{
		Protocol: p, Host: "mail.example.com", Port: settings.DefaultPort(p, s), Security: s,
		Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password},
	}
}

// mailbox returns the settings of anna@example.com with these services.
func mailbox(services ...settings.Service) settings.Settings {
	return settings.Settings{
		Provider:  &settings.Provider{ID: "p", Name: "Example", Services: services},
		Domain:    "example.com",
		Canonical: "example.com",
		Address:   address.Address{Local: "anna", Domain: "example.com"},
	}
}

// checkerFor returns a Checker whose connections all lead to serve. It waits for
// serve at the end of the test.
func checkerFor(t *testing.T, serve func(net.Conn) error) *Checker {
	t.Helper()
	c := New(Options{RootCAs: trusted().roots})
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	c.dial = func(context.Context, settings.Service) (net.Conn, error) {
		client, server := net.Pipe()
		running.Go(func() {
			defer func() { _ = server.Close() }()
			if err := serve(server); err != nil {
				t.Errorf("the fake server: %v", err)
			}
		})
		return client, nil
	}
	return c
}

// checkerOverTCP is checkerFor for one connection on loopback, where both sides
// may write at once: a pipe has no buffer.
func checkerOverTCP(t *testing.T, serve func(net.Conn) error) *Checker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		conn, err := l.Accept()
		if err == nil {
			err = serve(conn)
			_ = conn.Close()
		}
		if err != nil {
			t.Errorf("the fake server: %v", err)
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	c := New(Options{RootCAs: trusted().roots})
	c.dial = func(ctx context.Context, _ settings.Service) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}
	return c
}

// encrypted is the server's side of TLS over a pipe.
func encrypted(conn net.Conn, cert tls.Certificate) *tls.Conn {
	return tls.Server(conn, &tls.Config{
		Certificates: []tls.Certificate{cert},
		// A ticket would make both sides write at once.
		SessionTicketsDisabled: true,
	})
}

// script returns a server that plays one side of a conversation. Each line is a
// step:
//
//	S: text     send a line
//	R: "text"   send exactly this, quoted as in Go
//	C: text     read exactly this line
//	TLS [NAME]  start TLS with the certificate good, other or expired
//	END         expect that the client hangs up
//
// It hangs up at the end. The client may hang up earlier only while the server
// is sending.
func script(text string) func(net.Conn) error {
	return func(conn net.Conn) error {
		in := bufio.NewReader(conn)
		for line := range strings.Lines(text) {
			verb, rest, _ := strings.Cut(strings.Trim(line, "\t\n"), " ")
			switch verb {
			case "":
			case "S:":
				if _, err := conn.Write([]byte(rest + "\r\n")); err != nil {
					return nil
				}
			case "R:":
				raw, err := strconv.Unquote(rest)
				if err != nil {
					return err
				}
				if _, err := conn.Write([]byte(raw)); err != nil {
					return nil
				}
			case "C:":
				line, err := in.ReadString('\n')
				if err != nil || line != rest+"\r\n" {
					return fmt.Errorf("got %q (%w), want %q", line, err, rest)
				}
			case "TLS":
				certs := map[string]tls.Certificate{"": trusted().good, "other": trusted().other, "expired": trusted().expired}
				secure := encrypted(conn, certs[rest])
				if err := secure.Handshake(); err != nil {
					return nil // the client rejects the certificate
				}
				conn, in = secure, bufio.NewReader(secure)
			case "END":
				if line, err := in.ReadString('\n'); err == nil || line != "" {
					return fmt.Errorf("got %q, want the end", line)
				}
			default:
				return errors.New("unknown step: " + line)
			}
		}
		return nil
	}
}
