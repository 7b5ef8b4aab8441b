package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNoSettingsFile pins that a command without a settings file ends with status
// 2 and names the places where it looked. The embedded example is for those who
// ask for it: it would answer 404 for the operator's own domains.
func TestNoSettingsFile(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range []string{
		"check", "check --strict -o json", "serve", "healthcheck", "render autoconfig anna@example.com", "dns example.com", "invite anna@example.com",
	} {
		status, stdout, stderr := waymark(t, strings.Fields(args)...)
		here, err := filepath.Abs("waymark.yaml")
		if err != nil {
			t.Fatal(err)
		}
		want := "waymark: no settings file: neither " + here + " nor " + elsewhere + " exists; name yours with --config, or run \"waymark serve --example\" to try Waymark\n"
		if status != statusUsage || stdout != "" || stderr != want {
			t.Errorf("waymark %s: status %d, %q, %q, want %q", args, status, stdout, stderr, want)
		}
	}
}

// TestNamedFileIsUnreadable pins that every command ends with status 2 when it
// cannot read the file it was given, and names it.
func TestNamedFileIsUnreadable(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.yaml")
	for path, reason := range map[string]string{missing: "no such file or directory", dir: "is a directory, not a regular file"} {
		for _, args := range [][]string{
			{"check", path}, {"check", "-c", path, "-o", "json"}, {"serve", "-c", path}, {"healthcheck", "-c", path},
			{"render", "autoconfig", "anna@example.com", "-c", path}, {"dns", "example.com", "-c", path}, {"invite", "anna@example.com", "-c", path},
		} {
			status, stdout, stderr := waymark(t, args...)
			if want := "waymark: cannot read the settings file " + path + ": " + reason + "\n"; status != statusUsage || stdout != "" || stderr != want {
				t.Errorf("waymark %v: status %d, %q, %q, want %q", args, status, stdout, stderr, want)
			}
		}
	}
}

func TestUsualPlaces(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	second := file(t, "second.yaml", good)
	var stdout, stderr strings.Builder
	check := func() string {
		stdout.Reset()
		stderr.Reset()
		run(t.Context(), []string{"check"}, environment{
			getenv: os.LookupEnv, stdout: &stdout, stderr: &stderr, usualFiles: []string{"waymark.yaml", second},
		})
		return stdout.String() + stderr.String()
	}
	if got := check(); !strings.HasPrefix(got, second+" is fine") {
		t.Errorf("without waymark.yaml: %s", got)
	}
	if err := os.WriteFile("waymark.yaml", []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := check(); !strings.HasPrefix(got, "waymark.yaml is fine") {
		t.Errorf("with waymark.yaml: %s", got)
	}
	if err := os.Remove("waymark.yaml"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", "waymark.yaml"); err != nil {
		t.Fatal(err)
	}
	if got := check(); !strings.Contains(got, "cannot read the settings file waymark.yaml") {
		t.Errorf("with a link to nowhere: %s", got)
	}
}

func TestServeExample(t *testing.T) {
	if status, _, stderr := waymark(t, "serve", "--example", "-c", "waymark.yaml"); status != statusUsage || !strings.Contains(stderr, "--example and --config cannot be used together") {
		t.Errorf("with --config: status %d, %s", status, stderr)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log output
	state := t.TempDir()
	ended := make(chan int, 1)
	go func() {
		// The ports of the example may be in use on this machine: then it ends early.
		ended <- run(ctx, []string{"serve", "--example"}, environment{
			getenv: func(string) (string, bool) { return state, true }, stdout: io.Discard, stderr: &log,
		})
	}()
	const want = `"msg":"starting"`
	for deadline := time.Now().Add(time.Minute); !strings.Contains(log.String(), want) && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	<-ended
	for _, want := range []string{want, `"settings":"the embedded example"`, `"msg":"serving the embedded example"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in the log:\n%s", want, log.String())
		}
	}
}

// TestUnknownDomain pins one status for a domain that the settings do not have.
func TestUnknownDomain(t *testing.T) {
	for _, args := range []string{"render autoconfig anna@unknown.example", "render page anna@unknown.example", "dns unknown.example", "invite anna@unknown.example"} {
		status, stdout, stderr := waymark(t, append(strings.Fields(args), "-c", infomaniak)...)
		if status != statusFindings || stdout != "" || stderr != "waymark: unknown.example: this server does not answer for that domain\n" {
			t.Errorf("waymark %s: status %d, %q, %q", args, status, stdout, stderr)
		}
	}
}
