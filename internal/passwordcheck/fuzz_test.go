package passwordcheck

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/settings"
)

// tape is a connection to a server that sends a fixed text, line by line.
type tape struct {
	net.Conn
	said  []byte
	heard bytes.Buffer
}

func (c *tape) Read(p []byte) (int, error) {
	if len(c.said) == 0 {
		return 0, io.EOF
	}
	n := min(len(p), len(c.said), bytes.IndexByte(c.said, '\n')+1)
	if n <= 0 {
		n = min(len(p), len(c.said))
	}
	copy(p, c.said[:n])
	c.said = c.said[n:]
	return n, nil
}

func (c *tape) Write(p []byte) (int, error) { return c.heard.Write(p) }
func (c *tape) SetDeadline(time.Time) error { return nil }
func (c *tape) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv6loopback} }
func (c *tape) password() bool              { return containsSecret(c.heard.Bytes()) }
func (c *tape) contains(text string) bool   { return bytes.Contains(c.heard.Bytes(), []byte(text)) }
func containsSecret(heard []byte) bool {
	return slices.ContainsFunc([]string{"secret", plainSecret, passBase64}, func(s string) bool {
		return bytes.Contains(heard, []byte(s))
	})
}

// FuzzConversations lets a server send anything.
func FuzzConversations(f *testing.F) {
	for _, said := range []string{
		"* OK ready\r\n* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\nwaymark OK done\r\nwaymark OK [CAPABILITY x] in\r\n",
		"* OK ready\r\nwaymark OK begin\r\n* CAPABILITY AUTH=PLAIN\r\nwaymark OK done\r\n+ \r\nwaymark NO [UNAVAILABLE] x\r\n",
		"* OK\r\nwaymark OK\r\n+\r\n+\r\nwaymark OK\r\n* BYE\r\n",
		"* OK\r\n* CAPABILITY ID\r\nwaymark OK\r\n* ID NIL\r\nwaymark OK\r\n+\r\n+\r\nwaymark OK\r\n",
		"* PREAUTH in\r\n", "* BYE\n", "\r\n", "*\r\n", "waymark\r\n", "waymark OK", strings.Repeat("* OK\r\n", maxLines+1),
	} {
		f.Add(uint8(0), false, []byte(said))
		f.Add(uint8(0), true, []byte(said))
	}
	for _, said := range []string{
		"+OK\r\n+OK\r\nSASL PLAIN\r\nUSER\r\n.\r\n+ \r\n+OK\r\n", "+OK\r\n-ERR\r\n+OK\r\n-ERR [IN-USE] x\r\n",
		"+OK\r\n+OK\r\n-ERR\r\n+OK\r\n-ERR [SYS/TEMP]\r\n", "-ERR\r\n", "+OK\n+OK\n\n.\n", "+OK\r\n+OK\r\nSASL\r\n.\r\n",
	} {
		f.Add(uint8(1), false, []byte(said))
		f.Add(uint8(1), true, []byte(said))
	}
	for _, said := range []string{
		"220 x\r\n250-x\r\n250 AUTH PLAIN\r\n334 \r\n235 ok\r\n", "220 x\r\n250-x\r\n250 AUTH LOGIN\r\n334 \r\n334 \r\n535 no\r\n",
		"220-x\r\n220\r\n250\r\n220 x\r\n250-x\r\n250 AUTH PLAIN\r\n334\r\n454 x\r\n", "220\r\n250-\r\n251 \r\n", "2\r\n", "999\r\n",
	} {
		f.Add(uint8(2), false, []byte(said))
		f.Add(uint8(2), true, []byte(said))
	}
	known := []error{errTooMuch, errGarbage, errGoodbye, errTemporary, errNoUpgrade, io.EOF}
	f.Fuzz(func(t *testing.T, which uint8, upgrade bool, said []byte) {
		conn := &tape{said: said}
		s := session{wire: newWire(conn), attempt: attempt{
			service:  settings.Service{Protocol: []settings.Protocol{settings.IMAP, settings.POP3, settings.Submission}[which%3]},
			login:    "anna@example.com",
			password: "secret",
			client:   netip.MustParseAddr("192.0.2.7"),
		}}
		s.encrypted = !upgrade
		if upgrade {
			s.upgrade = func() error {
				if conn.password() || conn.contains("anna") || conn.contains(annaBase64) {
					t.Fatalf("login or password sent before encryption: %q", conn.heard.String())
				}
				s.encrypted = true
				return nil
			}
		}
		verdict, err := s.converse()
		switch verdict {
		case Right:
			if !conn.password() {
				t.Fatalf("the verdict is right, but the password was not sent: %q", conn.heard.String())
			}
		case Wrong, Unsupported, Limited, Unreachable:
		default:
			t.Fatalf("unknown verdict %q", verdict)
		}
		if (err != nil) != (verdict == Unreachable) {
			t.Fatalf("%q with the error %v", verdict, err)
		}
		if err != nil && !slices.ContainsFunc(known, func(k error) bool { return errors.Is(err, k) }) {
			t.Fatalf("an unknown error, perhaps with text of the server: %v", err)
		}
		if !s.encrypted && (conn.password() || conn.contains("anna") || conn.contains(annaBase64)) {
			t.Fatalf("login or password sent without encryption: %q", conn.heard.String())
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(conn.heard.String(), "\r\n"), "\r\n") {
			if strings.ContainsAny(line, "\r\n\x00") {
				t.Fatalf("a line break or NUL inside a line: %q", line)
			}
		}
	})
}
