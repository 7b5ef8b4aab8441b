//go:build unix

package realclients

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/programs"
)

// thunderbird is a real Thunderbird without a window, with a profile of its own,
// which reaches nothing but its network.
type thunderbird struct {
	*marionette
	output *programs.Log
}

// knownThunderbirds are the major versions whose modules the scripts were
// written for. Debian's archives have both.
var knownThunderbirds = []string{"140", "153"}

// startThunderbird starts the program and makes it trust an authority.
func startThunderbird(t *testing.T, program string, net *network, trusted *x509.Certificate) *thunderbird {
	t.Helper()
	home := t.TempDir()
	profile := filepath.Join(home, "profile")
	if err := os.Mkdir(profile, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), preferences(net), 0o600); err != nil {
		t.Fatal(err)
	}
	tb := &thunderbird{output: &programs.Log{}}
	listening := make(chan string, 1)
	cmd := exec.CommandContext(t.Context(), program, "--headless", "--no-remote", "--profile", profile, "--marionette", "--remote-allow-system-access")
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_RUNTIME_DIR="+home, "TMPDIR="+home, "LC_ALL=C.UTF-8",
		"MOZ_HEADLESS=1", "MOZ_CRASHREPORTER_DISABLE=1", "MOZ_DISABLE_AUTO_SAFE_MODE=1")
	// What it starts itself belongs to its group, and ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stdout = &portFinder{Log: tb.output, found: listening}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is ended by a signal
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		close(exited)
	}()
	t.Cleanup(func() { // t.Context has ended, and so Thunderbird is told to
		<-exited
		if t.Failed() {
			t.Logf("Thunderbird wrote:\n%s\nand asked %q", tb.output, net.wasAskedFor())
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	select {
	case port := <-listening:
		m, err := dialMarionette(ctx, t, "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		tb.marionette = m
	case <-exited:
		t.Fatal("Thunderbird ended before it could be controlled")
	case <-ctx.Done():
		t.Fatal("Thunderbird cannot be controlled")
	}
	var version string
	trust := `Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(arguments[0], "CT,,");
return Services.appinfo.version;`
	if err := tb.run(ctx, trust, &version, base64.StdEncoding.EncodeToString(trusted.Raw)); err != nil {
		t.Fatal(err)
	}
	t.Logf("Thunderbird %s", version)
	if major, _, _ := strings.Cut(version, "."); !slices.Contains(knownThunderbirds, major) {
		t.Logf("this version is unknown: the scripts in testdata are for Thunderbird %s. "+
			"Where a case fails, compare its modules with theirs", strings.Join(knownThunderbirds, " and "))
	}
	return tb
}

// preferences is a user.js. Everything goes through the network; should anything
// look up a name by itself, it is loopback.
func preferences(net *network) []byte {
	host, port, _ := strings.Cut(net.address, ":")
	prefs := map[string]any{
		"marionette.port":                         0,
		"network.proxy.type":                      1,
		"network.proxy.socks":                     host,
		"network.proxy.socks_port":                json.Number(port),
		"network.proxy.socks_version":             5,
		"network.proxy.socks_remote_dns":          true,
		"network.proxy.socks5_remote_dns":         true,
		"network.proxy.no_proxies_on":             "",
		"network.proxy.allow_hijacking_localhost": true,
		"network.proxy.failover_direct":           false,
		"network.dns.forceResolve":                "127.0.0.1",

		// Its makers are out of reach. There is no need to try.
		"app.update.enabled":                         false,
		"datareporting.healthreport.uploadEnabled":   false,
		"datareporting.policy.dataSubmissionEnabled": false,
		"mail.inappnotifications.enabled":            false,
		"mail.shell.checkDefaultClient":              false,
		"mailnews.auto_config.addons_url":            "",
		"mailnews.start_page.enabled":                false,
		"mailnews.start_page_override.mstone":        "ignore",
		"network.captive-portal-service.enabled":     false,
		"network.connectivity-service.enabled":       false,
		"services.settings.server":                   "data:,",
		"toolkit.telemetry.server":                   "data:,",
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(prefs)) {
		value, err := json.Marshal(prefs[name])
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&text, "user_pref(%q, %s);\n", name, value)
	}
	return []byte(text.String())
}

// portFinder keeps the output of Thunderbird, and sends the port of its remote
// control once.
type portFinder struct {
	*programs.Log
	found chan<- string
}

var listeningOn = regexp.MustCompile(`Marionette\s+INFO\s+Listening on port (\d+)\n`)

func (p *portFinder) Write(b []byte) (int, error) {
	n, err := p.Log.Write(b)
	if m := listeningOn.FindStringSubmatch(p.String()); m != nil {
		select {
		case p.found <- m[1]:
		default: // it was told before
		}
	}
	return n, err
}
