package config

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/preset"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

func TestFullFile(t *testing.T) {
	data := read(t, filepath.Join("testdata", "full.yaml"))
	have, findings := Parse("/etc/waymark/full.yaml", data, testEnvironment())
	if len(findings) > 0 {
		t.Fatalf("have findings %v, want none", findings)
	}

	form, password := settings.Login("{local}.{domain}"), []settings.Auth{settings.OAuth2, settings.Password}
	host := func(p settings.Protocol, host string, port uint16, s settings.Security) settings.Service {
		return settings.Service{Protocol: p, Host: host, Port: port, Security: s, Login: form, Auth: password}
	}
	url := func(p settings.Protocol, url string) settings.Service {
		return settings.Service{Protocol: p, URL: url, Login: form, Auth: password}
	}
	full := &settings.Provider{
		ID: "full-1", Name: "A Company With a Long Name Ltd", ShortName: "A Company",
		HelpURL: "https://xn--bcher-kva.example/hilfe?lang=de",
		Services: []settings.Service{
			host(settings.IMAP, "imap.{domain}", 993, settings.TLS),
			host(settings.IMAP, "imap.{domain}", 143, settings.STARTTLS),
			host(settings.POP3, "pop.xn--bcher-kva.example", 995, settings.TLS),
			host(settings.Submission, "mail.example.com", 465, settings.TLS),
			host(settings.ManageSieve, "mail.example.com", 4190, settings.STARTTLS),
			url(settings.JMAP, "https://jmap.example.com/.well-known/jmap"),
			url(settings.CalDAV, "https://dav.example.com/{domain}/"),
			url(settings.CardDAV, "https://dav.example.com:8443"),
			url(settings.WebDAV, "https://dav.example.com/files/"),
			url(settings.ActiveSync, "https://eas.example.com/Microsoft-Server-ActiveSync"),
		},
		Subaddress: "+",
		OAuth2: &settings.OAuth2Endpoints{
			Issuer: "https://login.example.com", AuthURL: "https://login.example.com/authorize",
			TokenURL: "https://login.example.com/token", Scope: "imap smtp", ClientID: "4711",
		},
		Profile: settings.ProfileOptions{
			Organization: "Example Ltd",
			ConsentText:  map[string]string{"default": "Two\nlines", "de-CH": "${kein Verweis} zu true"},
			RemovalDate:  time.Date(2030, 12, 31, 18, 0, 0, 0, time.UTC),
		},
		Outlook: settings.OutlookOptions{DAV: true},
		MTASTS:  &settings.MTASTS{Mode: "testing", MX: []string{"mx1.example.com", "*.mail.xn--bcher-kva.example"}, MaxAge: 864000, Reports: "tls@example.com"},
	}
	full.Services[2].Login = "everybody"
	full.Services[3].Auth = []settings.Auth{settings.PasswordChallenge}

	plain := &settings.Provider{
		ID: "plain", Name: "plain", ShortName: "plain",
		Services: append([]settings.Service(nil), full.Services...),
		Profile: settings.ProfileOptions{
			ConsentText: map[string]string{"default": "One text"},
			RemovalDate: time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC),
		},
		Outlook:        settings.OutlookOptions{DAV: true, NoJSON: true},
		AppPasswordURL: "https://example.com/passwords",
		Language:       "de-CH",
		Brand:          settings.Brand{Color: "#ffd700", Logo: logo(t, "<svg xmlns='http://www.w3.org/2000/svg'/>"), LogoDark: logo(t, "<svg fill='white'/>")},
		WebmailURL:     "https://webmail.{domain}/",
		Signing:        "providers.plain.signing",
	}
	for i := range plain.Services {
		if i != 2 {
			plain.Services[i].Login = settings.LoginAddress
		}
		if i != 3 {
			plain.Services[i].Auth = []settings.Auth{settings.Password}
		}
	}

	// own.example has its own name, page, colour, login, authentication, separator,
	// redirect and IMAP service; the rest is the provider's.
	own := *full
	own.Name, own.ShortName, own.HelpURL = "A Name of More Than Twenty Characters", "A Name of More Than", "https://own.example/"
	own.WebmailURL, own.Brand.Color = "https://mail.own.example/", "#1a2b3c"
	own.Services = append([]settings.Service(nil), full.Services[1:]...)
	for i := range own.Services {
		if i != 1 {
			own.Services[i].Login = settings.LoginAddress
		}
		if i != 2 {
			own.Services[i].Auth = []settings.Auth{settings.GSSAPI}
		}
	}
	own.Subaddress, own.Signing = "-", "domains.own.example.signing"
	own.Outlook = settings.OutlookOptions{DAV: true, NoJSON: true, Redirect: &settings.Redirect{Domain: "own.mail.example"}}
	own.Services[0] = settings.Service{
		Protocol: settings.IMAP, Host: "imap.own.example", Port: 143, Security: settings.STARTTLS,
		Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password},
	}

	mailcow, err := preset.SQL("mailcow", "mysql")
	if err != nil {
		t.Fatal(err)
	}
	customers := &source.SQL{
		Driver: "postgres", DSN: secret, DomainQuery: "SELECT 1\nFROM domains WHERE name = {domain}",
		MailboxQuery: "SELECT login FROM users WHERE mail = {address}", ListQuery: "SELECT name AS domain FROM domains", Timeout: 500 * time.Millisecond, Connections: 3, Channel: "waymark",
	}
	want := &Config{
		Listen: "[::1]:8081",
		TLS: &TLS{Listen: ":8443", Files: []TLSFiles{{CertFile: "/etc/waymark/tls/cert.pem", KeyFile: "/keys/tls.key", Key: "tls", Line: 3}}, ACME: &ACME{
			Email: "ops@example.org", OrdersPerHour: 20, OrdersPerDomain: 10, CheckDNS: true, Addresses: []string{"192.0.2.1", "waymark.example.net"}, Line: 3,
			DNS:     &DNSUpdates{Server: netip.MustParseAddrPort("192.0.2.53:53"), KeyName: "waymark", KeyAlgorithm: "hmac-sha512", Key: "0123456789abcdef0123456789abcdef", DelegateTo: "_acme-challenge.acme.example.org"},
			Storage: &CertificateDatabase{Source: "customers", SQL: customers, Key: strings.Repeat("e", minSecret), Line: 3},
			CAs: []CA{
				{Directory: "https://acme.example/dir", RootsFile: "/etc/waymark/ca.pem", EAB: &EAB{KeyID: "x", HMACKey: strings.Repeat("e", minSecret)}, Key: "tls.acme", Line: 3},
				{Directory: "https://other.example/dir", Key: "tls.acme.fallback", Line: 3},
			},
		}},
		Ops: Ops{Hosts: []address.Domain{"waymark.example.net"}, Pprof: true, ExamineEvery: 7 * 24 * time.Hour, ExamineSources: 200, Resolver: netip.MustParseAddrPort("192.0.2.53:53")},
		TrustedProxies: []netip.Prefix{
			netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("10.0.0.0/8"),
			netip.MustParsePrefix("192.0.2.2/32"), netip.MustParsePrefix("2001:db8::/32"),
		},
		ForwardedHost: true,
		Reload:        Reload{MaxRemoved: 25},
		Signing:       &Signing{CertFile: "/etc/waymark/sign.pem", KeyFile: "/etc/waymark/sign.key", UnsignedWhenExpired: true, File: "/etc/waymark/full.yaml", Key: "signing", Line: 6},
		Identities: map[string]*Signing{
			"providers.plain.signing":     {ACME: "config.example.com", File: "/etc/waymark/full.yaml", Key: "providers.plain.signing", Line: 58},
			"domains.own.example.signing": {CertFile: "/etc/waymark/own.pem", KeyFile: "/etc/waymark/own.key", UnsignedWhenExpired: true, File: "/etc/waymark/full.yaml", Key: "domains.own.example.signing", Line: 109},
		},
		AppPasswords: map[string]AppPasswords{"plain": {Hook: "https://panel.internal/new", Secret: "0123456789abcdef0123456789abcdef"}},
		StateDir:     "/etc/waymark/state",
		API:          API{Token: strings.Repeat("k", 40)},
		Limits:       Limits{RequestsPerMinute: 120, StrictPerMinute: 5, UnknownPerMinute: 8, UnknownPerSecond: 9, RequestsAtOnce: 6, Connections: 7},
		Pages: Pages{
			URL: "https://setup.example.com", Keys: []string{"0123456789abcdef0123456789abcdef", strings.Repeat("k", 40)},
			VerifyPassword: true, Doctor: true,
			Suggest: []address.Domain{"example.com", "xn--bcher-kva.example"},
		},
		Log:       Log{Level: "debug", Format: "console", Remote: "network"},
		Providers: []*settings.Provider{full, plain},
		Domains: map[address.Domain]settings.Domain{
			"example.com":            {Provider: full, Canonical: "example.com"},
			"xn--bcher-kva.example":  {Provider: plain, Canonical: "xn--bcher-kva.example"},
			"first.example":          {Provider: plain, Canonical: "xn--bcher-kva.example"},
			"second.example":         {Provider: plain, Canonical: "xn--bcher-kva.example", LoginDomain: "xn--bcher-kva.example"},
			"moved.example":          {Provider: plain, Canonical: "xn--bcher-kva.example", LoginDomain: "xn--bcher-kva.example", MovedTo: "second.example"},
			"moved-alias.example":    {Provider: plain, Canonical: "xn--bcher-kva.example", LoginDomain: "xn--bcher-kva.example", MovedTo: "second.example"},
			"gone.example":           {Moved: &settings.MovedError{To: settings.Redirect{URL: "https://autodiscover.new.example/autodiscover/autodiscover.xml"}}},
			"with-catch-all.example": {Provider: plain, Canonical: "elsewhere.example", MovedTo: "elsewhere.example"},
			"own.example":            {Provider: &own, Canonical: "own.example"},
		},
		CatchAll: plain,
		Cache:    source.Cache{Entries: 5000, Fresh: 90 * time.Second, Unknown: 10 * time.Second, Stale: 48 * time.Hour},
		Directory: []Source{
			{Name: "customers", Provider: plain, Mailboxes: true, PublicLogins: true, Key: "directory[0]", Line: 62, SQL: customers},
			{Name: "sql", Key: "directory[1]", Line: 78, SQL: &source.SQL{Driver: "mysql", DSN: "u@tcp(127.0.0.1)/mail", DomainQuery: mailcow.Domain, ListQuery: mailcow.List, Timeout: source.DefaultTimeout}},
			{Name: "ldap", Mailboxes: true, Key: "directory[2]", Line: 79, LDAP: &source.LDAP{
				URL: "ldap://127.0.0.1", StartTLS: true, CAFile: "/etc/waymark/ca.pem", BindDN: "cn=waymark", BindPassword: secret,
				Domain:  source.Search{BaseDN: "ou=domains", Scope: source.OneLevel, Filter: "(dc={domain})", Attributes: map[string]string{"imap_host": "mailHost", "provider": "=plain"}},
				Mailbox: &source.Search{BaseDN: "dc=example", Filter: "(mail={address})"}, Timeout: source.DefaultTimeout,
			}},
			{Name: "mx", Key: "directory[3]", Line: 89, MX: &source.MX{
				Resolvers: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.53:53"), netip.MustParseAddrPort("[::1]:5353")},
				Patterns:  []source.Pattern{{Match: "*.mail.example", Provider: "plain"}, {Match: "mx1.example.net", Provider: "plain"}}, Timeout: time.Second,
			}},
		},
		Files: []string{"/etc/waymark/full.yaml", "/etc/waymark/long", "/etc/waymark/organization", "/etc/waymark/logo.svg", "/etc/waymark/dark.svg"},
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("have\n%s\nwant\n%s", dump(t, have), dump(t, want))
	}
}

func dump(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDomainsOutsideOfTheFile pins that a file without domains is fine when they
// are in a database.
func TestDomainsOutsideOfTheFile(t *testing.T) {
	const text = `
providers: {p: {services: [{protocol: imap, host: mail.example.com}, {protocol: submission, host: mail.example.com}]}}
directory: [{source: sql, driver: sqlite, dsn: mail.db, provider: p, queries: {domain: "SELECT 1 FROM domains WHERE name = {domain}"}}]
`
	for _, domains := range []string{"", "domains: {}\n"} {
		if _, findings := Parse("waymark.yaml", []byte(text+domains), Environment{}); len(findings) > 0 {
			t.Errorf("with %q: %v", domains, findings)
		}
	}
}

// TestPresetFindings keeps the list of presets out of the golden files: a new
// preset changes no expected output.
func TestPresetFindings(t *testing.T) {
	known := strings.Join(preset.SQLNames(), ", ")
	for keys, want := range map[string]string{
		"":                 "waymark.yaml:3: directory[0]: needs a preset (" + known + "), or queries with a domain query\n",
		", preset: plesk":  "waymark.yaml:3: directory[0].preset: unknown preset plesk; known: " + known + "\n",
		", preset: mailco": "waymark.yaml:3: directory[0].preset: unknown preset mailco; did you mean mailcow? Known: " + known + "\n",
	} {
		_, findings := Parse("waymark.yaml", []byte("providers: {}\ndirectory:\n  - {source: sql, driver: sqlite, dsn: mail.db"+keys+"}\n"), Environment{})
		if got := lines(findings); got != want {
			t.Errorf("%q: got\n%swant\n%s", keys, got, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	const smallest = `
providers: {p: {services: [{protocol: imap, host: mail.example.com}, {protocol: submission, host: mail.example.com}]}}
domains: {example.com: {provider: p}}
`
	cfg, findings := Parse("/etc/waymark.yaml", []byte(smallest), Environment{})
	if len(findings) > 0 {
		t.Fatalf("have findings %v, want none", findings)
	}
	p := cfg.Providers[0]
	cfg.Providers, cfg.Domains = nil, nil
	if want := (&Config{
		Listen: ":8080", Ops: Ops{Listen: "127.0.0.1:9090", WaitForSources: true}, Log: Log{Level: "info", Format: "json", Remote: "full"},
		Limits: Limits{RequestsPerMinute: 6000, StrictPerMinute: 60, UnknownPerMinute: 600, UnknownPerSecond: 500, RequestsAtOnce: 1000, Connections: 2000},
		Cache:  source.Cache{Entries: 100_000, Fresh: time.Minute, Unknown: 30 * time.Second, Stale: 24 * time.Hour, Snapshot: true},
		Reload: Reload{MaxRemoved: 10},
		Files:  []string{"/etc/waymark.yaml"},
	}); !reflect.DeepEqual(cfg, want) {
		t.Errorf("have %s, want %s", dump(t, cfg), dump(t, want))
	}
	login, auth := settings.LoginAddress, []settings.Auth{settings.Password}
	if want := (&settings.Provider{ID: "p", Name: "p", ShortName: "p", Services: []settings.Service{
		{Protocol: settings.IMAP, Host: "mail.example.com", Port: 993, Security: settings.TLS, Login: login, Auth: auth},
		{Protocol: settings.Submission, Host: "mail.example.com", Port: 465, Security: settings.TLS, Login: login, Auth: auth},
	}}); !reflect.DeepEqual(p, want) {
		t.Errorf("have provider %s, want %s", dump(t, p), dump(t, want))
	}
}

func TestDomainsWithoutOverridesShareTheirProvider(t *testing.T) {
	cfg, _ := Parse("full.yaml", read(t, filepath.Join("testdata", "full.yaml")), testEnvironment())
	if cfg.Domains["example.com"].Provider != cfg.Providers[0] {
		t.Error("a domain without overrides has a provider of its own")
	}
	if cfg.Domains["second.example"].Provider != cfg.Providers[1] || cfg.CatchAll != cfg.Providers[1] {
		t.Error("an alias domain or the catch-all has a provider of its own")
	}
	if cfg.Domains["own.example"].Provider == cfg.Providers[0] {
		t.Error("a domain with overrides has the shared provider")
	}
}

func TestOverrideReplacesAProtocolInItsPlace(t *testing.T) {
	service := func(p settings.Protocol, host string) settings.Service {
		return settings.Service{Protocol: p, Host: host}
	}
	base := []settings.Service{
		service(settings.IMAP, "1"), service(settings.Submission, "2"), service(settings.IMAP, "3"), service(settings.POP3, "4"),
	}
	theirs := []settings.Service{
		service(settings.ManageSieve, "a"), service(settings.IMAP, "b"), service(settings.POP3, "c"), service(settings.IMAP, "d"),
	}
	var have []string
	for _, s := range replace(base, theirs) {
		have = append(have, string(s.Protocol)+" "+s.Host)
	}
	want := []string{"imap b", "imap d", "submission 2", "pop3 c", "managesieve a"}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("have %v, want %v", have, want)
	}
}

func TestShortName(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"short", "Infomaniak", "Infomaniak"},
		{"20 characters", "12345678901234567890", "12345678901234567890"},
		{"one word too long", "123456789012345678901", "12345678901234567890"},
		{"cut at a word", "Example Hosting Business", "Example Hosting"},
		{"a word ends at the limit", "Example Hosting Corp and more", "Example Hosting Corp"},
		{"characters, not bytes", "ÄÖÜÄÖÜÄÖÜÄÖÜÄÖÜÄÖÜÄÖ", "ÄÖÜÄÖÜÄÖÜÄÖÜÄÖÜÄÖÜÄÖ"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if have := settings.Shorten(tc.in, settings.MaxShortName); have != tc.want {
				t.Errorf("have %q, want %q", have, tc.want)
			}
		})
	}
}

func TestLoadReadsFilesBesideTheSettings(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	host := write("host", "mail.example.com\r\n")
	path := write("waymark.yaml", `
state_dir: state
providers: {p: {services: [{protocol: imap, host: "${file:host}"}, {protocol: submission, host: "${file:host}"}]}}
domains: {example.com: {provider: p}}
`)
	cfg, findings := Load(path, Environment{Getenv: os.LookupEnv, ReadFile: os.ReadFile})
	if len(findings) > 0 {
		t.Fatalf("have findings %v, want none", findings)
	}
	if have := cfg.Providers[0].Services[1].Host; have != "mail.example.com" {
		t.Errorf("have host %q", have)
	}
	if want := filepath.Join(dir, "state"); cfg.StateDir != want {
		t.Errorf("have state folder %q, want %q", cfg.StateDir, want)
	}
	if want := []string{path, host}; !reflect.DeepEqual(cfg.Files, want) {
		t.Errorf("have files %v, want %v", cfg.Files, want)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, MaxSettingsFile+1); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing.yaml")
	for _, tc := range []struct{ name, path, want string }{
		{"no file", missing, missing + ": the settings file cannot be read: no such file or directory"},
		{"a folder", dir, dir + ": the settings file cannot be read: is a directory, not a regular file"},
		{"too large", large, large + ": the file is larger than 16 MiB; keep the domains in a database or a directory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg, findings := Load(tc.path, Environment{})
			if cfg != nil || len(findings) != 1 || findings[0].String() != tc.want {
				t.Errorf("have %v, want %s", findings, tc.want)
			}
		})
	}
}

func TestWithoutEnvironmentReferencesAreErrors(t *testing.T) {
	_, findings := Parse("waymark.yaml", []byte("listen: ${env:HOME}\nstate_dir: ${file:/etc/hostname}\n"), Environment{})
	want := []string{
		"waymark.yaml:1: warning: domains: no domains: the server answers no request",
		"waymark.yaml:1: listen: ${env:HOME}: the environment variable is not set",
		"waymark.yaml:2: state_dir: ${file:/etc/hostname}: files cannot be read here",
	}
	var have []string
	for _, f := range findings {
		have = append(have, f.String())
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

func TestFindingAsJSON(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   Finding
		want string
	}{
		{"error", Finding{File: "a.yaml", Line: 3, Column: 5, Key: "listen", Text: "is wrong"}, `{"file":"a.yaml","line":3,"column":5,"key":"listen","text":"is wrong","warning":false}`},
		{"warning about the file", Finding{File: "a.yaml", Text: "is odd", Warning: true}, `{"file":"a.yaml","text":"is odd","warning":true}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			have, err := json.Marshal(tc.in)
			if err != nil || string(have) != tc.want {
				t.Errorf("have %s, %v; want %s", have, err, tc.want)
			}
		})
	}
}

func logo(t *testing.T, data string) settings.Logo {
	t.Helper()
	l, err := settings.ParseLogo(data)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
