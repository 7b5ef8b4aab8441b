package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// TestSecrets follows the section Secrets of docs/operating.md: systemd reads the unit
// with the drop-in, and Waymark finds both secrets where systemd puts them.
func TestSecrets(t *testing.T) {
	_, section, _ := strings.Cut(textfile.Read(t, "../../docs/operating.md"), "\n## Secrets\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := map[string][]string{}
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(section, -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	if len(blocks["ini"]) != 2 || len(blocks["yaml"]) != 1 || len(blocks["console"]) != 1 {
		t.Fatalf("the section has %v", blocks)
	}
	variables, dropIn := blocks["ini"][0], blocks["ini"][1]
	defaults, credential := setting(t, "waymark.service", "EnvironmentFile"), regexp.MustCompile(`LoadCredential=(\w+):(\S+)`).FindStringSubmatch(dropIn)
	if !strings.HasPrefix(variables, "# "+strings.TrimPrefix(defaults, "-")+"\n") || credential == nil {
		t.Fatalf("the service reads %s, and the page has\n%s%s", defaults, variables, dropIn)
	}
	const directory = "/run/credentials/waymark.service"
	if want := "${file:" + directory + "/" + credential[1] + "}"; !strings.Contains(blocks["yaml"][0], want) {
		t.Errorf("the settings do not name the credential: %s", want)
	}

	programs.Need(t, "systemd-analyze", "systemd")
	dir := t.TempDir()
	unit := filepath.Join(dir, "waymark.service")
	textfile.Write(t, unit, strings.ReplaceAll(textfile.Read(t, "waymark.service"), "/usr/bin/waymark", "/bin/true"))
	if err := os.Mkdir(filepath.Join(dir, "waymark.service.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	textfile.Write(t, filepath.Join(dir, "waymark.service.d", "override.conf"), dropIn)
	verify := exec.Command("systemd-analyze", "verify", "--man=no", unit)
	verify.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":", "SYSTEMD_LOG_LEVEL=warning")
	if out, err := verify.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}

	// Nothing listens on this port: the secret was read if the address is in the finding.
	textfile.Write(t, filepath.Join(dir, credential[1]), "postgres://waymark:secret@127.0.0.1:1/mail?sslmode=disable\n")
	textfile.Write(t, filepath.Join(dir, "defaults"), variables)
	textfile.Write(t, filepath.Join(dir, "waymark.yaml"), "providers:\n  mine:\n    services:\n      - {protocol: imap, host: mail.example.org}\n"+
		"      - {protocol: submission, host: mail.example.org}\n"+strings.ReplaceAll(blocks["yaml"][0], directory, dir))
	check := strings.NewReplacer("/etc/default/waymark", filepath.Join(dir, "defaults"), "/etc/waymark/waymark.yaml", filepath.Join(dir, "waymark.yaml"),
		"waymark check", waymark.Binary(t)+" check").Replace(blocks["console"][0])
	out, err := exec.Command("sh", "-c", check).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "the server cannot be reached") || strings.Contains(string(out), "token") || strings.Contains(string(out), "secret") {
		t.Errorf("%v\n%s", err, out)
	}
}
