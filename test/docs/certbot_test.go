//go:build linux

package docs

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/programs"
)

// isIssued runs a command of certbot against an authority on this machine, to which all
// names lead here. A renewal renews what the command first ordered; a dry run would ask the
// authority that Let's Encrypt has for tests.
func isIssued(t *testing.T, command, first string) {
	t.Helper()
	programs.Need(t, "certbot", "certbot")
	dir := t.TempDir()
	web := filepath.Join(dir, "html")
	if err := os.Mkdir(web, 0o755); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.FileServer(http.Dir(web)), ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(listener) }() // until it is closed
	t.Cleanup(func() { _ = server.Close() })
	authority := acmetest.New(t)
	authority.Validate(listener.Addr().(*net.TCPAddr).Port, 0)

	hook := filepath.Join(dir, "hook")
	write(t, hook, "#!/bin/sh\necho \"$RENEWED_LINEAGE\" > "+dir+"/hooked\n")
	if err := os.Chmod(hook, 0o700); err != nil {
		t.Fatal(err)
	}
	certbot := func(command string) {
		t.Helper()
		args := strings.Fields(strings.NewReplacer("--dry-run", "--force-renewal", "/var/www/html", web, "/etc/letsencrypt/renewal-hooks/deploy/waymark", hook).Replace(command))
		args = append(args[1:], "--non-interactive", "--config-dir", filepath.Join(dir, "etc"), "--work-dir", dir, "--logs-dir", dir)
		if args[0] == "certonly" { // else certbot asks
			args = append(args, "--server", authority.URL, "--agree-tos", "--register-unsafely-without-email")
		} else {
			args = append(args, "--no-random-sleep-on-renew") // of up to 8 minutes
		}
		run := exec.Command("certbot", args...)
		run.Env = append(os.Environ(), "REQUESTS_CA_BUNDLE="+authority.WriteServer(t))
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if first != "" {
		certbot(first)
	}
	if permit, found := strings.CutPrefix(command, "chmod "); found { // which a renewal keeps
		chmod := exec.Command("chmod", strings.Fields(strings.ReplaceAll(permit, "/etc/letsencrypt", filepath.Join(dir, "etc")))...)
		programs.Output(t, chmod)
		command = "certbot renew --dry-run"
		defer func() {
			if info, err := os.Stat(filepath.Join(dir, "etc/live/waymark.example.org/privkey.pem")); err != nil || info.Mode().Perm() != 0o640 {
				t.Errorf("the renewed key: %v, %v", info.Mode(), err)
			}
		}()
	}
	certbot(command)
	live := filepath.Join(dir, "etc", "live", "waymark.example.org")
	key, err := exec.Command("openssl", "pkey", "-noout", "-text", "-in", filepath.Join(live, "privkey.pem")).CombinedOutput()
	if rsa := strings.Contains(command, "--key-type rsa"); err != nil || rsa != strings.Contains(string(key), "prime1:") {
		t.Errorf("the key: %v", err)
	}
	if orders := authority.Orders(); orders != 1+strings.Count(command, "renew ") {
		t.Errorf("%d orders", orders)
	}
	if hooked, err := os.ReadFile(filepath.Join(dir, "hooked")); strings.Contains(command, "--deploy-hook") && strings.TrimSpace(string(hooked)) != live {
		t.Errorf("the hook was told %q: %v", hooked, err)
	}
}
