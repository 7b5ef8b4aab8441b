package realclients

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

// startMailServer replaces one server of an account. It speaks IMAP or SMTP up to
// the login, records the user name, and rejects it.
func startMailServer(t *testing.T, of server, id tls.Certificate) (address string, users <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	seen := make(chan string, 10)
	config := &tls.Config{Certificates: []tls.Certificate{id}, MinVersion: tls.VersionTLS12}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			secure := of.Security == string(settings.TLS)
			if secure {
				conn = tls.Server(conn, config)
			}
			talk := &conversation{conn: conn, lines: bufio.NewReader(conn), secure: secure, config: config, users: seen}
			go func() {
				defer func() { _ = talk.conn.Close() }()
				if of.Protocol == string(settings.IMAP) {
					talk.imap()
				} else {
					talk.smtp()
				}
			}()
		}
	}()
	return listener.Addr().String(), seen
}

// conversation is one connection to a mail server.
type conversation struct {
	conn   net.Conn
	lines  *bufio.Reader
	secure bool // now
	config *tls.Config
	users  chan<- string
}

func (c *conversation) say(line string) { _, _ = fmt.Fprintf(c.conn, "%s\r\n", line) }

func (c *conversation) next() (string, bool) {
	line, err := c.lines.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err == nil
}

func (c *conversation) startTLS() {
	c.conn, c.secure = tls.Server(c.conn, c.config), true
	c.lines = bufio.NewReader(c.conn)
}

func (c *conversation) imap() {
	c.say("* OK ready")
	for {
		line, ok := c.next()
		if !ok {
			return
		}
		tag, command, _ := strings.Cut(line, " ")
		verb, rest, _ := strings.Cut(command, " ")
		switch verb = strings.ToUpper(verb); {
		case verb == "CAPABILITY":
			c.say("* CAPABILITY IMAP4rev1 STARTTLS")
			c.say(tag + " OK")
		case verb == "STARTTLS" && !c.secure:
			c.say(tag + " OK")
			c.startTLS()
		case verb == "LOGIN" && c.secure:
			user, _, _ := strings.Cut(rest, " ")
			c.users <- strings.Trim(user, `"`)
			c.say(tag + " NO [AUTHENTICATIONFAILED] seen enough")
		default:
			c.say(tag + " BAD")
		}
	}
}

func (c *conversation) smtp() {
	c.say("220 ready")
	for {
		line, ok := c.next()
		if !ok {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch verb = strings.ToUpper(verb); {
		case verb == "EHLO":
			c.say("250-mail")
			c.say("250-STARTTLS")
			c.say("250 AUTH PLAIN")
		case verb == "STARTTLS" && !c.secure:
			c.say("220 go on")
			c.startTLS()
		case verb == "AUTH" && c.secure:
			_, initial, _ := strings.Cut(rest, " ")
			plain, _ := base64.StdEncoding.DecodeString(initial)
			if parts := strings.Split(string(plain), "\x00"); len(parts) == 3 {
				c.users <- parts[1]
			}
			c.say("535 5.7.8 seen enough")
		default:
			c.say("502 5.5.1 no")
		}
	}
}
