package kubernetes

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/databases"
	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// configMap returns the data of the ConfigMap of this name in a file.
func configMap(t *testing.T, file, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc struct {
			Kind     string            `yaml:"kind"`
			Metadata map[string]any    `yaml:"metadata"`
			Data     map[string]string `yaml:"data"`
		}
		if err := dec.Decode(&doc); err != nil {
			t.Fatalf("%s has no ConfigMap %s: %v", file, name, err)
		}
		if doc.Kind == "ConfigMap" && doc.Metadata["name"] == name {
			return doc.Data
		}
	}
}

// node is a folder in which volumes are mounted as kubelet does: each file is a
// link to ..data/<file>, and ..data a link to a folder that is replaced as a
// whole when a ConfigMap or Secret changes.
type node struct {
	t        *testing.T
	root     string
	versions int
}

func (n *node) mount(path string, content map[string]string) {
	n.t.Helper()
	n.versions++
	dir := filepath.Join(n.root, path)
	version := "..version_" + strconv.Itoa(n.versions)
	if err := os.MkdirAll(filepath.Join(dir, version), 0o700); err != nil {
		n.t.Fatal(err)
	}
	for name, text := range content {
		text = strings.ReplaceAll(text, "/run/secrets/", n.root+"/run/secrets/")
		textfile.Write(n.t, filepath.Join(dir, version, name), waymark.OnLoopback(text))
	}
	old, _ := os.Readlink(filepath.Join(dir, "..data"))
	if err := errors.Join(
		os.Symlink(version, filepath.Join(dir, "..data_tmp")),
		os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")),
	); err != nil {
		n.t.Fatal(err)
	}
	for name := range content {
		if err := os.Symlink("..data/"+name, filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrExist) {
			n.t.Fatal(err)
		}
	}
	if old != "" {
		if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
			n.t.Fatal(err)
		}
	}
}

// identity returns what a Secret of type kubernetes.io/tls has in it.
func identity() map[string]string {
	p := certtest.Certify("waymark.example.org", certtest.NewKey(), nil)
	return map[string]string{"tls.crt": string(p.CertPEM()), "tls.key": string(p.KeyPEM())}
}

// start runs Waymark as the Deployment does.
func (n *node) start() *waymark.Waymark {
	n.t.Helper()
	return waymark.StartFile(n.t, filepath.Join(n.root, "etc/waymark/waymark.yaml"))
}

func newNode(t *testing.T, settings map[string]string) *node {
	t.Helper()
	n := &node{t: t, root: t.TempDir()}
	n.mount("/etc/waymark", settings)
	n.mount("/run/secrets/waymark/signing", identity())
	n.mount("/run/secrets/waymark/links", map[string]string{"key": strings.Repeat("0123456789abcdef", 4)})
	return n
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// eventually waits until a page has a text in it.
func eventually(t *testing.T, url, want string) {
	t.Helper()
	var got string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if got = get(t, url); strings.Contains(got, want) {
			return
		}
	}
	t.Fatalf("%s never has %s:\n%s", url, want, got)
}

// probe asks until it gets exactly this, as a kubelet does: "not ready" is another
// answer.
func probe(t *testing.T, url, want string) {
	t.Helper()
	got := ""
	for deadline := time.Now().Add(time.Minute); got != want; time.Sleep(100 * time.Millisecond) {
		if got = get(t, url); time.Now().After(deadline) {
			t.Fatalf("%s gets %q", url, got)
		}
	}
}

func autoconfig(s *waymark.Waymark, domain string) string {
	return "http://" + s.HTTP + "/mail/config-v1.1.xml?emailaddress=anna@" + domain
}

// TestAConfigMapIsReloaded changes the ConfigMap and the Secret below a running
// Waymark.
func TestAConfigMapIsReloaded(t *testing.T) {
	settings := configMap(t, "base/configmap.yaml", "waymark")
	n := newNode(t, settings)
	s := n.start()
	eventually(t, autoconfig(s, "example.org"), "<hostname>mail.example.org</hostname>")
	probe(t, "http://"+s.Ops+"/readyz", "ready\n")
	if got := get(t, "http://"+s.Ops+"/healthz"); got != "ok\n" {
		t.Errorf("the liveness probe gets %q", got)
	}

	changed := strings.ReplaceAll(settings["waymark.yaml"], "host: mail.example.org", "host: new.example.org")
	n.mount("/etc/waymark", map[string]string{"waymark.yaml": changed})
	eventually(t, autoconfig(s, "example.org"), "<hostname>new.example.org</hostname>")

	n.mount("/run/secrets/waymark/links", map[string]string{"key": "short"})
	eventually(t, "http://"+s.Ops+"/metrics", "waymark_config_last_reload_successful 0")
	n.mount("/run/secrets/waymark/links", map[string]string{"key": strings.Repeat("fedcba9876543210", 4)})
	eventually(t, "http://"+s.Ops+"/metrics", "waymark_config_last_reload_successful 1")
}

// TestSettingsOfTheConfigMaps: both settings files refer to the files that the
// Deployment mounts, and fit replicas behind an Ingress.
func TestSettingsOfTheConfigMaps(t *testing.T) {
	for _, file := range []string{"base/configmap.yaml", "postgresql/configmap.yaml"} {
		t.Run(file, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "waymark.yaml")
			if err := os.WriteFile(path, []byte(configMap(t, file, "waymark")["waymark.yaml"]), 0o600); err != nil {
				t.Fatal(err)
			}
			secrets := map[string]string{
				"/run/secrets/waymark/links/key":    strings.Repeat("0123456789abcdef", 4),
				"/run/secrets/waymark/database/dsn": "postgres://waymark@example-postgresql/mail",
			}
			cfg, findings := config.Load(path, config.Environment{Getenv: os.LookupEnv, ReadFile: func(name string) ([]byte, error) {
				if text, ok := secrets[name]; ok {
					return []byte(text), nil
				}
				return os.ReadFile(name)
			}})
			for _, f := range findings {
				// Probes reach the pod at its address, and the NetworkPolicy admits no others.
				if !f.Warning || f.Key != "ops.listen" {
					t.Fatal(findings)
				}
			}
			private := []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"}
			var hosts []string
			for _, s := range cfg.Providers[0].Services {
				hosts = append(hosts, fmt.Sprintf("%s %s", s.Protocol, s.Host))
			}
			for what, pair := range map[string][2]any{
				"the listeners":          {cfg.Listen + " " + cfg.Ops.Listen, ":8080 :9090"},
				"the proxies":            {fmt.Sprint(cfg.TrustedProxies), fmt.Sprint(private)},
				"the signing identity":   {cfg.Signing.CertFile + " " + cfg.Signing.KeyFile, "/run/secrets/waymark/signing/tls.crt /run/secrets/waymark/signing/tls.key"},
				"the keys for links":     {len(cfg.Pages.Keys), 1},
				"the page":               {cfg.Pages.URL, "https://waymark.example.org"},
				"a limit for one client": {cfg.Limits.RequestsPerMinute > 0, true},
				"the mail servers":       {fmt.Sprint(hosts), "[imap mail.example.org submission mail.example.org]"},
				"the sources":            {len(cfg.Directory), strings.Count(file, "postgresql")},
			} {
				if fmt.Sprint(pair[0]) != fmt.Sprint(pair[1]) {
					t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
				}
			}
		})
	}
}

var servers databases.Servers

func TestMain(m *testing.M) {
	if err := os.Chdir("../../../deploy/kubernetes"); err != nil { // the folder whose files are checked
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(servers.Main(m))
}

// TestPostgreSQL runs the statements of the example in a real PostgreSQL, and
// two replicas with the settings beside it.
func TestPostgreSQL(t *testing.T) {
	database := servers.PostgreSQL(t).NewDatabase(t)
	if _, err := database.DB.ExecContext(t.Context(), configMap(t, "postgresql/example-postgresql.yaml", "example-postgresql")["customers.sql"]); err != nil {
		t.Fatal(err)
	}
	n := newNode(t, configMap(t, "postgresql/configmap.yaml", "waymark"))
	n.mount("/run/secrets/waymark/database", map[string]string{"dsn": database.DSN})
	replicas := []*waymark.Waymark{n.start(), n.start()}
	for _, s := range replicas {
		eventually(t, autoconfig(s, "customer.example"), "<hostname>mail.customer.example</hostname>")
		eventually(t, autoconfig(s, "customer.test"), "<hostname>mail.example.org</hostname>")
		eventually(t, autoconfig(s, "unknown.example"), "does not answer for that domain")
	}
	if _, err := database.DB.ExecContext(t.Context(), "UPDATE customers SET mail_host = 'new.customer.example' WHERE domain = 'customer.example'"); err != nil {
		t.Fatal(err)
	}
	for _, s := range replicas {
		eventually(t, autoconfig(s, "customer.example"), "<hostname>new.customer.example</hostname>")
	}
}
