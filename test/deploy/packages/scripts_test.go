package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

const (
	reload  = "daemon-reload\n"
	restart = "try-restart waymark.service\n"
	disable = "--quiet disable --now waymark.service waymark.socket waymark-https.socket\n"
)

// root is a folder in which package managers run scripts as on a machine of its
// own: it has a shell, and a systemctl that records its arguments.
func newRoot(t *testing.T) string {
	t.Helper()
	programs.NeedRoot(t, "change the root folder of scripts")
	busybox := programs.Need(t, "busybox", "busybox-static")
	root := t.TempDir()
	for _, dir := range []string{"bin", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	programs.Output(t, exec.Command("cp", busybox, filepath.Join(root, "bin/sh")))
	for path, text := range map[string]string{
		"bin/systemctl":       "#!/bin/sh\necho \"$@\" >>/told\n[ \"$1\" != try-restart ] || [ ! -e /broken ]\n",
		"var/lib/dpkg/status": "",
		"told":                "",
	} {
		if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// runsSystemd makes the root one of a machine that systemd runs.
func runsSystemd(t *testing.T, root string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(root, "run/systemd/system"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// told compares the arguments that systemctl got since the last call.
func told(t *testing.T, root, when, want string) {
	t.Helper()
	path := filepath.Join(root, "told")
	if got := textfile.Read(t, path); got != want {
		t.Errorf("%s: systemctl was called with\n%swant\n%s", when, got, want)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// checkDpkgScripts upgrades and removes the deb that is installed below root.
// No systemd ran there until now.
func checkDpkgScripts(t *testing.T, deb, root string) {
	t.Helper()
	dpkg := func(args ...string) string {
		cmd := exec.Command("dpkg", append([]string{"--root=" + root, "--log=/dev/null"}, args...)...)
		cmd.Env = append(os.Environ(), "PATH=/bin:/usr/bin:/sbin:/usr/sbin")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, out)
		}
		return string(out)
	}
	told(t, root, "installed without systemd", "")
	runsSystemd(t, root)
	settings := filepath.Join(root, "etc/waymark/waymark.yaml")
	if err := os.WriteFile(settings, []byte("# edited\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dpkg("--install", deb)
	told(t, root, "upgraded by dpkg", reload+reload+restart)
	if got := textfile.Read(t, settings); got != "# edited\n" {
		t.Errorf("the upgrade replaced the settings by\n%s", got)
	}
	if err := os.WriteFile(filepath.Join(root, "broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if said := dpkg("--install", deb); !strings.Contains(said, "waymark did not restart: see journalctl -u waymark") {
		t.Errorf("an upgrade whose settings are refused says\n%s", said)
	}
	told(t, root, "upgraded with settings that are refused", reload+reload+restart)
	dpkg("--remove", "waymark")
	told(t, root, "removed by dpkg", disable+reload)
}

// checkRPMScripts installs, upgrades and removes the rpm.
func checkRPMScripts(t *testing.T, path string) {
	t.Helper()
	root := newRoot(t)
	rpm := func(args ...string) {
		programs.Output(t, exec.Command("rpm", append([]string{"--root=" + root, "--nosignature"}, args...)...))
	}
	rpm("--install", "--nodeps", path)
	told(t, root, "installed without systemd", "")
	rpm("--erase", "waymark")
	runsSystemd(t, root)
	rpm("--install", "--nodeps", path)
	told(t, root, "installed by rpm", reload+restart)
	rpm("--reinstall", "--nodeps", path)
	told(t, root, "upgraded by rpm", reload+restart+reload)
	rpm("--erase", "waymark")
	told(t, root, "removed by rpm", disable+reload)
}

// checkAPKScripts compares the scripts with their sources. It cannot run them: apk is not part of Debian.
func checkAPKScripts(t *testing.T, packed map[string]file) {
	t.Helper()
	for name, source := range map[string]string{
		"/.post-install": "postinstall", "/.post-upgrade": "postinstall", "/.pre-deinstall": "preremove", "/.post-deinstall": "postremove",
	} {
		if want := sum([]byte(textfile.Read(t, source))); packed[name].sha256 != want {
			t.Errorf("%s of the apk is not %s", name, source)
		}
	}
}
