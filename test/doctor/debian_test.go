package doctor

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/waymark-mail/waymark/internal/doctor"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/waymark"
)

// hosted are the settings of the domain.
const hosted = `
listen: "127.0.0.1:0"
tls: {listen: "127.0.0.1:0", cert_file: %[1]q, key_file: %[2]q}
signing: {cert_file: %[1]q, key_file: %[2]q}
ops: {listen: off}
limits: {requests_per_minute: 0, strict_requests_per_minute: 0}
log: {level: info}
providers:
  hoster:
    name: Example Mail
    mta_sts: {mode: enforce, mx: [mx.example.com], reports: tls@example.com}
    services:
      - {protocol: imap, host: imap.example.com}
      - {protocol: imap, host: imap.example.com, port: 143, security: starttls}
      - {protocol: pop3, host: imap.example.com}
      - {protocol: pop3, host: imap.example.com, port: 110, security: starttls}
      - {protocol: submission, host: smtp.example.com}
      - {protocol: submission, host: smtp.example.com, port: 587, security: starttls}
domains:
  example.com: {provider: hoster}
`

// serve starts Waymark for the domain, and publishes the records that it prints.
func (d *domain) serve(t *testing.T) {
	t.Helper()
	var names []string
	for _, name := range []string{"autoconfig", "autodiscover", "ua-auto-config", "mta-sts"} {
		names = append(names, name+".example.com")
	}
	names = append(names, "waymark.example.net")
	cert := d.certificate(t, "waymark", []certtest.Party{d.intermediate}, names...)
	w := waymark.Start(t, fmt.Sprintf(hosted, filepath.Join(cert, "cert.pem"), filepath.Join(cert, "key.pem")))
	for _, name := range names {
		d.connect[name+":443"], d.connect[name+":80"] = w.HTTPS, w.HTTP
	}
	d.zone += "waymark.example.net. IN A 192.0.2.80\n" +
		programs.Output(t, exec.Command(waymark.Binary(t), "dns", "example.com", "--host", "waymark.example.net", "-c", w.Settings))
}

// TestDovecotAndPostfix pins that the doctor finds nothing wrong with the mail servers of
// Debian, and names each mistake in their own configuration. The domain has no calendars.
func TestDovecotAndPostfix(t *testing.T) {
	programs.OnlyInTestAll(t, "starts Dovecot and Postfix")
	at := func(id, protocol, host string, ports ...string) (all []string) {
		for _, port := range ports {
			all = append(all, id+" "+protocol+" "+host+":"+port)
		}
		return all
	}
	imap := func(id string, ports ...string) []string { return at(id, "imap", "imap.example.com", ports...) }
	pop3 := func(id string, ports ...string) []string { return at(id, "pop3", "imap.example.com", ports...) }
	smtp := func(id string, ports ...string) []string { return at(id, "smtp", "smtp.example.com", ports...) }
	for _, tc := range []struct {
		name   string
		m      mailServers
		finds  []string
		breaks bool // the mail clients
	}{
		{name: "healthy"},
		{
			name:   "Dovecot without TLS",
			m:      mailServers{dovecot: "ssl = no\n"},
			finds:  slices.Concat(imap("starttls-missing", "143"), pop3("starttls-missing", "110"), imap("unreachable", "993"), pop3("unreachable", "995")),
			breaks: true,
		},
		{
			name:   "a certificate of another name",
			m:      mailServers{dovecot: "ssl_cert = <OTHER/cert.pem\nssl_key = <OTHER/key.pem\n"},
			finds:  slices.Concat(imap("tls-name-mismatch", "143", "993"), pop3("tls-name-mismatch", "110", "995")),
			breaks: true,
		},
		{
			name:   "a certificate without its intermediate",
			m:      mailServers{postfix: "smtpd_tls_chain_files = ALONE/key.pem, ALONE/cert.pem\n"},
			finds:  smtp("tls-chain-incomplete", "465", "587"),
			breaks: true,
		},
		{
			name:  "passwords before TLS",
			m:     mailServers{dovecot: "ssl = yes\ndisable_plaintext_auth = no\n", postfix: "smtpd_tls_security_level = may\nsmtpd_tls_auth_only = no\n"},
			finds: slices.Concat(imap("auth-without-tls", "143"), pop3("auth-without-tls", "110"), smtp("auth-without-tls", "587")),
		},
		{
			name:   "submission without AUTH",
			m:      mailServers{postfix: "smtpd_sasl_auth_enable = no\n"},
			finds:  smtp("auth-missing", "465", "587"),
			breaks: true,
		},
		{
			name:  "no STARTTLS at Postfix",
			m:     mailServers{postfix: "smtpd_tls_security_level = none\n"},
			finds: smtp("starttls-missing", "587"),
		},
		{
			name:  "no POP3",
			m:     mailServers{dovecot: "protocols = imap\n"},
			finds: pop3("unreachable", "110", "995"),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := newDomain(t)
			d.serve(t)
			d.start(t, tc.m, "imap.example.com", "smtp.example.com")
			report := d.examined(t, append(tc.finds, "dav-missing example.com")...)
			for _, v := range report.Verdicts {
				if broken := v.Verdict == doctor.Broken; broken != (tc.breaks || v.Client == "DAVx5") {
					t.Errorf("%s: %s by %v", v.Client, v.Verdict, v.Findings)
				}
			}
		})
	}
}
