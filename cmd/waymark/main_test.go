package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/sign"
	"github.com/waymark-mail/waymark/test/programs"
)

// elsewhere is the usual place of a settings file, where there is none in tests.
const elsewhere = "/does/not/exist/waymark.yaml"

// infomaniak is an example that answers for example.com.
const infomaniak = "../../examples/infomaniak.yaml"

// waymark runs one command line. The environment has a state directory only.
func waymark(t testing.TB, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return waymarkIn(t, environment{terminal: true}, args...)
}

// waymarkIn is waymark with additional environment variables.
func waymarkIn(t testing.TB, env environment, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	env.getenv = func(name string) (string, bool) { return t.TempDir(), name == "STATE_DIRECTORY" }
	env.stdout, env.stderr, env.usualFiles = &out, &errs, []string{"waymark.yaml", elsewhere}
	return run(t.Context(), args, env), out.String(), errs.String()
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const good = `providers:
  one:
    services:
      - {protocol: imap, host: mail.example.net}
      - {protocol: submission, host: mail.example.net}
domains:
  example.com: {provider: one}
`

func TestCheck(t *testing.T) {
	warned := strings.Replace(good, "protocol: imap, host: mail.example.net", "protocol: imap, host: mail.example.net, security: plaintext", 1)
	broken := good + "nonsense: 1\n" + strings.Replace(good, "providers", "providrs", 1)
	for _, tc := range []struct {
		name, settings string
		flags          []string
		status         int
		want           []string
	}{
		{"a good file", good, nil, statusFine, []string{"is fine: 1 domain, 1 provider"}},
		{"a warning", warned, nil, statusFine, []string{"waymark.yaml:4: warning: providers.one.services[0].security: "}},
		{"a warning, strictly", warned, []string{"--strict"}, statusFindings, []string{"warning"}},
		{"several errors at once", broken, nil, statusFindings, []string{"waymark.yaml:8: unknown key nonsense", "waymark.yaml:9: unknown key providrs; did you mean providers?"}},
		{"a certificate that is not there", "signing: {cert_file: none.pem, key_file: none.key}\n" + good, nil, statusFindings, []string{"waymark.yaml:1: signing: ", "none.pem"}},
		{"as JSON", broken, []string{"-o", "json"}, statusFindings, []string{`"line": 8`, `"text": "unknown key nonsense`}},
		{"an unknown form", good, []string{"-o", "xml"}, statusUsage, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := file(t, "waymark.yaml", tc.settings)
			status, stdout, stderr := waymark(t, append([]string{"check", "-c", path}, tc.flags...)...)
			if status != tc.status {
				t.Errorf("status %d, want %d\n%s%s", status, tc.status, stdout, stderr)
			}
			for _, want := range tc.want {
				if !strings.Contains(stdout, want) {
					t.Errorf("no %q in\n%s", want, stdout)
				}
			}
			if len(tc.flags) == 2 && tc.flags[1] == "json" && !json.Valid([]byte(stdout)) {
				t.Errorf("not JSON: %s", stdout)
			}
		})
	}
}

// TestRenderExamples renders every dialect for the domains of every example,
// and finds nothing to say against the files.
func TestRenderExamples(t *testing.T) {
	renders := map[string]string{
		"autoconfig":   "<clientConfig version=",
		"autodiscover": "<Type>IMAP</Type>",
		"declaration":  "com.apple.configuration.account.mail",
		"mobileconfig": "com.apple.mail.managed",
		"pacc":         `"submit"`,
		"settings":     `"protocol": "imap"`,
	}
	for _, tc := range []struct {
		example, address string
		files            bool   // the example names certificates, which are not here
		not              string // a dialect that cannot say anything
	}{
		{example: "infomaniak.yaml", address: "anna@example.com"},
		{example: "selfhosted.yaml", address: "anna+news@example.org"},
		{example: "hosting.yaml", address: "anna@customer-one.example", files: true},
		{example: "hosting.yaml", address: "anna@customer-one.test", files: true, not: "pacc"},
		{example: "hosting.yaml", address: "anna@customer-two.example", files: true},
		{example: "hosting.yaml", address: "anna@bücher.example", files: true},
		{example: "hosting.yaml", address: "anna@moving.example", files: true, not: "pacc"},
		{example: "hosting.yaml", address: "anna@unlisted.example", files: true, not: "pacc"},
	} {
		path := filepath.Join("..", "..", "examples", tc.example)
		_, stdout, _ := waymark(t, "check", "--strict", "-c", path)
		for line := range strings.Lines(stdout) {
			if !tc.files && !strings.Contains(line, "is fine") || tc.files && !strings.Contains(line, "no such file") {
				t.Errorf("%s: %s", tc.example, line)
			}
		}
		for protocol, want := range renders {
			status, stdout, stderr := waymark(t, "render", protocol, tc.address, "-c", path)
			if protocol == tc.not {
				if status != statusUsage {
					t.Errorf("%s: %s %s: status %d", tc.example, protocol, tc.address, status)
				}
				continue
			}
			if status != statusFine || !strings.Contains(stdout, want) {
				t.Errorf("%s: %s %s: status %d, %s\n%s", tc.example, protocol, tc.address, status, stderr, stdout)
			}
		}
	}
}

func TestVerify(t *testing.T) {
	_, profile, _ := waymark(t, "render", "mobileconfig", "anna@example.com", "-c", infomaniak)
	id, _, err := sign.SelfSigned(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := id.Sign([]byte(profile))
	if err != nil {
		t.Fatal(err)
	}
	path := file(t, "anna.mobileconfig", string(signed))
	status, stdout, stderr := waymark(t, "verify", path)
	if status != statusFindings {
		t.Errorf("self-signed: status %d, %s", status, stderr)
	}
	for _, want := range []string{"the signature is good", `"Waymark (self-signed)"`, "trusted     no: ", "com.apple.mail.managed", "com.apple.caldav.account", "com.apple.carddav.account", "Infomaniak (anna@example.com)"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	status, stdout, _ = waymark(t, "verify", "-o", "json", path)
	var v verdict
	if err := json.Unmarshal([]byte(stdout), &v); err != nil || status != statusFindings || !v.Signed || v.Trusted || len(v.Payloads) != 3 {
		t.Errorf("as JSON: %d, %v, %s", status, err, stdout)
	}
	for name, content := range map[string]string{"bare": profile, "garbage": "\x30\x80garbage", "empty": ""} {
		status, stdout, _ := waymark(t, "verify", file(t, "x.mobileconfig", content))
		if status != statusFindings || strings.Count(stdout, "\n") != 1 {
			t.Errorf("%s: status %d, %s", name, status, stdout)
		}
	}
}

// output collects what a command prints while it still runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// TestServe starts the service as a user does, asks it, checks its health and
// stops it.
func TestServe(t *testing.T) {
	public, ops := "127.0.0.1:"+programs.FreePort(t), "127.0.0.1:"+programs.FreePort(t)
	path := file(t, "waymark.yaml", "listen: \""+public+"\"\nops: {listen: \""+ops+"\"}\nstate_dir: state\n"+good)
	ctx, stop := context.WithCancel(t.Context())
	var log output
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "-c", path}, environment{getenv: os.LookupEnv, stdout: io.Discard, stderr: &log})
	}()
	healthy := func() bool {
		status, _, _ := waymark(t, "healthcheck", "-c", path)
		return status == statusFine
	}
	for deadline := time.Now().Add(time.Minute); !healthy(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never healthy: %s", log.String())
		}
	}
	resp, err := http.Get("http://" + public + "/mail/config-v1.1.xml?emailaddress=anna@example.com")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), "mail.example.net") {
		t.Errorf("%d, %v, %s", resp.StatusCode, err, body)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	stop()
	if status := <-ended; status != statusFine {
		t.Errorf("status %d: %s", status, log.String())
	}
	if status, stdout, _ := waymark(t, "healthcheck", "-c", path); status != statusFindings || !strings.HasPrefix(stdout, "not healthy: ") {
		t.Errorf("healthcheck of a stopped service: %d %s", status, stdout)
	}
	for _, want := range []string{`"msg":"starting"`, "self-signed", `"msg":"stopped"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %s: %s", want, log.String())
		}
	}
}

func TestServeSaysEverythingThatIsWrong(t *testing.T) {
	status, _, stderr := waymark(t, "serve", "-c", file(t, "waymark.yaml", "a: 1\nb: 2\n"))
	if status != statusUsage || !strings.Contains(stderr, "waymark.yaml:1: unknown key a;") || !strings.Contains(stderr, "waymark.yaml:2: unknown key b;") {
		t.Errorf("%d %s", status, stderr)
	}
}

func TestStateDir(t *testing.T) {
	for _, tc := range []struct {
		vars map[string]string
		want string
	}{
		{map[string]string{"STATE_DIRECTORY": "/run/s", "HOME": "/home/a"}, "/run/s"},
		{map[string]string{"XDG_STATE_HOME": "/x", "HOME": "/home/a"}, "/x/waymark"},
		{map[string]string{"XDG_STATE_HOME": "relative", "HOME": "/home/a"}, "/home/a/.local/state/waymark"},
		{nil, "/var/lib/waymark"},
	} {
		got := stateDir(environment{getenv: func(name string) (string, bool) { v, ok := tc.vars[name]; return v, ok }})
		if got != tc.want {
			t.Errorf("%v: %s, want %s", tc.vars, got, tc.want)
		}
	}
}
