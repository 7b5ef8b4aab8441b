package doctor

import (
	"crypto/tls"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/waymark-mail/waymark/internal/doctor"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

// TestMox lets the doctor examine mox, a mail server that serves autoconfig and
// Autodiscover itself. Its Autodiscover calls implicit TLS "TLS", which is the word for
// STARTTLS, so Outlook waits for a greeting that never comes.
func TestMox(t *testing.T) {
	program := programs.Need(t, "mox", "golang, then go -C tools/mox install github.com/mjl-/mox")
	programs.NeedRoot(t, "listen on the ports of mail")
	d := newDomain(t)
	port := programs.FreePort(t)
	cert := d.certificate(t, "mox", []certtest.Party{d.intermediate}, "mail.example.com", "autoconfig.example.com")
	textfile.Write(t, filepath.Join(cert, "mox.conf"), strings.NewReplacer("ADDRESS", d.address, "PORT", port).Replace(`DataDir: data
LogLevel: info
User: 0
Hostname: mail.example.com
Listeners:
	public:
		IPs:
			- ADDRESS
		TLS:
			KeyCerts:
				-
					CertFile: cert.pem
					KeyFile: key.pem
		Submission:
			Enabled: true
		Submissions:
			Enabled: true
		IMAP:
			Enabled: true
		IMAPS:
			Enabled: true
		AutoconfigHTTPS:
			Enabled: true
			Port: PORT
Postmaster:
	Account: anna
	Mailbox: Inbox
`))
	textfile.Write(t, filepath.Join(cert, "domains.conf"), `Domains:
	example.com: nil
Accounts:
	anna:
		Domain: example.com
		Destinations:
			anna@example.com: nil
`)
	d.zone += `
mail.example.com.               IN A     ` + d.address + `
autoconfig.example.com.         IN CNAME mail.example.com.
_autodiscover._tcp.example.com. IN SRV   0 1 443 mail.example.com.
_imaps._tcp.example.com.        IN SRV   0 1 993 mail.example.com.
_submissions._tcp.example.com.  IN SRV   0 1 465 mail.example.com.
`
	d.connect["autoconfig.example.com:443"], d.connect["mail.example.com:443"] = d.address+":"+port, d.address+":"+port
	d.connect["autoconfig.example.com:80"], d.connect["mail.example.com:80"] = d.address+":1", d.address+":1" // closed
	cmd := exec.Command(program, "localserve", "-dir", cert)
	server(t, cmd, func() { _ = cmd.Process.Signal(syscall.SIGTERM) }, d.at(993), d.at(465), d.address+":"+port)
	const autoconfig, autodiscover = " https://autoconfig.example.com/mail/config-v1.1.xml", " https://mail.example.com/autodiscover/autodiscover.xml"
	report := d.examined(t, slices.Concat(notOffered, []string{
		"security-port-mismatch imap mail.example.com:993", "security-port-mismatch smtp mail.example.com:465",
		"autodiscover-missing example.com",          // at the one place where eM Client looks
		"unreachable http://autoconfig.example.com", // as this test has it
		"login-not-named" + autoconfig,              // it repeats the address of the question
		"conformance-14" + autoconfig,               // without password-cleartext
		"conformance-15" + autoconfig,               // the same as login-not-named
		"conformance-25" + autodiscover,             // without DomainRequired
		"conformance-26" + autodiscover,             // the same as security-port-mismatch
	})...)
	wantBroken(t, report, map[string]string{
		"security-port-mismatch": "Outlook", "autodiscover-missing": "eM Client", "unreachable": "KMail SnappyMail", "login-not-named": "GNOME Online Accounts",
	})
}

// TestFreedomBox lets the doctor examine the autoconfig of FreedomBox, with Dovecot and
// Postfix as it configures them. The document calls the port for STARTTLS one for implicit
// TLS, and Outlook finds no document.
func TestFreedomBox(t *testing.T) {
	program := programs.Need(t, "plinth", "freedombox; .ci/run unpacks it beside the system")
	program, err := filepath.EvalSymlinks(program)
	if err != nil {
		t.Fatal(err)
	}
	d := newDomain(t)
	d.start(t, mailServers{}, "example.com")
	port := programs.FreePort(t)
	cmd := exec.Command("/usr/bin/python3", "testdata/freedombox.py", filepath.Join(filepath.Dir(program), "../lib/python3/dist-packages"), port)
	server(t, cmd, func() { _ = cmd.Process.Signal(os.Interrupt) }, "127.0.0.1:"+port)
	web := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "127.0.0.1:" + port})
			r.Out.Host = r.In.Host
			if r.In.URL.Path == "/.well-known/autoconfig/mail/config-v1.1.xml" { // as in its email-freedombox.conf
				r.Out.URL.Path = "/plinth/apps/email/config.xml"
			}
		},
	})
	web.TLS = &tls.Config{Certificates: []tls.Certificate{d.intermediate.Server("example.com").TLS(d.intermediate)}}
	web.StartTLS()
	t.Cleanup(web.Close)
	d.zone += "example.com. IN A " + d.address + "\n"
	d.connect["example.com:443"], d.connect["example.com:80"] = web.Listener.Addr().String(), d.address+":1" // closed
	report := d.examined(t, slices.Concat(notOffered, []string{
		"security-port-mismatch smtp example.com:587",
		"autodiscover-missing example.com",
		"autoconfig-missing example.com", // at autoconfig.example.com, the one place where KMail looks
	})...)
	wantBroken(t, report, map[string]string{"security-port-mismatch": "Evolution", "autodiscover-missing": "Outlook eM Client", "autoconfig-missing": "KMail"})
}

// notOffered are the findings about what neither of them has.
var notOffered = []string{"dav-missing example.com", "pacc-missing example.com", "profile-missing example.com", "mta-sts-missing _mta-sts.example.com", "tls-rpt-missing _smtp._tls.example.com"}

// wantBroken compares the clients that findings are blamed for.
func wantBroken(t *testing.T, report doctor.Report, want map[string]string) {
	t.Helper()
	for _, f := range report.Findings {
		if clients, ok := want[f.ID]; ok && clients != strings.Join(f.Breaks, " ") {
			t.Errorf("%s breaks %q, want %s", f.ID, f.Breaks, clients)
		}
	}
}
