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

// conversation is one try of a password. play adds the end of the script: a
// goodbye, or that the client hangs up when the verdict is Unreachable.
type conversation struct {
	name   string
	script string
	want   Verdict
	err    error // of Unreachable
	client netip.Addr
}

func TestBase64Constants(t *testing.T) {
	for word, want := range map[string]string{
		plainSecret: "\x00anna@example.com\x00secret", annaBase64: "anna@example.com", passBase64: "secret",
	} {
		if got, err := base64.StdEncoding.DecodeString(word); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", word, got, err)
		}
	}
}

// secretFor returns the attempt of the conversations.
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
			goodbye := "C: QUIT"
			if p == settings.IMAP {
				goodbye = "C: waymark LOGOUT"
			}
			switch {
			case errors.Is(tc.err, io.EOF) || strings.Contains(text, goodbye):
			case tc.want == Unreachable:
				text += "\nEND"
			default:
				text += "\n" + goodbye
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

// imapCapable is an IMAP conversation up to the capabilities.
func imapCapable(capabilities string) string {
	return "S: * OK ready\nC: waymark CAPABILITY\nS: * CAPABILITY IMAP4rev1 " + capabilities + "\nS: waymark OK done\n"
}

// imapLogin is an IMAP conversation without capabilities, up to the user name.
const imapLogin = "S: * OK ready\nC: waymark CAPABILITY\nS: waymark OK done\nC: waymark LOGIN {16}\n"

// imapAsked is an IMAP conversation up to the verdict on the password.
func imapAsked() string {
	return imapCapable("SASL-IR AUTH=PLAIN") + "C: waymark AUTHENTICATE PLAIN PLAIN64\n"
}

func TestIMAP(t *testing.T) {
	play(t, settings.IMAP, settings.TLS, []conversation{
		{name: "right, with an initial response", want: Right, script: imapAsked() + `
			S: waymark OK [CAPABILITY IMAP4rev1] Logged in
			C: waymark LOGOUT
			S: * BYE see you
			S: waymark OK done`},
		{name: "wrong", want: Wrong, script: imapAsked() + "S: waymark NO [AUTHENTICATIONFAILED] Authentication failed."},
		{name: "wrong, without a code and in lower case", want: Wrong, script: imapAsked() + "S: waymark no"},
		{name: "an app password is required, as by Gmail", want: Wrong, script: imapAsked() + `
			S: * NO [WEBALERT https://example.com/] Web login required.
			S: waymark NO [ALERT] Application-specific password required`},
		{name: "untagged responses before the verdict", want: Right, script: imapAsked() + `
			S: * CAPABILITY IMAP4rev1 IDLE
			S: * OK still here
			S: * 23 EXISTS
			S: waymark OK Logged in`},
		{name: "an empty untagged response", want: Unreachable, err: errGarbage, script: imapAsked() + "S: * "},
		{name: "right, without an initial response", want: Right, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 LOGINDISABLED
			S: * capability auth=plain
			S: waymark OK done
			C: waymark AUTHENTICATE PLAIN
			S: + 
			C: PLAIN64
			S: waymark OK Logged in`},
		{name: "right, a continuation without a space", want: Right, script: imapCapable("AUTH=PLAIN") + `
			C: waymark AUTHENTICATE PLAIN
			S: +
			C: PLAIN64
			S: waymark OK Logged in`},
		{name: "right, by LOGIN", want: Right, script: imapCapable("AUTH=CRAM-MD5") + `
			C: waymark LOGIN {16}
			S: + go ahead
			C: anna@example.com {6}
			S: + go ahead
			C: secret
			S: waymark OK Logged in`},
		{name: "wrong, by LOGIN", want: Wrong, script: imapLogin + `
			S: + go ahead
			C: anna@example.com {6}
			S: + go ahead
			C: secret
			S: waymark NO no`},
		{name: "with the address of the visitor", want: Right, client: netip.MustParseAddr("2001:db8::7%eth0"), script: imapCapable("ID SASL-IR AUTH=PLAIN") + `
			C: waymark ID ("name" "Waymark" "x-originating-ip" "2001:db8::7")
			S: * ID NIL
			S: waymark OK done
			C: waymark AUTHENTICATE PLAIN PLAIN64
			S: waymark OK Logged in`},
		{name: "with the address of the visitor, which the server rejects", want: Right, client: netip.MustParseAddr("::ffff:192.0.2.7"), script: imapCapable("ID SASL-IR AUTH=PLAIN") + `
			C: waymark ID ("name" "Waymark" "x-originating-ip" "192.0.2.7")
			S: waymark BAD what?
			C: waymark AUTHENTICATE PLAIN PLAIN64
			S: waymark OK Logged in`},
		{name: "the address of the visitor, but a server without ID", want: Right, client: netip.MustParseAddr("192.0.2.7"), script: imapAsked() + "S: waymark OK Logged in"},
		{name: "an unknown visitor", want: Right, script: imapCapable("ID SASL-IR AUTH=PLAIN") + `
			C: waymark AUTHENTICATE PLAIN PLAIN64
			S: waymark OK Logged in`},
		{name: "no LOGIN", want: Unsupported, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED
			S: waymark OK done`},
		{name: "the mechanism is refused before the password", want: Unsupported, script: imapCapable("AUTH=PLAIN") + `
			C: waymark AUTHENTICATE PLAIN
			S: waymark NO not for you`},
		{name: "LOGIN is refused before the password", want: Unreachable, err: errTemporary, script: imapLogin + `
			S: + go ahead
			C: anna@example.com {6}
			S: waymark NO [unavailable] later`},
		{name: "LOGIN ends before the password", want: Unreachable, err: errGarbage, script: imapLogin + "S: waymark OK Logged in"},
		{name: "logged in already", want: Unsupported, script: "S: * PREAUTH come in"},
		{name: "stronger encryption is required", want: Unsupported, script: imapAsked() + "S: waymark NO [PRIVACYREQUIRED] more, please"},
		{name: "the authentication backend is down", want: Unreachable, err: errTemporary, script: imapAsked() + "S: waymark NO [UNAVAILABLE] Temporary authentication failure."},
		{name: "BAD", want: Unreachable, err: errGarbage, script: imapAsked() + "S: waymark BAD what?"},
		{name: "another continuation request", want: Unreachable, err: errGarbage, script: imapAsked() + "S: + more"},
		{name: "BYE at first", want: Unreachable, err: errGoodbye, script: "S: * BYE too many connections"},
		{name: "BYE in the middle", want: Unreachable, err: errGoodbye, script: imapAsked() + "S: * BYE going down"},
		{name: "capabilities are refused", want: Unreachable, err: errGarbage, script: `
			S: * OK ready
			C: waymark CAPABILITY
			S: waymark BAD what?`},
		{name: "another protocol", want: Unreachable, err: errGarbage, script: "S: +OK ready"},
		{name: "an unknown greeting", want: Unreachable, err: errGarbage, script: "S: * HELLO"},
		{name: "an empty greeting", want: Unreachable, err: errGarbage, script: "R: \"\\r\\n\""},
		{name: "another tag", want: Unreachable, err: errGarbage, script: imapAsked() + "S: a1 OK Logged in"},
		{name: "an empty line", want: Unreachable, err: errGarbage, script: imapAsked() + "R: \"\\r\\n\""},
		{name: "hangs up", want: Unreachable, err: io.EOF, script: imapAsked()},
		{name: "hangs up in a line", want: Unreachable, err: io.EOF, script: imapAsked() + "R: \"waymark O\""},
		{name: "an endless line", want: Unreachable, err: errTooMuch, script: imapAsked() + `
			R: "` + strings.Repeat("x", maxLine+1) + `"`},
		{name: "endless lines", want: Unreachable, err: errTooMuch, script: imapAsked() +
			strings.Repeat("S: * OK noise\n", maxLines)},
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
			S: waymark OK Logged in`},
		{name: "capabilities from before TLS are ignored", want: Unsupported, script: `
			S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready
			C: waymark STARTTLS
			S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR
			S: waymark OK begin
			TLS
			C: waymark CAPABILITY
			S: * CAPABILITY IMAP4rev1 LOGINDISABLED
			S: waymark OK done`},
		{name: "stripped", want: Unreachable, err: errNoUpgrade, script: `
			S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready
			C: waymark STARTTLS
			S: waymark BAD unknown command`},
		{name: "stripped by a PREAUTH greeting", want: Unreachable, err: errNoUpgrade, script: "S: * PREAUTH come in"},
		{name: "a reply injected before TLS", want: Unreachable, err: errInjected, script: `
			S: * OK ready
			C: waymark STARTTLS
			R: "waymark OK begin\r\n* CAPABILITY AUTH=PLAIN\r\nwaymark OK done\r\n"`},
		{name: "the beginning of a reply injected before TLS", want: Unreachable, err: errInjected, script: `
			S: * OK ready
			C: waymark STARTTLS
			R: "waymark OK begin\r\n*"`},
		{name: "BYE", want: Unreachable, err: errGoodbye, script: `
			S: * OK ready
			C: waymark STARTTLS
			S: * BYE no`},
	})
}

// pop3Capable is a POP3 conversation up to the capabilities.
func pop3Capable(capabilities ...string) string {
	return "S: +OK ready\nC: CAPA\nS: +OK\nS: " + strings.Join(capabilities, "\nS: ") + "\nS: .\n"
}

// pop3User and pop3Pass are POP3 conversations without capabilities, up to the
// answer to the user name and to the password.
const (
	pop3User = "S: +OK ready\nC: CAPA\nS: -ERR\nC: USER anna@example.com\n"
	pop3Pass = pop3User + "S: +OK\nC: PASS secret\n"
)

func TestPOP3(t *testing.T) {
	play(t, settings.POP3, settings.TLS, []conversation{
		{name: "right, with AUTH", want: Right, script: pop3Capable("TOP", "SASL PLAIN LOGIN") + `
			C: AUTH PLAIN
			S: + 
			C: PLAIN64
			S: +OK Logged in.
			C: QUIT
			S: +OK`},
		{name: "wrong, with AUTH", want: Wrong, script: pop3Capable("sasl plain", "user") + `
			C: AUTH PLAIN
			S: +
			C: PLAIN64
			S: -ERR [AUTH] Authentication failed.`},
		{name: "right, with USER", want: Right, script: pop3Capable("USER", "SASL CRAM-MD5") + `
			C: USER anna@example.com
			S: +OK
			C: PASS secret
			S: +OK`},
		{name: "wrong, with USER, without CAPA", want: Wrong, script: pop3Pass + "S: -ERR no"},
		{name: "no such mailbox", want: Wrong, script: pop3User + "S: -ERR never heard of"},
		{name: "no way to send a password", want: Unsupported, script: pop3Capable("SASL XOAUTH2")},
		{name: "AUTH is refused before the password", want: Unsupported, script: pop3Capable("SASL PLAIN") + `
			C: AUTH PLAIN
			S: -ERR not that`},
		{name: "AUTH is put off before the password", want: Unreachable, err: errTemporary, script: pop3Capable("SASL PLAIN") + `
			C: AUTH PLAIN
			S: -ERR [SYS/TEMP] not now`},
		{name: "another app has the mailbox open", want: Right, script: pop3Pass + "S: -ERR [IN-USE] in use"},
		{name: "in use, before the password", want: Unreachable, err: errTemporary, script: pop3User + "S: -ERR [IN-USE] in use"},
		{name: "too soon", want: Limited, script: pop3Pass + "S: -ERR [login-delay] in use"},
		{name: "the authentication backend is down", want: Unreachable, err: errTemporary, script: pop3Pass + "S: -ERR [SYS/TEMP] later"},
		{name: "logged in before the password", want: Unreachable, err: errGarbage, script: pop3Capable("SASL PLAIN") + `
			C: AUTH PLAIN
			S: +OK Logged in`},
		{name: "refused at first", want: Unreachable, err: errGoodbye, script: "S: -ERR [SYS/TEMP] too many"},
		{name: "another protocol", want: Unreachable, err: errGarbage, script: "S: * OK ready"},
		{name: "endless capabilities", want: Unreachable, err: errTooMuch, script: `
			S: +OK ready
			C: CAPA
			S: +OK` + strings.Repeat("\nS: X", maxLines)},
		{name: "hangs up", want: Unreachable, err: io.EOF, script: pop3User},
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
			S: +OK`},
		{name: "stripped", want: Unreachable, err: errNoUpgrade, script: `
			S: +OK ready
			C: STLS
			S: -ERR what?`},
		{name: "a reply injected before TLS", want: Unreachable, err: errInjected, script: `
			S: +OK ready
			C: STLS
			R: "+OK begin\r\n-ERR\r\n"`},
	})
}

// smtpGreeted is a conversation of submission up to the answer to AUTH.
const smtpGreeted = `
	S: 220 mail.example.com ESMTP
	C: EHLO localhost
	S: 250-mail.example.com
	S: 250-SIZE 1000
	S: 250-AUTH LOGIN PLAIN
	S: 250 8BITMIME
	C: AUTH PLAIN
`

// smtpAsked is a conversation of submission up to the verdict on the password.
const smtpAsked = smtpGreeted + "S: 334\nC: PLAIN64\n"

// smtpCapable is a conversation of submission up to the capability.
func smtpCapable(capability string) string {
	return "S: 220 ESMTP\nC: EHLO localhost\nS: 250-mail.example.com\nS: 250 " + capability + "\n"
}

func TestSubmission(t *testing.T) {
	play(t, settings.Submission, settings.TLS, []conversation{
		{name: "right", want: Right, script: smtpAsked + `
			S: 235 2.7.0 Authentication successful
			C: QUIT
			S: 221 bye`},
		{name: "wrong", want: Wrong, script: smtpAsked + `
			S: 535-5.7.8 Error: authentication failed
			S: 535 5.7.8 see elsewhere`},
		{name: "an app password is required, as by Gmail", want: Wrong, script: smtpAsked + "S: 534 5.7.9 Application-specific password required"},
		{name: "the password must be changed", want: Wrong, script: smtpAsked + "S: 432 4.7.12 A password transition is needed"},
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
			S: 235 ok`},
		{name: "no such mailbox, by LOGIN", want: Wrong, script: smtpCapable("AUTH LOGIN") + `
			C: AUTH LOGIN
			S: 334 VXNlcm5hbWU6
			C: ANNA64
			S: 535 no`},
		{name: "accepted before the password", want: Unreachable, err: errGarbage, script: smtpCapable("AUTH LOGIN") + `
			C: AUTH LOGIN
			S: 334 VXNlcm5hbWU6
			C: ANNA64
			S: 235 ok`},
		{name: "no way to send a password", want: Unsupported, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 250-AUTH PLAIN
			S: 250 AUTH XOAUTH2`},
		{name: "no AUTH", want: Unsupported, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 250`},
		{name: "AUTH is refused before the password", want: Unsupported, script: smtpGreeted + "S: 504 5.5.4 not that"},
		{name: "AUTH is put off before the password", want: Unreachable, err: errTemporary, script: smtpGreeted + "S: 454 4.7.0 not now"},
		{name: "stronger encryption is required", want: Unsupported, script: smtpAsked + "S: 538 5.7.11 more"},
		{name: "the authentication backend is down", want: Unreachable, err: errTemporary, script: smtpAsked + "S: 454 4.7.0 Temporary authentication failure"},
		{name: "another continuation request", want: Unreachable, err: errGarbage, script: smtpAsked + "S: 334 more"},
		{name: "refused at first", want: Unreachable, err: errGoodbye, script: "S: 554 no service for you"},
		{name: "refuses the greeting", want: Unreachable, err: errGarbage, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 502 what?`},
		{name: "two codes in one reply", want: Unreachable, err: errGarbage, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 235-mail.example.com
			S: 250 AUTH PLAIN`},
		{name: "no code", want: Unreachable, err: errGarbage, script: "S: +OK"},
		{name: "a code that is too short", want: Unreachable, err: errGarbage, script: "S: 22"},
		{name: "a code that is too long", want: Unreachable, err: errGarbage, script: "S: 2200 ESMTP"},
	})
	play(t, settings.Submission, settings.STARTTLS, []conversation{
		{name: "right after an upgrade", want: Right, script: smtpCapable("STARTTLS") + `
			C: STARTTLS
			S: 220 begin
			TLS
			C: EHLO localhost
			S: 250-mail.example.com
			S: 250 AUTH PLAIN
			C: AUTH PLAIN
			S: 334
			C: PLAIN64
			S: 235 ok`},
		{name: "capabilities from before TLS are ignored", want: Unsupported, script: `
			S: 220 ESMTP
			C: EHLO localhost
			S: 250-mail.example.com
			S: 250-STARTTLS
			S: 250 AUTH PLAIN
			C: STARTTLS
			S: 220 begin
			TLS
			C: EHLO localhost
			S: 250 mail.example.com`},
		{name: "stripped", want: Unreachable, err: errNoUpgrade, script: smtpCapable("AUTH PLAIN") + `
			C: STARTTLS
			S: 502 what?`},
		{name: "a reply injected before TLS", want: Unreachable, err: errInjected, script: smtpCapable("STARTTLS") + `
			C: STARTTLS
			R: "220 begin\r\n250-x\r\n250 AUTH PLAIN\r\n"`},
	})
}

func TestCertificates(t *testing.T) {
	plaintext := func(conn net.Conn) error {
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		_, _ = conn.Write([]byte("* OK this is the port without TLS\r\n")) // the client may hang up
		return nil
	}
	for _, tc := range []struct {
		name     string
		serve    func(net.Conn) error
		security settings.Security
		roots    *x509.CertPool
		is       func(error) bool
	}{
		{"for another name", script("TLS other"), settings.TLS, trusted().roots, is[x509.HostnameError]},
		{"for another name, after an upgrade", script("S: * OK ready\nC: waymark STARTTLS\nS: waymark OK begin\nTLS other"), settings.STARTTLS, trusted().roots, is[x509.HostnameError]},
		{"expired", script("TLS expired"), settings.TLS, trusted().roots, func(err error) bool {
			var e x509.CertificateInvalidError
			return errors.As(err, &e) && e.Reason == x509.Expired
		}},
		{"no TLS", plaintext, settings.TLS, trusted().roots, is[tls.RecordHeaderError]},
		{"of an unknown authority", script("TLS"), settings.TLS, x509.NewCertPool(), is[x509.UnknownAuthorityError]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := checkerOverTCP(t, tc.serve)
			c.options.RootCAs = tc.roots
			verdict, err := c.try(t.Context(), secretFor(service(settings.IMAP, tc.security)))
			if verdict != Unreachable || !tc.is(err) {
				t.Errorf("got %q, %v", verdict, err)
			}
		})
	}
}

// is reports whether an error wraps one of type T.
func is[T error](err error) bool {
	var e T
	return errors.As(err, &e)
}

func TestSendSecretRequiresEncryption(t *testing.T) {
	client, server := net.Pipe()
	defer func() { _ = server.Close() }()
	secret := []byte("secret")
	if err := newWire(client).sendSecret("PASS ", secret); !errors.Is(err, errPlaintext) {
		t.Errorf("got %v", err)
	}
	if string(secret) != strings.Repeat("\x00", 6) {
		t.Errorf("the secret is not cleared: %q", secret)
	}
}
