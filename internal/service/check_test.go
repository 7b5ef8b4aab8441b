package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/certtest"
)

// mailAt is a provider whose servers have any name, also one that the settings
// file would not let through.
func mailAt(id, host string) *settings.Provider {
	svc := settings.Service{Protocol: settings.IMAP, Host: host, Port: 993, Security: settings.TLS, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
	smtp := svc
	smtp.Protocol, smtp.Port = settings.Submission, 465
	return &settings.Provider{ID: id, Name: id, ShortName: id, Services: []settings.Service{svc, smtp}}
}

// TestAWrongProfileIsFoundBeforeItIsServed pins that neither a start nor a
// reload nor a check lets one through.
func TestAWrongProfileIsFoundBeforeItIsServed(t *testing.T) {
	good, bad := mailAt("good", "mail.example.com"), mailAt("bad", "https://mail.example.com/")
	const want = "domain %: invalid Apple profile: payload 1 (com.apple.mail.managed): IncomingMailServerHostName is not a bare host name"
	for name, tc := range map[string]struct {
		cfg    config.Config
		domain string // "" for no finding
	}{
		"good":       {config.Config{Providers: []*settings.Provider{good}}, ""},
		"a provider": {config.Config{Providers: []*settings.Provider{good, bad}}, "example.com"},
		"a domain's own": {config.Config{
			Providers: []*settings.Provider{good},
			Domains:   map[address.Domain]settings.Domain{"own.example": {Provider: bad, Canonical: "own.example"}, "gone.example": {Moved: &settings.MovedError{To: settings.Redirect{Domain: "a.example"}}}},
		}, "own.example"},
		"of a suffix": {config.Config{
			Providers: []*settings.Provider{good}, Below: settings.Suffixes{"schools.example": bad},
		}, "example.schools.example"},
		"nothing for a device": {config.Config{Providers: []*settings.Provider{{ID: "none"}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			if findings := CheckFiles("waymark.yaml", &tc.cfg, t.TempDir(), time.Now()); findings.HasErrors() {
				got = findings[0].Text
			}
			if tc.domain == "" && got != "" || tc.domain != "" && !strings.Contains(got, strings.ReplaceAll(want, "%", tc.domain)) {
				t.Errorf("got %q", got)
			}
			if tc.domain == "" {
				return
			}
			if _, err := New(t.Context(), &tc.cfg, nil, Options{StateDir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "Apple profile") {
				t.Errorf("the start ends with %v", err)
			}
		})
	}
}

// checked returns what check reports about a settings file, a line for each finding.
func checked(t *testing.T, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, "waymark.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, findings := config.LoadForCheck(path, config.Environment{Getenv: os.LookupEnv, ReadFile: os.ReadFile})
	var all strings.Builder
	for _, f := range append(findings, CheckFiles(path, cfg, t.TempDir(), time.Now())...) {
		all.WriteString(strings.ReplaceAll(f.String(), dir+"/", "") + "\n")
	}
	return all.String()
}

// TestCheckInOnePass finds the faults of the settings, of each file and of each
// source at once.
func TestCheckInOnePass(t *testing.T) {
	got := checked(t, t.TempDir(), settingsFor("mail.example.net", `nonsense: 1
tls: {listen: "127.0.0.1:0", cert_file: tls.pem, key_file: tls.key}
signing: {cert_file: sign.pem, key_file: sign.key}
directory:
  - {source: sql, name: first, driver: sqlite, dsn: first.db, provider: one, queries: {domain: "SELECT 1 FROM d WHERE n = {domain}"}}
  - {source: ldap, name: broken, url: 1, preset: iredmail, base_dn: "dc=example"}
  - {source: ldap, name: second, url: "http://127.0.0.1:1", preset: iredmail, base_dn: "dc=example", provider: one}
  - {source: ldap, name: third, url: "ldap://127.0.0.1:1", preset: iredmail, base_dn: "dc=example", provider: one}`))
	for _, want := range []string{
		"waymark.yaml:3: unknown key nonsense",
		"waymark.yaml:4: tls: open tls.pem: no such file or directory",
		"waymark.yaml:4: tls: open tls.key: no such file or directory",
		"waymark.yaml:5: signing: open sign.pem: no such file or directory",
		"waymark.yaml:5: signing: open sign.key: no such file or directory",
		"waymark.yaml:7: directory[0]: ",
		"waymark.yaml:8: directory[1].url: must be a text",
		"waymark.yaml:9: directory[2]: ",
		"waymark.yaml:10: directory[3]: ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestCertificateForOtherNames pins which names of a TLS certificate belong to
// Waymark.
func TestCertificateForOtherNames(t *testing.T) {
	for _, tc := range []struct {
		name, more string
		names      []string
		want       string
	}{
		{"a service name", "", []string{"autoconfig.example.com"}, ""},
		{"the domain", "", []string{"example.com"}, ""},
		{"a wildcard", "", []string{"*.example.com"}, ""},
		{"one of several", "", []string{"a.example", "AutoDiscover.Example.COM"}, ""},
		{"another host of the domain", "", []string{"waymark.mail.example.com"}, ""},
		{"the host of the page", "pages: {url: https://setup.hoster.example}", []string{"setup.hoster.example"}, ""},
		{"a wildcard for the host of the page", "pages: {url: https://setup.hoster.example}", []string{"*.hoster.example"}, ""},
		{"another domain", "", []string{"www.hoster.example", "hoster.example"}, "the certificate is for www.hoster.example, hoster.example, none of which is the host of pages.url or belongs to a listed domain, such as autoconfig.example.com"},
		{"another host than the page", "pages: {url: https://setup.hoster.example}", []string{"www.hoster.example"}, "the certificate is for www.hoster.example, none"},
		{"a service name of an unlisted domain", "pages: {url: https://setup.hoster.example}\nautodiscover: {}", []string{"autoconfig.customer.example"}, "none of which"},
		{"a similar name", "", []string{"notexample.com"}, "the certificate is for notexample.com, none"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			pair := certtest.Certify("waymark", certtest.NewKey(), nil, certtest.At(time.Now()), certtest.Hosts(tc.names...))
			cert, key := pair.Write(t, dir)
			got := checked(t, dir, settingsFor("mail.example.net", `tls: {listen: "127.0.0.1:0", cert_file: `+cert+", key_file: "+key+"}", tc.more))
			if found := strings.Contains(got, "the certificate is for"); found != (tc.want != "") || !strings.Contains(got, tc.want) {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestStateDirThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for state, want := range map[string]string{
		dir:                              "",
		filepath.Join(dir, "new", "dir"): "",
		filepath.Join(dir, "file"):       "this user cannot write to file: not a directory; ",
		filepath.Join(dir, "file/below"): "this user cannot write to file/below: not a directory; ",
	} {
		got := checked(t, dir, settingsFor("mail.example.net", "state_dir: "+state))
		if found := strings.Contains(got, "cannot write"); found != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%s: %s", state, got)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("the check left files behind: %v, %v", entries, err)
	}
}
