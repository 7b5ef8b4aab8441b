package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

// TestSigningGuide tries the files of docs/signing.md: certbot's hook copies the right
// certificate, systemd reads the units and one copies what the other watches, Caddy
// reads the site, and cert-manager's Secret is the one of the chart.
func TestSigningGuide(t *testing.T) {
	for _, program := range []string{"caddy", "systemd-analyze"} {
		programs.Need(t, program, strings.TrimSuffix(program, "-analyze"))
	}
	blocks := map[string][]string{}
	for _, m := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(textfile.Read(t, "../../docs/signing.md"), -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	hooks, units, sites, yamls := blocks[""], blocks["ini"], blocks["caddyfile"], blocks["yaml"]
	if len(hooks) != 1 || len(units) != 2 || len(sites) != 1 || len(yamls) != 5 {
		t.Fatalf("the page has %d hooks, %d units, %d sites, %d YAML blocks", len(hooks), len(units), len(sites), len(yamls))
	}
	dir := t.TempDir()
	here := func(text string) string {
		return strings.NewReplacer(" -g waymark-keys", "", "/etc/waymark", dir, "/var/lib/caddy", dir+"/caddy").Replace(text)
	}
	mine := filepath.Join(dir, "caddy/.local/share/caddy/certificates/acme-v02.api.letsencrypt.org-directory/waymark.example.org")
	live := filepath.Join(dir, "live/waymark.example.org")
	for _, folder := range []string{mine, live} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copied := func(who string) {
		t.Helper()
		for _, name := range []string{"sign.key", "sign.pem"} {
			path := filepath.Join(dir, name)
			if got := textfile.Read(t, path); got != who+" "+name {
				t.Errorf("%s has %q", name, got)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
		}
	}

	textfile.Write(t, filepath.Join(live, "privkey.pem"), "certbot sign.key")
	textfile.Write(t, filepath.Join(live, "fullchain.pem"), "certbot sign.pem")
	textfile.Write(t, filepath.Join(dir, "hook"), here(hooks[0]))
	programs.Output(t, exec.Command("chmod", "+x", filepath.Join(dir, "hook")))
	for _, lineage := range []string{live, filepath.Join(dir, "live/other.example.org")} {
		hook := exec.Command(filepath.Join(dir, "hook"))
		hook.Env = append(os.Environ(), "RENEWED_LINEAGE="+lineage)
		programs.Output(t, hook)
	}
	copied("certbot")

	textfile.Write(t, filepath.Join(mine, "waymark.example.org.key"), "caddy sign.key")
	textfile.Write(t, filepath.Join(mine, "waymark.example.org.crt"), "caddy sign.pem")
	for i, unit := range units {
		first, _, _ := strings.Cut(unit, "\n")
		path := filepath.Join(dir, filepath.Base(first))
		textfile.Write(t, path, unit)
		verify := exec.Command("systemd-analyze", "verify", "--man=no", path)
		verify.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":", "SYSTEMD_LOG_LEVEL=warning")
		if out, err := verify.CombinedOutput(); i > 0 && (err != nil || len(out) > 0) {
			t.Errorf("%s: %v\n%s", first, err, out) // the first unit needs the second one
		}
	}
	if watched := regexp.MustCompile(`(?m)^PathChanged=(.*)$`).FindStringSubmatch(units[0]); watched == nil || here(watched[1]) != filepath.Join(mine, "waymark.example.org.crt") {
		t.Errorf("the path unit watches %v", watched)
	}
	for _, command := range regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindAllStringSubmatch(units[1], -1) {
		run := exec.Command("sh", "-c", here(command[1]))
		run.Dir = here(regexp.MustCompile(`(?m)^WorkingDirectory=(.*)$`).FindStringSubmatch(units[1])[1])
		programs.Output(t, run)
	}
	copied("caddy")

	textfile.Write(t, filepath.Join(dir, "Caddyfile"), sites[0])
	adapted := programs.Output(t, exec.Command("caddy", "adapt", "--config", filepath.Join(dir, "Caddyfile"), "--adapter", "caddyfile"))
	if !strings.Contains(adapted, `"key_type":"rsa2048"`) {
		t.Errorf("Caddy understands\n%s", adapted)
	}

	var certificate struct {
		APIVersion, Kind string
		Spec             struct {
			SecretName string                     `yaml:"secretName"`
			PrivateKey struct{ Algorithm string } `yaml:"privateKey"`
		}
	}
	var values struct {
		Signing struct {
			SecretName string `yaml:"secretName"`
		}
	}
	if err := yaml.Unmarshal([]byte(yamls[3]), &certificate); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(yamls[4]), &values); err != nil {
		t.Fatal(err)
	}
	if certificate.Spec.SecretName != values.Signing.SecretName || certificate.Spec.PrivateKey.Algorithm != "RSA" {
		t.Errorf("cert-manager makes %+v, the chart mounts %+v", certificate, values)
	}
}
