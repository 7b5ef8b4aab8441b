package importer

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
)

const containerEnv = `# COMPANY_NAME is what people see
COMPANY_NAME="Example & Co"   # not this
SUPPORT_URL=https://autodiscover.example.com
DOMAIN=example.com
IMAP_HOST=imap.example.com
IMAP_PORT=993
IMAP_SOCKET=SSL
POP_HOST=
SMTP_HOST=smtp.example.com
SMTP_PORT=587
SMTP_SOCKET=STARTTLS
`

const containerSettings = `providers:
  # from a.env
  example-co:
    name: Example & Co
    help_url: https://autodiscover.example.com
    services:
      - {protocol: imap, host: imap.example.com, port: 993, security: tls}
      - {protocol: submission, host: smtp.example.com, port: 587, security: starttls}
domains:
  example.com: {provider: example-co}
  "*": {provider: example-co}
`

// firstEnv and secondEnv are the environments of two containers.
const firstEnv = `COMPANY_NAME=Company
SUPPORT_URL=http://autodiscover.example.com
DOMAIN=example.com
# IMAP configuration (host mandatory to enable)
IMAP_HOST=imap.example.com
IMAP_PORT=993
IMAP_SOCKET=SSL
POP_PORT=995
SMTP_HOST=${SMTP}
MOBILESYNC_URL=https://sync.example.com
MOBILESYNC_NAME=sync.example.com
LDAP_HOST=ldap.example.com
LDAP_SEARCH=(|(objectClass=PostfixBookMailAccount))
PROFILE_IDENTIFIER=com.example.autodiscover
PROFILE_UUID=92943D26-CAB3-4086-897D-DC6C0D8B1E86
PORT=8001
TZ=Europe/Berlin
SMTP_PORT
`

const secondEnv = `COMPANY_NAME=Company
DOMAIN=example.net
IMAP_HOST=imap.example.com
IMAP_PORT=143
IMAP_SOCKET=STARTTLS
`

// Notes about what the container says otherwise.
const (
	spa         = "hint: Outlook was told to use secure password authentication (SPA), and is now told to send the password over TLS"
	everyDomain = `hint: DOMAIN: the container answers for every domain, and so does "*"; remove it to answer for the listed ones only`
	company     = `Thunderbird was told the name "Company Email" and the part before @ as its short form; all clients get "Company"`
)

// fromEnv imports env files: pairs of a name and a text.
func fromEnv(files ...string) (Result, error) {
	d := newDraft()
	var found []container
	for i := 0; i < len(files); i += 2 {
		c, err := d.envFile(files[i], []byte(files[i+1]))
		if err != nil {
			return Result{}, err
		}
		found = append(found, c)
	}
	d.addContainers(found)
	return d.result("a test")
}

func TestEnvFile(t *testing.T) {
	script := regexp.MustCompile(`(?m)^(\w+)=(.*)$`).ReplaceAllString(containerEnv, "export $1=$2\r")
	for name, text := range map[string]string{"env file": containerEnv, "script": script} {
		t.Run(name, func(t *testing.T) {
			r, err := fromEnv("a.env", text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if got := body(r); got != containerSettings {
				t.Errorf("got\n%s\nwant\n%s\nby\n%s", got, containerSettings, text)
			}
			wantNotes := []string{
				"a.env: " + spa,
				`a.env:2: hint: COMPANY_NAME: Thunderbird was told the name "Example & Co Email" and the part before @ as its short form; all clients get "Example & Co"`,
				"a.env:4: " + everyDomain,
			}
			if got := textsOf(r.Notes); !slices.Equal(got, wantNotes) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(wantNotes, "\n"))
			}
			accepted(t, r)
		})
	}
}

func TestSeveralContainers(t *testing.T) {
	r, err := fromEnv("a.env", firstEnv, "b.env", secondEnv)
	if err != nil {
		t.Fatal(err)
	}
	const want = `listen: ":8001"
providers:
  # from a.env
  company:
    name: Company
    services:
      - {protocol: imap, host: imap.example.com, port: 993, security: tls}
      - {protocol: activesync, url: "https://sync.example.com"}
  # from b.env
  company-2:
    name: Company
    services:
      - {protocol: imap, host: imap.example.com, port: 143, security: starttls}
domains:
  example.com: {provider: company}
  example.net: {provider: company-2}
`
	if got := body(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	wantNotes := []string{
		"a.env: hint: POP_HOST: is not set; the container does not offer the service",
		"a.env: " + spa,
		`a.env:1: hint: COMPANY_NAME: ` + company,
		"a.env:2: SUPPORT_URL: page not imported: must be an https URL",
		"a.env:9: SMTP_HOST: the value refers to another variable; replace it by the value",
		"a.env:11: MOBILESYNC_NAME: the server name is not used",
		"a.env:12: LDAP_HOST, LDAP_SEARCH: LDAP address books are not imported",
		"a.env:14: PROFILE_IDENTIFIER, PROFILE_UUID: Waymark derives profile identifiers from the provider id: a device keeps the old profile beside the new one until the old one is removed",
		"a.env:17: hint: TZ: unknown variable; skipped",
		"a.env:18: hint: not a NAME=value line; skipped",
		"b.env: " + spa,
		`b.env:1: hint: COMPANY_NAME: ` + company,
		"DOMAIN: each container answers for every domain that the proxy sends it; list those besides DOMAIN yourself",
	}
	if got := textsOf(r.Notes); !slices.Equal(got, wantNotes) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(wantNotes, "\n"))
	}
	accepted(t, r)
}

func TestEnvironmentOfTheProcess(t *testing.T) {
	env := map[string]string{"DOMAIN": "example.com", "IMAP_HOST": "imap.example.com", "PATH": "/bin", "PORT": "1", "LDAP_HOST": "ldap.example.com"}
	r, err := AutodiscoverEmailSettings(nil, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	const want = `providers:
  example-com:
    name: example.com
    services:
      - {protocol: imap, host: imap.example.com, port: 993, security: tls}
domains:
  example.com: {provider: example-com}
  "*": {provider: example-com}
`
	if got := body(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	wantNotes := []string{
		"hint: IMAP_SOCKET: no connection security; using tls",
		"hint: IMAP_PORT: no port; using 993",
		"LDAP_HOST: LDAP address books are not imported",
		spa,
		everyDomain,
		`hint: no display name; using "example.com"`,
	}
	if got := textsOf(r.Notes); !slices.Equal(got, wantNotes) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(wantNotes, "\n"))
	}
	accepted(t, r)
}

func TestEnvironmentsThatCannotBeRead(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"nothing in it", "\n# nothing\n", "contains no NAME=value line such as IMAP_HOST=imap.example.com"},
		{"a compose file", "services: {web: {image: nginx}}", "contains no NAME=value line such as IMAP_HOST=imap.example.com"},
		{"too large", strings.Repeat("A=1\n", 1<<18+1), "the file is larger than 1 MiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.env")
			if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := AutodiscoverEmailSettings([]string{path}, nil); err == nil || err.Error() != path+": "+tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	if _, err := AutodiscoverEmailSettings([]string{"/does/not/exist"}, nil); err == nil || err.Error() != "/does/not/exist: cannot be read: no such file or directory" {
		t.Errorf("got %v", err)
	}
}

func TestEnvironmentWithMistakes(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		note       string
	}{
		{"no host", "DOMAIN=example.com", "a.env: no service can be imported; provider and domains not imported"},
		{"a port that is none", "DOMAIN=example.com\nIMAP_HOST=imap.example.com\nIMAP_PORT=imaps", `a.env:3: IMAP_PORT: the port must be a number from 1 to 65535, is "imaps"; service not imported`},
		{"what is no variable", "DOMAIN=example.com\nnonsense", "a.env:2: hint: not a NAME=value line; skipped"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := fromEnv("a.env", tc.text)
			if !errors.Is(err, ErrNothing) {
				t.Errorf("error %v", err)
			}
			if got := textsOf(r.Notes); !slices.Contains(got, tc.note) {
				t.Errorf("got %q, want %q among them", got, tc.note)
			}
		})
	}
}

// TestContainersAnswerEveryDomain: also those that name none, or the same servers.
func TestContainersAnswerEveryDomain(t *testing.T) {
	const imap = "\nIMAP_HOST=imap.example.com\nIMAP_SOCKET=SSL\nIMAP_PORT=993"
	for name, tc := range map[string]struct {
		files   []string
		domains string
		note    string
	}{
		"no domain":                  {[]string{"a.env", imap}, "* -> imap.example.com", "a.env: " + everyDomain},
		"no domain that can be read": {[]string{"a.env", "DOMAIN=a b" + imap}, "* -> imap.example.com", `a.env:1: DOMAIN: "a b": the domain is not a valid name; not imported`},
		"the same servers twice":     {[]string{"a.env", "COMPANY_NAME=A\nDOMAIN=a.example" + imap, "b.env", "COMPANY_NAME=A\nDOMAIN=b.example" + imap}, "a.example -> A, * -> A, b.example -> A", "a.env:2: " + everyDomain},
		"other servers":              {[]string{"a.env", "COMPANY_NAME=A\nDOMAIN=a.example" + imap, "b.env", "COMPANY_NAME=B\nDOMAIN=b.example" + imap}, "a.example -> A, b.example -> B", "DOMAIN: each container answers for every domain that the proxy sends it; list those besides DOMAIN yourself"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := fromEnv(tc.files...)
			if err != nil || !slices.Contains(textsOf(r.Notes), tc.note) {
				t.Errorf("%v, got %q, want %q among them", err, textsOf(r.Notes), tc.note)
			}
			cfg := accepted(t, r)
			var got []string
			for entry := range strings.SplitSeq(tc.domains, ", ") {
				d, _, _ := strings.Cut(entry, " -> ")
				if p := cfg.Domains[address.Domain(d)].Provider; p != nil {
					got = append(got, d+" -> "+p.Name)
				} else if d == "*" && cfg.CatchAll != nil {
					got = append(got, d+" -> "+cfg.CatchAll.Name)
				}
			}
			if strings.Join(got, ", ") != tc.domains || strings.Contains(tc.domains, "*") != (cfg.CatchAll != nil) {
				t.Errorf("got %v, want %s", got, tc.domains)
			}
		})
	}
}

func TestQuotesAndComments(t *testing.T) {
	for written, want := range map[string]string{
		`a`: "a", ` a b `: "a b", `"a" # b`: "a", `'a "b" c'`: `a "b" c`, `"a`: `"a`, `a # b`: "a", `a#b`: "a#b", `# b`: "", `""`: "", "a\r": "a",
	} {
		if got := unquote(written); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}
