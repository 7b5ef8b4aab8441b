package passwordcheck

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

// heard is the login and password that a server received.
type heard struct{ login, password string }

// listening returns a server that accepts any password and stores it in got. It
// decodes what it reads by itself, with nothing of the package under test. A line
// of the script is a step:
//
//	S: text        send a line
//	C: text        read a line that begins with text
//	PLAIN: text    read text and a message of SASL PLAIN
//	LOGIN64: text  read text and the login in base64; likewise PASSWORD64
//	LOGIN: text    read text and the login; likewise PASSWORD
//	LITERAL        read the octets that the last line announced, as the login or
//	               else the password
func listening(got *heard, script string) func(net.Conn) error {
	return func(conn net.Conn) error {
		*got = heard{}
		secure := encrypted(conn, trusted().good)
		in := bufio.NewReader(secure)
		rest := "" // of the last line that was read
		for step := range strings.Lines(strings.TrimSpace(script)) {
			verb, text, _ := strings.Cut(strings.Trim(step, "\t\n"), ": ")
			if verb == "S" {
				if _, err := io.WriteString(secure, text+"\r\n"); err != nil {
					return err
				}
				continue
			}
			if verb == "LITERAL" {
				if err := got.literal(rest, secure, in); err != nil {
					return err
				}
				continue
			}
			line, err := in.ReadString('\n')
			if err != nil {
				return err
			}
			after, ok := strings.CutPrefix(line, text)
			after, ended := strings.CutSuffix(after, "\r\n")
			if !ok || !ended {
				return fmt.Errorf("a line does not begin with %q", text)
			}
			if rest = after; strings.HasSuffix(verb, "64") || verb == "PLAIN" {
				raw, err := base64.StdEncoding.DecodeString(rest)
				if err != nil {
					return err
				}
				after = string(raw)
			}
			switch verb {
			case "PLAIN":
				parts := strings.Split(after, "\x00")
				if len(parts) != 3 || parts[0] != "" {
					return fmt.Errorf("a message of %d octets is not SASL PLAIN", len(after))
				}
				*got = heard{parts[1], parts[2]}
			case "LOGIN", "LOGIN64":
				got.login = after
			case "PASSWORD", "PASSWORD64":
				got.password = after
			}
		}
		return nil
	}
}

// literal reads the octets that an announcement counts.
func (h *heard) literal(announced string, out io.Writer, in io.Reader) error {
	var n int
	if _, err := fmt.Sscanf(announced, "{%d}", &n); err != nil || announced != fmt.Sprintf("{%d}", n) {
		return fmt.Errorf("%q announces no literal", announced)
	}
	if _, err := io.WriteString(out, "+ go ahead\r\n"); err != nil {
		return err
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(in, text); err != nil {
		return err
	}
	if h.login == "" {
		h.login = string(text)
	} else {
		h.password = string(text)
	}
	return nil
}

// conversations are all the ways to send a password, as scripts of listening.
func conversations() map[string]string {
	imap := func(capabilities, login string) string {
		return "S: * OK ready\nC: waymark CAPABILITY\nS: * CAPABILITY IMAP4rev1 " + capabilities + "\nS: waymark OK done\n" + login + "\nS: waymark OK Logged in"
	}
	return map[string]string{
		"imap initial response": imap("AUTH=PLAIN SASL-IR", "PLAIN: waymark AUTHENTICATE PLAIN "),
		"imap continuation":     imap("AUTH=PLAIN", "C: waymark AUTHENTICATE PLAIN\nS: + \nPLAIN: "),
		"imap login":            imap("", "C: waymark LOGIN \nLITERAL\nC:  \nLITERAL\nC: "),
		"pop3 auth":             "S: +OK ready\nC: CAPA\nS: +OK\nS: SASL PLAIN\nS: .\nC: AUTH PLAIN\nS: + \nPLAIN: \nS: +OK",
		"pop3 user":             "S: +OK ready\nC: CAPA\nS: -ERR\nLOGIN: USER \nS: +OK\nPASSWORD: PASS \nS: +OK",
		"smtp plain":            "S: 220 ESMTP\nC: EHLO \nS: 250-x\nS: 250 AUTH PLAIN\nC: AUTH PLAIN\nS: 334 \nPLAIN: \nS: 235 ok",
		"smtp login":            "S: 220 ESMTP\nC: EHLO \nS: 250-x\nS: 250 AUTH LOGIN\nC: AUTH LOGIN\nS: 334 \nLOGIN64: \nS: 334 \nPASSWORD64: \nS: 235 ok",
	}
}

func TestPasswordsArriveUnchanged(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	passwords := []string{
		"secret", `"`, `\`, `\"`, `"\`, "{5}", "{5+}", "{6}\\r\\n", " ", " a ", "a  b", "*", "=", "+", ".", "..", "%", "\t", "\x7f", "\x01",
		"pässwörd", "passwo\u0308rd", "密码", "🔑", "\xff\xfe", "waymark LOGOUT", "AGFubmE=", "QUIT",
		strings.Repeat("x", 255), strings.Repeat("ü", maxPassword/2), strings.Repeat(`"`, maxPassword),
	}
	for range 12 {
		octets := make([]byte, 1+r.IntN(maxPassword))
		for i := range octets {
			for octets[i] == 0 || octets[i] == '\r' || octets[i] == '\n' {
				octets[i] = byte(r.Uint32())
			}
		}
		passwords = append(passwords, string(octets))
	}
	logins := []string{"anna@example.com", "web12p3", `a "b" \c{5}`, "用户@example.com", `DOMAIN\anna`, "x"}
	for way, script := range conversations() {
		t.Run(way, func(t *testing.T) {
			protocol, _, _ := strings.Cut(way, " ")
			svc := service(settings.Protocol(strings.Replace(protocol, "smtp", "submission", 1)), settings.TLS)
			var got heard
			c := checkerFor(t, listening(&got, script))
			for i, password := range passwords {
				if !sendable(password) {
					t.Fatalf("%q is not sent at all", password)
				}
				want := heard{logins[i%len(logins)], password}
				verdict, err := c.try(t.Context(), attempt{service: svc, login: want.login, password: want.password})
				if verdict != Right || got != want {
					t.Errorf("got %q, %v, %q; want %q", verdict, err, got, want)
				}
			}
		})
	}
}
