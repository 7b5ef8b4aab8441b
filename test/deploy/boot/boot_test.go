//go:build linux

package boot

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// TestMain runs the tests at the top of the repository.
func TestMain(m *testing.M) { os.Exit(textfile.RunIn(m, "../../..")) }

// patience is far more than a boot takes, which is seconds.
const patience = 5 * time.Minute

// TestBoot boots systemd, which runs testdata/administrator with the blocks of the guides.
// Its /usr is that of this machine and what the package adds; the rest is empty.
func TestBoot(t *testing.T) {
	programs.NeedRoot(t, "start a container")
	nspawn := programs.Need(t, "systemd-nspawn", "systemd-container")
	programs.Need(t, "curl", "curl")
	programs.Need(t, "openssl", "openssl")
	dir := t.TempDir()
	root, usr, shared := filepath.Join(dir, "root"), filepath.Join(dir, "usr"), filepath.Join(dir, "test")
	mkdir := func(parent string, folders ...string) {
		for _, folder := range folders {
			if err := os.MkdirAll(filepath.Join(parent, folder), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	mkdir(root, "etc/waymark", "etc/default", "etc/ssl", "etc/systemd/system", "home", "root", "var/lib")
	mkdir(usr, "bin", "lib/systemd/system")
	mkdir(shared)
	for _, folder := range []string{"bin", "lib", "lib64", "sbin"} {
		if err := os.Symlink("usr/"+folder, filepath.Join(root, folder)); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{
		"/etc/passwd": root + "/etc", "/etc/group": root + "/etc", "/etc/nsswitch.conf": root + "/etc", "/etc/os-release": root + "/etc", "/etc/ssl/openssl.cnf": root + "/etc/ssl",
		"examples/selfhosted.yaml": root + "/etc/waymark/waymark.yaml", waymark.Binary(t): usr + "/bin/waymark",
		"deploy/systemd/.": usr + "/lib/systemd/system", "deploy/packages/.": shared, "test/deploy/boot/testdata/.": shared,
	} {
		programs.Output(t, exec.Command("cp", "-rL", from, to))
	}
	textfile.Write(t, filepath.Join(root, "etc/machine-id"), strings.Repeat("0123456789abcdef", 2)+"\n") // else systemd asks on the first boot
	for name, text := range map[string]string{
		"start": block(t, "operating.md", "Start and stop", "console", 0), "sockets": block(t, "operating.md", "Listeners", "console", 0),
		"keys.conf": block(t, "operating.md", "Private keys", "ini", 0), "keys": block(t, "operating.md", "Private keys", "console", 0),
		"defaults": block(t, "operating.md", "Secrets", "ini", 0), "secrets.conf": block(t, "operating.md", "Secrets", "ini", 1),
		"secrets.yaml": block(t, "operating.md", "Secrets", "yaml", 0), "check": block(t, "operating.md", "Secrets", "console", 0),
		"waymark-signing.path": block(t, "signing.md", "From Caddy", "ini", 0), "waymark-signing.service": block(t, "signing.md", "From Caddy", "ini", 1),
		"signing": block(t, "signing.md", "From Caddy", "console", 0),
	} {
		textfile.Write(t, filepath.Join(shared, name), text)
	}

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, nspawn, "--quiet", "--register=no", "--keep-unit", "--private-network", "--directory="+root,
		"--overlay-ro=/usr:"+usr+":/usr", "--bind="+shared+":/test", "--boot",
		"systemd.run=/test/administrator", "systemd.run_success_action=exit", "systemd.run_failure_action=exit").CombinedOutput()
	followed, readErr := os.ReadFile(filepath.Join(shared, "log"))
	if readErr != nil {
		t.Fatalf("systemd did not boot: %v\n%s", err, out)
	}
	if lines := strings.Split(strings.TrimSpace(string(followed)), "\n"); err != nil || lines[len(lines)-1] != "followed to the end" {
		t.Errorf("%v\n%s", err, followed)
	}
}

// block returns a fenced block of a section, by its mark and number.
func block(t *testing.T, page, heading, mark string, number int) string {
	t.Helper()
	_, section, _ := regexpCut(textfile.Read(t, "docs/"+page), `(?m)^#+ `+regexp.QuoteMeta(heading)+`$`)
	section, _, _ = regexpCut(section, `(?m)^##+ `)
	found := regexp.MustCompile("(?ms)^```"+mark+"\n(.*?)^```$").FindAllStringSubmatch(section, -1)
	if len(found) <= number {
		t.Fatalf("%s has %d blocks %s below %q", page, len(found), mark, heading)
	}
	return found[number][1]
}

func regexpCut(text, separator string) (before, after string, found bool) {
	at := regexp.MustCompile(separator).FindStringIndex(text)
	if at == nil {
		return text, "", false
	}
	return text[:at[0]], text[at[1]:], true
}
