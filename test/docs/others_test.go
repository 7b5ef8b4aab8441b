//go:build linux

package docs

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
)

// TestSettingsOfOthers gives the settings of other programs to these programs.
func TestSettingsOfOthers(t *testing.T) {
	t.Parallel()
	nginx := programs.Need(t, "nginx", "nginx-light")
	doveconf := programs.Need(t, "doveconf", "dovecot-core")
	fail2ban := programs.Need(t, "fail2ban-client", "fail2ban")
	tried := map[string]int{}
	for _, s := range sections(t, "docs/troubleshooting.md") {
		for _, b := range s.blocks {
			dir := t.TempDir()
			file := filepath.Join(dir, "settings.conf")
			first, _, _ := strings.Cut(b.text, "\n")
			switch {
			case b.kind == "nginx":
				tried["nginx"]++
				write(t, file, "pid "+dir+"/pid; error_log stderr; events {} http { access_log off; server { location / {\n"+b.text+"proxy_pass http://127.0.0.1:8080;\n}}}\n")
				if out, err := exec.Command(nginx, "-t", "-e", "stderr", "-p", dir, "-c", file).CombinedOutput(); err != nil {
					t.Errorf("line %d: %v: %s", b.line, err, out)
				}
			case b.kind == "ini" && strings.HasPrefix(first, "# /etc/dovecot/conf.d/"):
				tried["dovecot"]++
				write(t, file, b.text)
				out, err := exec.Command(doveconf, "-n", "-c", file).CombinedOutput()
				key := regexp.MustCompile(`\w+ = \S+`).FindString(b.text)
				if err != nil || strings.Contains(string(out), "Warning") || !strings.Contains(string(out), key) {
					t.Errorf("line %d: %v, %s is not in\n%s", b.line, err, key, out)
				}
			case b.kind == "ini" && strings.HasPrefix(first, "# /etc/fail2ban/jail.d/"):
				tried["fail2ban"]++
				programs.Output(t, exec.Command("cp", "-r", "/etc/fail2ban", dir))
				write(t, filepath.Join(dir, "fail2ban", "jail.d", "waymark.conf"), b.text)
				out, err := exec.Command(fail2ban, "-c", filepath.Join(dir, "fail2ban"), "-d").CombinedOutput()
				if exempt := "'addignoreip', '127.0.0.1/8', '::1', '192.0.2.10']"; err != nil || !strings.Contains(string(out), exempt) {
					t.Errorf("line %d: %v, %s is not in\n%s", b.line, err, exempt, out)
				}
			case b.kind == "ini":
				t.Errorf("line %d: no program has these settings", b.line)
			}
		}
	}
	if tried["nginx"] != 1 || tried["dovecot"] != 2 || tried["fail2ban"] != 1 {
		t.Errorf("tried %v", tried)
	}
}
