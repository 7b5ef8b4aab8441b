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

// heard is what a server understood.
type heard struct{ login, password string }

// listener is a server that takes any password and remembers it. It reads what
// it hears by itself, with nothing of the package under test.
type listener struct {
	in  *bufio.Reader
	out io.Writer
}

// listening makes a server of a protocol that takes one login.
func listening(got *heard, serve func(listener) (heard, error)) func(net.Conn) error {
	return func(conn net.Conn) error {
		secure := encrypted(conn, trusted().good)
		var err error
		*got, err = serve(listener{bufio.NewReader(secure), secure})
		return err
	}
}

func (l listener) say(lines ...string) error {
	_, err := io.WriteString(l.out, strings.Join(lines, "\r\n")+"\r\n")
	return err
}

// hear returns the next line, or an error where it does not begin with want.
func (l listener) hear(want string) (rest string, err error) {
	line, err := l.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	rest, ok := strings.CutPrefix(line, want)
	rest, ended := strings.CutSuffix(rest, "\r\n")
	if !ok || !ended {
		return "", fmt.Errorf("a line does not begin with %q", want)
	}
	return rest, nil
}

// literal returns the octets that an announcement at the end of line counts.
func (l listener) literal(line string) (string, error) {
	var n int
	if _, err := fmt.Sscanf(line, "{%d}", &n); err != nil || line != fmt.Sprintf("{%d}", n) {
		return "", fmt.Errorf("%q announces no literal", line)
	}
	if err := l.say("+ go ahead"); err != nil {
		return "", err
	}
	text := make([]byte, n)
	_, err := io.ReadFull(l.in, text)
	return string(text), err
}

func fromPlain(message string) (heard, error) {
	raw, err := base64.StdEncoding.DecodeString(message)
	parts := strings.Split(string(raw), "\x00")
	if err != nil || len(parts) != 3 || parts[0] != "" {
		return heard{}, fmt.Errorf("a message of %d octets is none of PLAIN: %w", len(message), err)
	}
	return heard{parts[1], parts[2]}, nil
}

// conversations are all the ways in which a password is sent.
func conversations() map[string]func(listener) (heard, error) {
	imap := func(capabilities string, login func(listener) (heard, error)) func(listener) (heard, error) {
		return func(l listener) (heard, error) {
			if err := l.say("* OK ready"); err != nil {
				return heard{}, err
			}
			if _, err := l.hear("waymark CAPABILITY"); err != nil {
				return heard{}, err
			}
			if err := l.say("* CAPABILITY IMAP4rev1 "+capabilities, "waymark OK done"); err != nil {
				return heard{}, err
			}
			got, err := login(l)
			if err != nil {
				return heard{}, err
			}
			return got, l.say("waymark OK Logged in")
		}
	}
	return map[string]func(listener) (heard, error){
		"imap initial response": imap("AUTH=PLAIN SASL-IR", func(l listener) (heard, error) {
			message, err := l.hear("waymark AUTHENTICATE PLAIN ")
			if err != nil {
				return heard{}, err
			}
			return fromPlain(message)
		}),
		"imap continuation": imap("AUTH=PLAIN", func(l listener) (heard, error) {
			if _, err := l.hear("waymark AUTHENTICATE PLAIN"); err != nil {
				return heard{}, err
			}
			if err := l.say("+ "); err != nil {
				return heard{}, err
			}
			message, err := l.hear("")
			if err != nil {
				return heard{}, err
			}
			return fromPlain(message)
		}),
		"imap login": imap("", func(l listener) (got heard, err error) {
			line, err := l.hear("waymark LOGIN ")
			if err != nil {
				return heard{}, err
			}
			if got.login, err = l.literal(line); err != nil {
				return heard{}, err
			}
			if line, err = l.hear(" "); err != nil {
				return heard{}, err
			}
			if got.password, err = l.literal(line); err != nil {
				return heard{}, err
			}
			_, err = l.hear("") // the end of the line
			return got, err
		}),
		"pop3 auth": func(l listener) (heard, error) {
			for _, turn := range [][2]string{{"+OK ready", "CAPA"}, {"+OK\r\nSASL PLAIN\r\n.", "AUTH PLAIN"}} {
				if err := l.say(turn[0]); err != nil {
					return heard{}, err
				}
				if _, err := l.hear(turn[1]); err != nil {
					return heard{}, err
				}
			}
			if err := l.say("+ "); err != nil {
				return heard{}, err
			}
			message, err := l.hear("")
			if err != nil {
				return heard{}, err
			}
			got, err := fromPlain(message)
			if err != nil {
				return heard{}, err
			}
			return got, l.say("+OK")
		},
		"pop3 user": func(l listener) (got heard, err error) {
			if err := l.say("+OK ready"); err != nil {
				return heard{}, err
			}
			if _, err := l.hear("CAPA"); err != nil {
				return heard{}, err
			}
			if err := l.say("-ERR"); err != nil {
				return heard{}, err
			}
			if got.login, err = l.hear("USER "); err != nil {
				return heard{}, err
			}
			if err := l.say("+OK"); err != nil {
				return heard{}, err
			}
			if got.password, err = l.hear("PASS "); err != nil {
				return heard{}, err
			}
			return got, l.say("+OK")
		},
		"smtp plain": func(l listener) (heard, error) {
			for _, turn := range [][2]string{{"220 ESMTP", "EHLO "}, {"250-x\r\n250 AUTH PLAIN", "AUTH PLAIN"}} {
				if err := l.say(turn[0]); err != nil {
					return heard{}, err
				}
				if _, err := l.hear(turn[1]); err != nil {
					return heard{}, err
				}
			}
			if err := l.say("334 "); err != nil {
				return heard{}, err
			}
			message, err := l.hear("")
			if err != nil {
				return heard{}, err
			}
			got, err := fromPlain(message)
			if err != nil {
				return heard{}, err
			}
			return got, l.say("235 ok")
		},
		"smtp login": func(l listener) (heard, error) {
			for _, turn := range [][2]string{{"220 ESMTP", "EHLO "}, {"250-x\r\n250 AUTH LOGIN", "AUTH LOGIN"}} {
				if err := l.say(turn[0]); err != nil {
					return heard{}, err
				}
				if _, err := l.hear(turn[1]); err != nil {
					return heard{}, err
				}
			}
			var got [2]string
			for i := range got {
				if err := l.say("334 "); err != nil {
					return heard{}, err
				}
				message, err := l.hear("")
				if err != nil {
					return heard{}, err
				}
				raw, err := base64.StdEncoding.DecodeString(message)
				if err != nil {
					return heard{}, err
				}
				got[i] = string(raw)
			}
			return heard{got[0], got[1]}, l.say("235 ok")
		},
	}
}

func TestPasswordsArriveAsTheyAre(t *testing.T) {
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
	for way, serve := range conversations() {
		t.Run(way, func(t *testing.T) {
			protocol, _, _ := strings.Cut(way, " ")
			svc := service(settings.Protocol(strings.Replace(protocol, "smtp", "submission", 1)), settings.TLS)
			var got heard
			c := checkerFor(t, listening(&got, serve))
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
