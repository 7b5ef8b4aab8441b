package passwordcheck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waymark-mail/waymark/internal/settings"
)

var visitor = netip.MustParseAddr("192.0.2.7")

// answer returns a server that sends its verdict on a password after a delay.
func answer(after time.Duration, verdict string) func(net.Conn) error {
	return func(conn net.Conn) error {
		secure := encrypted(conn, trusted().good)
		if err := script(strings.ReplaceAll(imapAsked(), "PLAIN64", plainSecret))(secure); err != nil {
			return err
		}
		time.Sleep(after)
		_, _ = secure.Write([]byte("waymark " + verdict + "\r\n")) // the client may be gone
		return nil
	}
}

// TestVerifyTakesWholeSteps pins that the duration reveals nothing.
func TestVerifyTakesWholeSteps(t *testing.T) {
	trusted() // creates the keys outside of the bubble
	for _, tc := range []struct {
		name  string
		serve func(net.Conn) error
		want  Verdict
		took  time.Duration
	}{
		{"right", answer(0, "OK"), Right, step},
		{"wrong", answer(300*time.Millisecond, "NO"), Wrong, step},
		{"no such mailbox", answer(0, "NO"), Wrong, step},
		{"wrong, after a delay", answer(2300*time.Millisecond, "NO"), Wrong, 2 * step},
		{"no such mailbox, after a delay", answer(2*time.Second, "NO"), Wrong, 2 * step},
		{"wrong at the last moment, then silent", func(conn net.Conn) error {
			if err := answer(timeLimit-1, "NO")(conn); err != nil {
				return err
			}
			return silent(conn)
		}, Wrong, 5 * step},
		{"refused", script("TLS\nS: * BYE"), Unreachable, step},
		{"silent", silent, Unreachable, 5 * step},
		{"silent after the password", answer(time.Hour, "OK"), Limited, 5 * step},
		{"one octet per second", drip, Unreachable, 5 * step},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := checkerFor(t, tc.serve)
				began := time.Now()
				got := c.Verify(t.Context(), mailbox(service(settings.IMAP, settings.TLS)), "secret", visitor)
				if took := time.Since(began); got != tc.want || took != tc.took {
					t.Errorf("got %q after %v, want %q after %v", got, took, tc.want, tc.took)
				}
			})
		})
	}
}

// drip sends one octet of a greeting per second.
func drip(conn net.Conn) error {
	secure := encrypted(conn, trusted().good)
	for range 60 {
		_, _ = secure.Write([]byte("*")) // the client may have hung up
		time.Sleep(time.Second)
	}
	return nil
}

// silent reads everything and sends nothing.
func silent(conn net.Conn) error {
	_, err := io.Copy(io.Discard, conn)
	return err
}

func TestUnsendablePasswords(t *testing.T) {
	for name, password := range map[string]string{
		"empty": "", "a line feed": "a\nb", "a carriage return": "a\rb", "a NUL": "a\x00b", "too long": strings.Repeat("x", maxPassword+1),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := checkerFor(t, func(net.Conn) error { return errors.New("unexpected connection") })
				began := time.Now()
				if got := c.Verify(t.Context(), mailbox(service(settings.IMAP, settings.TLS)), password, visitor); got != Wrong || time.Since(began) != step {
					t.Errorf("got %q after %v", got, time.Since(began))
				}
			})
		})
	}
}

func TestWithoutAService(t *testing.T) {
	c := checkerFor(t, func(net.Conn) error { return errors.New("unexpected connection") })
	if got := c.Verify(t.Context(), mailbox(service(settings.IMAP, settings.Plaintext)), "secret", visitor); got != Unsupported {
		t.Errorf("got %q", got)
	}
}

func TestLimitOfOneMailbox(t *testing.T) {
	trusted()
	synctest.Test(t, func(t *testing.T) {
		connections := 0
		c := checkerFor(t, func(conn net.Conn) error {
			connections++
			return answer(0, "NO")(conn)
		})
		s := mailbox(service(settings.IMAP, settings.TLS))
		for i := range triesEach {
			if got := c.Verify(t.Context(), s, "secret", visitor); got != Wrong {
				t.Fatalf("try %d: got %q", i+1, got)
			}
		}
		counts := map[string]int{}
		c.options.Count = func(result string) { counts[result]++ }
		began := time.Now()
		if got := c.Verify(t.Context(), s, "secret", visitor); got != Limited || time.Since(began) != step {
			t.Errorf("got %q after %v", got, time.Since(began))
		}
		alias := s
		alias.Domain, alias.Address.Domain = "alias.example", "alias.example"
		if got := c.Verify(t.Context(), alias, "secret", visitor); got != Limited {
			t.Errorf("by an alias domain: got %q", got)
		}
		if synctest.Wait(); connections != triesEach {
			t.Errorf("there were %d connections", connections)
		}
		time.Sleep(window)
		if got := c.Verify(t.Context(), s, "secret", visitor); got != Wrong {
			t.Errorf("later: got %q", got)
		}
		if len(counts) != 2 || counts["limited_mailbox"] != 2 || counts["wrong"] != 1 {
			t.Errorf("counted %v", counts)
		}
	})
}

func TestLimitOfConcurrentTries(t *testing.T) {
	trusted()
	synctest.Test(t, func(t *testing.T) {
		c := checkerFor(t, func(conn net.Conn) error {
			var got heard
			return listening(&got, conversations()["imap initial response"])(conn)
		})
		var held sync.WaitGroup // until all calls have started
		held.Add(1)
		dial := c.dial
		c.dial = func(ctx context.Context, svc settings.Service) (net.Conn, error) {
			held.Wait()
			return dial(ctx, svc)
		}
		verdicts := make(chan Verdict, maxRunning+5)
		for i := range maxRunning + 5 {
			s := mailbox(service(settings.IMAP, settings.TLS))
			s.Address.Local = fmt.Sprint("anna", i)
			go func() { verdicts <- c.Verify(t.Context(), s, "secret", clientIn(i)) }()
		}
		time.Sleep(step)
		for range 5 {
			if got := <-verdicts; got != Limited {
				t.Errorf("got %q, want the calls beyond the limit refused", got)
			}
		}
		held.Done()
		for range maxRunning {
			if got := <-verdicts; got != Right {
				t.Errorf("got %q", got)
			}
		}
		s := mailbox(service(settings.IMAP, settings.TLS))
		if got := c.Verify(t.Context(), s, "secret", visitor); got != Right {
			t.Errorf("afterwards: got %q", got)
		}
	})
}

func TestCancelledContextEndsTheTry(t *testing.T) {
	trusted()
	synctest.Test(t, func(t *testing.T) {
		c := checkerFor(t, answer(time.Hour, "OK"))
		c.options.Failed = func(string, error) { t.Error("Failed was called") }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		c.Verify(ctx, mailbox(service(settings.IMAP, settings.TLS)), "secret", visitor)
		if time.Since(began) != time.Second {
			t.Errorf("it ended after %v", time.Since(began))
		}
		if c.running.running != 0 {
			t.Error("the try still counts as running")
		}
	})
}

// TestReasonsContainNoSecret lets the server repeat everything it was sent.
func TestReasonsContainNoSecret(t *testing.T) {
	trusted()
	for _, tc := range []struct {
		name, reason string
		serve        func(net.Conn) error
		want         Verdict
	}{
		{"garbage", "the server violated the protocol",
			answer(0, "BAD "+plainSecret+" anna@example.com secret"), Unreachable},
		{"delayed", "the server did not reply to the password in time; Dovecot delays hosts that sent wrong passwords",
			answer(time.Hour, "OK"), Limited},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var host string
				var reason error
				c := checkerFor(t, tc.serve)
				c.options.Failed = func(h string, err error) { host, reason = h, err }
				if got := c.Verify(t.Context(), mailbox(service(settings.IMAP, settings.TLS)), "secret", visitor); got != tc.want {
					t.Errorf("got %q", got)
				}
				if host != "mail.example.com" || reason == nil || reason.Error() != tc.reason {
					t.Errorf("got %q, %v", host, reason)
				}
			})
		})
	}
}
