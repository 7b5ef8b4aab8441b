package importer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
`

const composeFile = `version: '2'
x-defaults: &defaults
  IMAP_HOST: imap.example.com
  IMAP_PORT: 993
  IMAP_SOCKET: SSL
services:
  autodiscover-example-com:
    image: monogramm/autodiscover-email-settings:latest
    environment:
      - COMPANY_NAME=Company
      - SUPPORT_URL=http://autodiscover.example.com
      - DOMAIN=example.com
      # IMAP configuration (host mandatory to enable)
      - IMAP_HOST=imap.example.com
      - IMAP_PORT=993
      - IMAP_SOCKET=SSL
      - POP_PORT=995
      - SMTP_HOST=${SMTP}
      - MOBILESYNC_URL=https://sync.example.com
      - MOBILESYNC_NAME=sync.example.com
      - LDAP_HOST=ldap.example.com
      - LDAP_SEARCH=(|(objectClass=PostfixBookMailAccount))
      - PROFILE_IDENTIFIER=com.example.autodiscover
      - PROFILE_UUID=92943D26-CAB3-4086-897D-DC6C0D8B1E86
      - PORT=8001
      - TZ=Europe/Berlin
      - SMTP_PORT
    labels:
      - "traefik.port=8000"
  autodiscover-example-net:
    env_file: more.env
    environment:
      <<: *defaults
      COMPANY_NAME: Company
      DOMAIN: example.net
      IMAP_PORT: "143"
      IMAP_SOCKET: STARTTLS
      POP_HOST:
  web:
    image: nginx
    environment: [NGINX_HOST=example.com]
`

// fromText imports one file with environment variables.
func fromText(name, text string) (Result, error) {
	d := newDraft()
	if err := d.containers(name, []byte(text)); err != nil {
		return Result{}, err
	}
	return d.result("a test")
}

func TestFormsOfAnEnvironment(t *testing.T) {
	var list, block, unit, script strings.Builder
	list.WriteString("    environment:\n")
	block.WriteString("environment:\n")
	unit.WriteString("[Service]\nUser=autodiscover\n")
	for line := range strings.Lines(containerEnv) {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		value, _, _ = strings.Cut(value, "   #")
		bare := strings.Trim(value, `"`)
		list.WriteString("      - " + name + "=" + bare + "\n")
		block.WriteString("  " + name + ": " + strings.ReplaceAll(value, `""`, "''") + "\n")
		unit.WriteString(`Environment="` + name + "=" + bare + "\"\n")
		script.WriteString("export " + name + "='" + bare + "'\r\n")
	}
	for _, tc := range []struct {
		name, text string
		notes      []string
	}{
		{"env file", containerEnv, nil},
		{"list of a compose file", list.String(), nil},
		{"block of a compose file", block.String(), []string{"a.env:8: POP_HOST: the file does not hold its value"}},
		{"systemd unit", unit.String(), []string{"a.env:2: hint: User: unknown variable of the container; ignored"}},
		{"script", script.String(), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := fromText("a.env", tc.text)
			if err != nil {
				t.Fatalf("%v\n%s", err, tc.text)
			}
			if got := body(r); got != containerSettings {
				t.Errorf("got\n%s\nwant\n%s\nby\n%s", got, containerSettings, tc.text)
			}
			if got := textsOf(r.Notes); !slices.Equal(got, tc.notes) {
				t.Errorf("got  %q\nwant %q", got, tc.notes)
			}
			accepted(t, r)
		})
	}
}

func TestComposeFileWithSeveralContainers(t *testing.T) {
	r, err := fromText("compose.yml", composeFile)
	if err != nil {
		t.Fatal(err)
	}
	const want = `listen: ":8001"
providers:
  # from compose.yml
  company:
    name: Company
    services:
      - {protocol: imap, host: imap.example.com, port: 993, security: tls}
      - {protocol: activesync, url: "https://sync.example.com"}
  # from compose.yml
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
		"compose.yml:10: hint: POP_HOST: is not set: the container does not offer the service",
		"compose.yml:11: SUPPORT_URL: the page is not carried over: only https URLs can be written here",
		"compose.yml:18: SMTP_HOST: the value comes from another variable; write it out",
		"compose.yml:20: MOBILESYNC_NAME: the name of the server is not told to anybody",
		"compose.yml:21: LDAP_HOST, LDAP_SEARCH: address books in LDAP are not carried over",
		"compose.yml:23: PROFILE_IDENTIFIER, PROFILE_UUID: identifiers of Apple profiles are made from the id of the provider: a device that has a profile of the old service takes the new one for a second account, until the old one is removed",
		"compose.yml:26: hint: TZ: unknown variable of the container; ignored",
		"compose.yml:27: SMTP_PORT: the file does not hold its value",
		"compose.yml:31: services/autodiscover-example-net/env_file: variables from other files are not read; import them by themselves",
		"compose.yml:38: POP_HOST: the file does not hold its value",
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
`
	if got := body(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	wantNotes := []string{
		"hint: IMAP_SOCKET: does not say how the connection is protected: tls is taken",
		"hint: IMAP_PORT: names no port: 993 is taken",
		"LDAP_HOST: address books in LDAP are not carried over",
		`hint: there is no name that can be shown: "example.com" is taken`,
	}
	if got := textsOf(r.Notes); !slices.Equal(got, wantNotes) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(wantNotes, "\n"))
	}
	accepted(t, r)
}

func TestEnvironmentsThatCannotBeRead(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"nothing in it", "\n# nothing\n", "there is no line such as IMAP_HOST=imap.example.com in it"},
		{"services of other programs", "services: {web: {image: nginx}}", "none of its services has the variables DOMAIN and IMAP_HOST"},
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
	if _, err := AutodiscoverEmailSettings([]string{"/does/not/exist"}, nil); err == nil || err.Error() != "/does/not/exist: it cannot be read: no such file or directory" {
		t.Errorf("got %v", err)
	}
}

func TestEnvironmentWithMistakes(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		note       string
	}{
		{"no domain", "IMAP_HOST=imap.example.com\nIMAP_SOCKET=SSL\nIMAP_PORT=993", "a.env: there is no domain; the provider is not carried over"},
		{"no domain that can be read", "DOMAIN=a b\nIMAP_HOST=imap.example.com\nIMAP_SOCKET=SSL\nIMAP_PORT=993", `a.env:1: DOMAIN: "a b": the domain is not a valid name; it is not carried over`},
		{"no host", "DOMAIN=example.com", "a.env: there is no service that can be carried over; the provider and its domains are not either"},
		{"a port that is none", "DOMAIN=example.com\nIMAP_HOST=imap.example.com\nIMAP_PORT=imaps", `a.env:3: IMAP_PORT: the port must be a number from 1 to 65535, is "imaps"; the service is not carried over`},
		{"what is no variable", "DOMAIN=example.com\nnonsense", "a.env:2: hint: the line is not NAME=value; ignored"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := fromText("a.env", tc.text)
			if !errors.Is(err, ErrNothing) {
				t.Errorf("error %v", err)
			}
			if got := textsOf(r.Notes); !slices.Contains(got, tc.note) {
				t.Errorf("got %q, want %q among them", got, tc.note)
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

// Merge keys can name a block many times over, and that one another.
func TestMergeKeysThatBlowUp(t *testing.T) {
	var text strings.Builder
	text.WriteString("a0: &a0 {X: 1}\n")
	for i := range 20 {
		fmt.Fprintf(&text, "a%d: &a%[1]d {<<: [%s]}\n", i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	text.WriteString("environment:\n  DOMAIN: example.com\n  IMAP_HOST: imap.example.com\n  IMAP_PORT: 993\n  IMAP_SOCKET: SSL\n  <<: *a20\n")
	r, err := fromText("a.yml", text.String())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := textsOf(r.Notes), "a.yml: merge keys make the file far too large; what is beyond 1000 blocks is not read"; !slices.Contains(got, want) {
		t.Errorf("got %q", got)
	}
	if cfg := accepted(t, r); len(cfg.Domains) != 1 {
		t.Errorf("got\n%s", r.Settings)
	}
}
