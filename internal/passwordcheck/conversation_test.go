package passwordcheck

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

// The user is anna@example.com, the password is secret. In base64 that is:
const (
	plainSecret = "AGFubmFAZXhhbXBsZS5jb20Ac2VjcmV0"
	annaBase64  = "YW5uYUBleGFtcGxlLmNvbQ=="
	passBase64  = "c2VjcmV0"
)

type conversation struct {
	name   string
	script string
	want   Verdict
	err    error // of Unreachable
	client netip.Addr
}

func TestTheWordsInBase64AreWhatTheySay(t *testing.T) {
	for word, want := range map[string]string{
		plainSecret: "\x00anna@example.com\x00secret", annaBase64: "anna@example.com", passBase64: "secret",
	} {
		if got, err := base64.StdEncoding.DecodeString(word); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", word, got, err)
		}
	}
}

// secretFor is the attempt that the conversations are about.
func secretFor(svc settings.Service) attempt {
	return attempt{service: svc, login: "anna@example.com", password: "secret"}
}

func play(t *testing.T, p settings.Protocol, s settings.Security, cases []conversation) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			text := tc.script
			if s == settings.TLS {
				text = "TLS\n" + text
			}
			text = strings.NewReplacer("PLAIN64", plainSecret, "ANNA64", annaBase64, "PASS64", passBase64).Replace(text)
			c := checkerFor(t, script(text))
			verdict, err := c.try(t.Context(), attempt{service: service(p, s), login: "anna@example.com", password: "secret", client: tc.client})
			if verdict != tc.want || !errors.Is(err, tc.err) || (err != nil) != (verdict == Unreachable) {
				t.Errorf("got %q, %v; want %q, %v", verdict, err, tc.want, tc.err)
			}
		})
	}
}

// imapAsked is every IMAP conversation up to the question of the password.
const imapAsked = `
	S: * OK ready
	C: waymark CAPABILITY
	S: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN
	S: waymark OK done
	C: waymark AUTHENTICATE PLAIN PLAIN64
`

func TestIMAP(t *testing.T) {
	play(t, settings.IMAP, settings.TLS, []conversation{
		{name: "right, with an initial response", want: Right, script: imapAsked + `
			S: waymark OK [CAPABILITY IMAP4rev1] Logged in
			C: waymark LOGOUT
			S: * BYE see you
			S: waymark OK done`},
		{name: "wrong", want: Wrong, script: imapAsked + `
			S: waymark NO [AUTHENTICATIONFAILED] Authentication failed.
			C: waymark LOGOUT`},
		{name: "wrong, without a code and in small letters", want: Wrong, script: imapAsked + `
			S: waymark no
			C: waymark LOGOUT`},
		{name: "an app password is wanted, as Gmail says it", want: Wrong, script: imapAsked + `
			S: * NO [WEBALERT https://example.com/] Web login required.
			S: waymark NO [ALERT] Application-specific password required
			C: waymark LOGOUT`},
		{name: "news before the verdict", want: Right, script: imapAsked + `
			S: * CAPABILITY IMAP4rev1 IDLE
			S: * OK still here
			S: * 23 EXISTS
			S: waymark OK Logged in
			C: waymark LOGOUT`},
		{name: "news without words", want: Unreachable, err: errGarbage, script: imapAsked + `
			S: * 
			END`},
		{name: "right, without an initial response", want: Right, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 LOGINDISABLED
			S: * capability auth=plain
			S: waymark OK done
			C: waymark AUTHENTICATE PLAIN
			S: + 
			C: PLAIN64
			S: waymark OK Logged in
			C: waymark LOGOUT`},
		{name: "right, a continuation without a space", want: Right, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
			S: waymark OK done
			C: waymark AUTHENTICATE PLAIN
			S: +
			C: PLAIN64
			S: waymark OK Logged in
			C: waymark LOGOUT`},
		{name: "right, by LOGIN", want: Right, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 AUTH=CRAM-MD5
			S: waymark OK done
			C: waymark LOGIN {16}
			S: + go ahead
			C: anna@example.com {6}
			S: + go ahead
			C: secret
			S: waymark OK Logged in
			C: waymark LOGOUT`},
		{name: "wrong, by LOGIN", want: Wrong, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: waymark OK done
			C: waymark LOGIN {16}
			S: + go ahead
			C: anna@example.com {6}
			S: + go ahead
			C: secret
			S: waymark NO no
			C: waymark LOGOUT`},
		{name: "told who asks", want: Right, client: netip.MustParseAddr("2001:db8::7%eth0"), script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 ID SASL-IR AUTH=PLAIN
			S: waymark OK done
			C: waymark ID ("name" "Waymark" "x-originating-ip" "2001:db8::7")
			S: * ID NIL
			S: waymark OK done
			C: waymark AUTHENTICATE PLAIN PLAIN64
			S: waymark OK Logged in
			C: waymark LOGOUT`},
		{name: "told who asks, and does not want to know", want: Right, client: netip.MustParseAddr("::ffff:192.0.2.7"), script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 ID SASL-IR AUTH=PLAIN
			S: waymark OK done
			C: waymark ID ("name" "Waymark" "x-originating-ip" "192.0.2.7")
			S: waymark BAD what?
			C: waymark AUTHENTICATE PLAIN PLAIN64
			S: waymark OK Logged in
			C: waymark LOGOUT`},
		{name: "who asks is not said to a server without ID", want: Right, client: netip.MustParseAddr("192.0.2.7"), script: imapAsked + `
			S: waymark OK Logged in
			C: waymark LOGOUT`},
		{name: "nothing is said of nobody", want: Right, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 ID SASL-IR AUTH=PLAIN
			S: waymark OK done
			C: waymark AUTHENTICATE PLAIN PLAIN64
			S: waymark OK Logged in
			C: waymark LOGOUT`},
		{name: "no LOGIN", want: Unsupported, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED
			S: waymark OK done
			C: waymark LOGOUT`},
		{name: "the mechanism is refused before the password", want: Unsupported, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
			S: waymark OK done
			C: waymark AUTHENTICATE PLAIN
			S: waymark NO not for you
			C: waymark LOGOUT`},
		{name: "LOGIN is refused before the password", want: Unreachable, err: errTemporary, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: waymark OK done
			C: waymark LOGIN {16}
			S: + go ahead
			C: anna@example.com {6}
			S: waymark NO [unavailable] later
			END`},
		{name: "LOGIN is over before the password", want: Unreachable, err: errGarbage, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: waymark OK done
			C: waymark LOGIN {16}
			S: waymark OK Logged in
			END`},
		{name: "logged in already", want: Unsupported, script: `
			S: * PREAUTH come in
			C: waymark LOGOUT`},
		{name: "encryption is not enough", want: Unsupported, script: imapAsked + `
			S: waymark NO [PRIVACYREQUIRED] more, please
			C: waymark LOGOUT`},
		{name: "down behind the server", want: Unreachable, err: errTemporary, script: imapAsked + `
			S: waymark NO [UNAVAILABLE] Temporary authentication failure.
			END`},
		{name: "BAD", want: Unreachable, err: errGarbage, script: imapAsked + `
			S: waymark BAD what?
			END`},
		{name: "asks on", want: Unreachable, err: errGarbage, script: imapAsked + `
			S: + more
			END`},
		{name: "BYE at first", want: Unreachable, err: errGoodbye, script: `
			S: * BYE too many connections
			END`},
		{name: "BYE in the middle", want: Unreachable, err: errGoodbye, script: imapAsked + `
			S: * BYE going down
			END`},
		{name: "capabilities are refused", want: Unreachable, err: errGarbage, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: waymark BAD what?
			END`},
		{name: "another protocol", want: Unreachable, err: errGarbage, script: `
			S: +OK ready
			END`},
		{name: "a greeting that is none", want: Unreachable, err: errGarbage, script: `
			S: * HELLO
			END`},
		{name: "an empty greeting", want: Unreachable, err: errGarbage, script: `
			R: "\r\n"
			END`},
		{name: "an answer to somebody else", want: Unreachable, err: errGarbage, script: imapAsked + `
			S: a1 OK Logged in
			END`},
		{name: "an empty line", want: Unreachable, err: errGarbage, script: imapAsked + `
			R: "\r\n"
			END`},
		{name: "hangs up", want: Unreachable, err: io.EOF, script: imapAsked},
		{name: "hangs up in a line", want: Unreachable, err: io.EOF, script: imapAsked + `
			R: "waymark O"`},
		{name: "a line without end", want: Unreachable, err: errTooMuch, script: imapAsked + `
			R: "` + strings.Repeat("x", maxLine+1) + `"
			END`},
		{name: "lines without end", want: Unreachable, err: errTooMuch, script: imapAsked +
			strings.Repeat("S: * OK noise\n", maxLines) + `
			END`},
	})
}

func TestIMAPUpgrade(t *testing.T) {
	play(t, settings.IMAP, settings.STARTTLS, []conversation{
		{name: "right", want: Right, script: `
			S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready
			C: waymark STARTTLS
			S: waymark OK begin
			TLS
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN
			S: waymark OK done
			C: waymark AUTHENTICATE PLAIN PLAIN64
			S: waymark OK Logged in
			C: waymark LOGOUT`},
		{name: "capabilities from before count for nothing", want: Unsupported, script: `
			S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready
			C: waymark STARTTLS
			S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR
			S: waymark OK begin
			TLS
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 LOGINDISABLED
			S: waymark OK done
			C: waymark LOGOUT`},
		{name: "stripped", want: Unreachable, err: errNoUpgrade, script: `
			S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready
			C: waymark STARTTLS
			S: waymark BAD unknown command
			END`},
		{name: "stripped by a greeting that needs no login", want: Unreachable, err: errNoUpgrade, script: `
			S: * PREAUTH come in
			END`},
		{name: "an answer for after encryption comes before it", want: Unreachable, err: errInjected, script: `
			S: * OK ready
			C: waymark STARTTLS
			R: "waymark OK begin\r\n* CAPABILITY AUTH=PLAIN\r\nwaymark OK done\r\n"
			END`},
		{name: "the beginning of an answer comes before encryption", want: Unreachable, err: errInjected, script: `
			S: * OK ready
			C: waymark STARTTLS
			R: "waymark OK begin\r\n*"
			END`},
		{name: "BYE", want: Unreachable, err: errGoodbye, script: `
			S: * OK ready
			C: waymark STARTTLS
			S: * BYE no
			END`},
	})
}

func TestPOP3(t *testing.T) {
	play(t, settings.POP3, settings.TLS, []conversation{
		{name: "right, by AUTH", want: Right, script: `
			S: +OK ready
			C: CAPA
			S: +OK
			S: TOP
			S: SASL PLAIN LOGIN
			S: .
			C: AUTH PLAIN
			S: + 
			C: PLAIN64
			S: +OK Logged in.
			C: QUIT
			S: +OK`},
		{name: "wrong, by AUTH", want: Wrong, script: `
			S: +OK ready
			C: CAPA
			S: +OK
			S: sasl plain
			S: user
			S: .
			C: AUTH PLAIN
			S: +
			C: PLAIN64
			S: -ERR [AUTH] Authentication failed.
			C: QUIT`},
		{name: "right, by USER", want: Right, script: `
			S: +OK ready
			C: CAPA
			S: +OK
			S: USER
			S: SASL CRAM-MD5
			S: .
			C: USER anna@example.com
			S: +OK
			C: PASS secret
			S: +OK
			C: QUIT`},
		{name: "wrong, by USER, from before CAPA", want: Wrong, script: `
			S: +OK ready
			C: CAPA
			S: -ERR what?
			C: USER anna@example.com
			S: +OK
			C: PASS secret
			S: -ERR no
			C: QUIT`},
		{name: "no such mailbox", want: Wrong, script: `
			S: +OK ready
			C: CAPA
			S: -ERR what?
			C: USER anna@example.com
			S: -ERR never heard of
			C: QUIT`},
		{name: "no way to send a password", want: Unsupported, script: `
			S: +OK ready
			C: CAPA
			S: +OK
			S: SASL XOAUTH2
			S: .
			C: QUIT`},
		{name: "AUTH is refused before the password", want: Unsupported, script: `
			S: +OK ready
			C: CAPA
			S: +OK
			S: SASL PLAIN
			S: .
			C: AUTH PLAIN
			S: -ERR not that
			C: QUIT`},
		{name: "AUTH is put off before the password", want: Unreachable, err: errTemporary, script: `
			S: +OK ready
			C: CAPA
			S: +OK
			S: SASL PLAIN
			S: .
			C: AUTH PLAIN
			S: -ERR [SYS/TEMP] not now
			END`},
		{name: "another app reads the mailbox", want: Right, script: `
			S: +OK ready
			C: CAPA
			S: -ERR
			C: USER anna@example.com
			S: +OK
			C: PASS secret
			S: -ERR [IN-USE] in use
			C: QUIT`},
		{name: "in use, before the password", want: Unreachable, err: errTemporary, script: `
			S: +OK ready
			C: CAPA
			S: -ERR
			C: USER anna@example.com
			S: -ERR [IN-USE] in use
			END`},
		{name: "too soon", want: Limited, script: `
			S: +OK ready
			C: CAPA
			S: -ERR
			C: USER anna@example.com
			S: +OK
			C: PASS secret
			S: -ERR [login-delay] in use
			C: QUIT`},
		{name: "down behind the server", want: Unreachable, err: errTemporary, script: `
			S: +OK ready
			C: CAPA
			S: -ERR
			C: USER anna@example.com
			S: +OK
			C: PASS secret
			S: -ERR [SYS/TEMP] later
			END`},
		{name: "logged in without a question", want: Unreachable, err: errGarbage, script: `
			S: +OK ready
			C: CAPA
			S: +OK
			S: SASL PLAIN
			S: .
			C: AUTH PLAIN
			S: +OK Logged in
			END`},
		{name: "refused at first", want: Unreachable, err: errGoodbye, script: `
			S: -ERR [SYS/TEMP] too many
			END`},
		{name: "another protocol", want: Unreachable, err: errGarbage, script: `
			S: * OK ready
			END`},
		{name: "capabilities without end", want: Unreachable, err: errTooMuch, script: `
			S: +OK ready
			C: CAPA
			S: +OK` + strings.Repeat("\nS: X", maxLines) + `
			END`},
		{name: "hangs up", want: Unreachable, err: io.EOF, script: `
			S: +OK ready
			C: CAPA
			S: -ERR
			C: USER anna@example.com`},
	})
	play(t, settings.POP3, settings.STARTTLS, []conversation{
		{name: "right after an upgrade", want: Right, script: `
			S: +OK ready
			C: STLS
			S: +OK begin
			TLS
			C: CAPA
			S: -ERR
			C: USER anna@example.com
			S: +OK
			C: PASS secret
			S: +OK
			C: QUIT`},
		{name: "stripped", want: Unreachable, err: errNoUpgrade, script: `
			S: +OK ready
			C: STLS
			S: -ERR what?
			END`},
		{name: "an answer for after encryption comes before it", want: Unreachable, err: errInjected, script: `
			S: +OK ready
			C: STLS
			R: "+OK begin\r\n-ERR\r\n"
			END`},
	})
}

// smtpGreeted is every conversation of submission up to AUTH.
const smtpGreeted = `
	S: 220 mail.example.com ESMTP
	C: EHLO localhost
	S: 250-mail.example.com
	S: 250-SIZE 1000
	S: 250-AUTH LOGIN PLAIN
	S: 250 8BITMIME
	C: AUTH PLAIN
`

func TestSubmission(t *testing.T) {
	play(t, settings.Submission, settings.TLS, []conversation{
		{name: "right", want: Right, script: smtpGreeted + `
			S: 334 
			C: PLAIN64
			S: 235 2.7.0 Authentication successful
			C: QUIT
			S: 221 bye`},
		{name: "wrong", want: Wrong, script: smtpGreeted + `
			S: 334
			C: PLAIN64
			S: 535-5.7.8 Error: authentication failed
			S: 535 5.7.8 see elsewhere
			C: QUIT`},
		{name: "an app password is wanted, as Gmail says it", want: Wrong, script: smtpGreeted + `
			S: 334
			C: PLAIN64
			S: 534 5.7.9 Application-specific password required
			C: QUIT`},
		{name: "the password has to be changed", want: Wrong, script: smtpGreeted + `
			S: 334
			C: PLAIN64
			S: 432 4.7.12 A password transition is needed
			C: QUIT`},
		{name: "right, by LOGIN", want: Right, script: `
			S: 220-mail.example.com
			S: 220 ESMTP
			C: EHLO localhost
			S: 250-mail.example.com
			S: 250 auth login
			C: AUTH LOGIN
			S: 334 VXNlcm5hbWU6
			C: ANNA64
			S: 334 UGFzc3dvcmQ6
			C: PASS64
			S: 235 ok
			C: QUIT`},
		{name: "no such mailbox, by LOGIN", want: Wrong, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 250-mail.example.com
			S: 250 AUTH LOGIN
			C: AUTH LOGIN
			S: 334 VXNlcm5hbWU6
			C: ANNA64
			S: 535 no
			C: QUIT`},
		{name: "right before the password", want: Unreachable, err: errGarbage, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 250-mail.example.com
			S: 250 AUTH LOGIN
			C: AUTH LOGIN
			S: 334 VXNlcm5hbWU6
			C: ANNA64
			S: 235 ok
			END`},
		{name: "no way to send a password", want: Unsupported, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 250-AUTH PLAIN
			S: 250 AUTH XOAUTH2
			C: QUIT`},
		{name: "no AUTH", want: Unsupported, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 250
			C: QUIT`},
		{name: "AUTH is refused before the password", want: Unsupported, script: smtpGreeted + `
			S: 504 5.5.4 not that
			C: QUIT`},
		{name: "AUTH is put off before the password", want: Unreachable, err: errTemporary, script: smtpGreeted + `
			S: 454 4.7.0 not now
			END`},
		{name: "more encryption is wanted", want: Unsupported, script: smtpGreeted + `
			S: 334
			C: PLAIN64
			S: 538 5.7.11 more
			C: QUIT`},
		{name: "down behind the server", want: Unreachable, err: errTemporary, script: smtpGreeted + `
			S: 334
			C: PLAIN64
			S: 454 4.7.0 Temporary authentication failure
			END`},
		{name: "asks on", want: Unreachable, err: errGarbage, script: smtpGreeted + `
			S: 334
			C: PLAIN64
			S: 334 more
			END`},
		{name: "refused at first", want: Unreachable, err: errGoodbye, script: `
			S: 554 no service for you
			END`},
		{name: "refuses the greeting", want: Unreachable, err: errGarbage, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 502 what?
			END`},
		{name: "two codes in one answer", want: Unreachable, err: errGarbage, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 235-mail.example.com
			S: 250 AUTH PLAIN
			END`},
		{name: "no code", want: Unreachable, err: errGarbage, script: `
			S: +OK
			END`},
		{name: "a code that is too short", want: Unreachable, err: errGarbage, script: `
			S: 22
			END`},
		{name: "a code that is too long", want: Unreachable, err: errGarbage, script: `
			S: 2200 ESMTP
			END`},
	})
	play(t, settings.Submission, settings.STARTTLS, []conversation{
		{name: "right after an upgrade", want: Right, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 250-mail.example.com
			S: 250 STARTTLS
			C: STARTTLS
			S: 220 begin
			TLS
			C: EHLO localhost
			S: 250-mail.example.com
			S: 250 AUTH PLAIN
			C: AUTH PLAIN
			S: 334
			C: PLAIN64
			S: 235 ok
			C: QUIT`},
		{name: "capabilities from before count for nothing", want: Unsupported, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 250-mail.example.com
			S: 250-STARTTLS
			S: 250 AUTH PLAIN
			C: STARTTLS
			S: 220 begin
			TLS
			C: EHLO localhost
			S: 250 mail.example.com
			C: QUIT`},
		{name: "stripped", want: Unreachable, err: errNoUpgrade, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 250-mail.example.com
			S: 250 AUTH PLAIN
			C: STARTTLS
			S: 502 what?
			END`},
		{name: "an answer for after encryption comes before it", want: Unreachable, err: errInjected, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 250-mail.example.com
			S: 250 STARTTLS
			C: STARTTLS
			R: "220 begin\r\n250-x\r\n250 AUTH PLAIN\r\n"
			END`},
	})
}

func TestCertificates(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		security     settings.Security
		is           func(error) bool
	}{
		{"for another name", "TLS other", settings.TLS, func(err error) bool {
			var e x509.HostnameError
			return errors.As(err, &e)
		}},
		{"for another name, after an upgrade", "S: * OK ready\nC: waymark STARTTLS\nS: waymark OK begin\nTLS other", settings.STARTTLS, func(err error) bool {
			var e x509.HostnameError
			return errors.As(err, &e)
		}},
		{"expired", "TLS expired", settings.TLS, func(err error) bool {
			var e x509.CertificateInvalidError
			return errors.As(err, &e) && e.Reason == x509.Expired
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := checkerOverTCP(t, script(tc.script))
			verdict, err := c.try(t.Context(), secretFor(service(settings.IMAP, tc.security)))
			if verdict != Unreachable || !tc.is(err) {
				t.Errorf("got %q, %v", verdict, err)
			}
		})
	}
	t.Run("none at all", func(t *testing.T) {
		c := checkerOverTCP(t, func(conn net.Conn) error {
			go func() { _, _ = io.Copy(io.Discard, conn) }()
			_, _ = conn.Write([]byte("* OK this is the port without TLS\r\n")) // the client may hang up in it
			return nil
		})
		verdict, err := c.try(t.Context(), secretFor(service(settings.IMAP, settings.TLS)))
		var header tls.RecordHeaderError
		if verdict != Unreachable || !errors.As(err, &header) {
			t.Errorf("got %q, %v", verdict, err)
		}
	})
	t.Run("of an authority that nobody knows", func(t *testing.T) {
		c := checkerOverTCP(t, script("TLS"))
		c.options.RootCAs = x509.NewCertPool()
		verdict, err := c.try(t.Context(), secretFor(service(settings.IMAP, settings.TLS)))
		var unknown x509.UnknownAuthorityError
		if verdict != Unreachable || !errors.As(err, &unknown) {
			t.Errorf("got %q, %v", verdict, err)
		}
	})
}

func TestThePasswordIsNeverSentInTheClear(t *testing.T) {
	client, server := net.Pipe()
	defer func() { _ = server.Close() }()
	secret := []byte("secret")
	if err := newWire(client).sendSecret("PASS ", secret); !errors.Is(err, errPlaintext) {
		t.Errorf("got %v", err)
	}
	if string(secret) != strings.Repeat("\x00", 6) {
		t.Errorf("the secret is not wiped: %q", secret)
	}
}
