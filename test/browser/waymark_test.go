package browser

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/invite"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/dnstest"
	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// setupHost is the name that people reach the pages under.
const setupHost = "setup.example.com"

// The secrets of links: new ones are sealed with the first.
const pageKey = "0123456789abcdef0123456789abcdef"

// settingsFile describes providers: one with everything, one with little and a
// light colour, one with long names and no brand, one whose mail server is
// there to try a password at, one that also creates passwords for apps, and one whose
// mail server does not answer.
const settingsFile = `
listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0", resolver: %[7]q}
tls: {listen: "127.0.0.1:0", cert_file: %[1]q, key_file: %[2]q}
signing: {cert_file: %[1]q, key_file: %[2]q}
limits: {requests_per_minute: 0, strict_requests_per_minute: 0}
log: {level: debug}
pages: {url: "https://setup.example.com", keys: [%[4]q], verify_password: true, verify_private: true, doctor: true, voice: "${env:PAGES_VOICE}"}
providers:
  full:
    name: Example Mail
    names: {de: Beispielpost, fr: Courrier de Test, it: Posta Esempio, es: Correo Ejemplo}
    help_url: https://help.example.com/mail
    app_password_url: https://www.example.com/passwords
    brand: {color: "#3d5afe", logo: %[5]q, logo_dark: %[8]q}
    auth: [oauth2, password]
    services:
      - {protocol: imap, host: imap.example.com}
      - {protocol: imap, host: imap.example.com, port: 143, security: starttls}
      - {protocol: pop3, host: pop.example.com}
      - {protocol: submission, host: smtp.example.com}
      - {protocol: submission, host: smtp.example.com, port: 587, security: starttls}
      - {protocol: jmap, url: "https://jmap.example.com/.well-known/jmap"}
      - {protocol: caldav, url: "https://dav.example.com/calendars/"}
      - {protocol: carddav, url: "https://dav.example.com/contacts/"}
      - {protocol: managesieve, host: imap.example.com}
    oauth2:
      issuer: https://login.example.com
      auth_url: https://login.example.com/authorize
      token_url: https://login.example.com/token
      scope: imap smtp
  little:
    name: Little Post
    brand: {color: "#ffd54f"}
    services:
      - {protocol: pop3, host: mail.little.example}
      - {protocol: submission, host: mail.little.example, port: 587, security: starttls}
  long:
    name: Rechenzentrum der Vereinigten Gemeinden am Oberen See
    help_url: https://hilfe.rechenzentrum-der-vereinigten-gemeinden.example/e-mail/einrichten
    services:
      - {protocol: imap, host: "imap.{domain}"}
      - {protocol: submission, host: "postausgang.{domain}"}
      - {protocol: caldav, url: "https://kalender.{domain}/remote.php/dav/principals/users/"}
  tried:
    name: Example Mail
    app_password_url: https://www.example.com/passwords
    brand: {color: "#3d5afe", logo: %[5]q}
    services:
      - {protocol: imap, host: localhost, port: %[3]d}
      - {protocol: submission, host: smtp.example.com}
  made:
    name: Example Mail
    app_passwords: {hook: %[6]q, secret: "${env:HOOK_SECRET}"}
    services:
      - {protocol: imap, host: localhost, port: %[3]d}
      - {protocol: submission, host: smtp.example.com}
  gone:
    name: Example Mail
    services:
      - {protocol: imap, host: localhost, port: 1}
      - {protocol: submission, host: smtp.example.com}
domains:
  example.com: {provider: full}
  little.example: {provider: little}
  donaudampfschifffahrtsgesellschaftsverwaltung.example: {provider: long}
  tried.example: {provider: tried}
  made.example: {provider: made}
  gone.example: {provider: gone}
`

const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 220 40" width="220" height="40">` +
	`<rect width="40" height="40" rx="9" fill="#3d5afe"/><path d="M8 13l12 9 12-9M8 12h24v17H8z" fill="none" stroke="#fff" stroke-width="2.5"/>` +
	`<text x="52" y="28" font-family="sans-serif" font-size="22" font-weight="700" fill="#4f68ff">Example Mail</text></svg>`

// site is a running Waymark that serves the pages under setupHost.
type site struct {
	*waymark.Waymark
	trusted  string // the file of the authority
	identity certtest.Party
	client   *http.Client // reaches it as a browser does that trusts the authority
	keys     *invite.Keys
	mailPort int // of the server where a password is tried
}

func start(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{trusted: authority().WriteCert(t, dir, "root.pem"), identity: authority().Server(setupHost)}
	certFile, keyFile := s.identity.Write(t, dir, authority())
	picture := filepath.Join(dir, "logo.svg")
	textfile.Write(t, picture, logo)
	dark := filepath.Join(dir, "logo-dark.svg")
	textfile.Write(t, dark, strings.ReplaceAll(logo, "#4f68ff", "#fff"))
	s.mailPort = startMailServer(t, authority().Server("localhost"))
	text := fmt.Sprintf(settingsFile, certFile, keyFile, s.mailPort, pageKey, picture, startHook(t), startDNS(t), dark)
	s.Waymark = waymark.Start(t, text, "SSL_CERT_FILE="+s.trusted, "HOOK_SECRET="+pageKey) // to trust the mail server and the endpoint
	var err error
	if s.keys, err = invite.NewKeys([]string{pageKey}); err != nil {
		t.Fatal(err)
	}
	s.client = s.newClient()
	return s
}

// startDNS has the records that let the owner of example.com see what each client does. No
// host has an address that is connected to.
func startDNS(t *testing.T) string {
	t.Helper()
	return dnstest.Start(t, `
example.com. IN MX 10 mx.example.com.
autoconfig.example.com. IN CNAME gone.example.com.
autodiscover.example.com. IN A 127.0.0.1
_imaps._tcp.example.com. IN SRV 0 1 993 imap.example.com.
`).Addr.String()
}

// invitation returns the path of a link for an address that is good for a
// time, or was.
func (s *site) invitation(t *testing.T, email string, good time.Duration) string {
	t.Helper()
	a, err := address.Parse(email)
	if err != nil {
		t.Fatal(err)
	}
	return "/i/" + s.keys.Seal(invite.Setup, a, time.Now().Add(good))
}

func (s *site) newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, at string) (net.Conn, error) {
			if at != setupHost+":443" {
				return nil, fmt.Errorf("%s is not the service", at)
			}
			return (&net.Dialer{}).DialContext(ctx, network, s.HTTPS)
		},
		TLSClientConfig: &tls.Config{RootCAs: authority().Pool()},
	}}
}
