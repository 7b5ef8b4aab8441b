package compose

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

// TestMain runs the tests in the folder whose files they check.
func TestMain(m *testing.M) { os.Exit(textfile.RunIn(m, "../../../deploy/compose")) }

// project is a compose file as docker-compose understands it: with what it
// extends, and absolute paths.
type project struct {
	Services map[string]struct {
		Build       struct{ Context string }
		Image       string
		Restart     string
		ReadOnly    bool           `yaml:"read_only"`
		CapDrop     []string       `yaml:"cap_drop"`
		SecurityOpt []string       `yaml:"security_opt"`
		DependsOn   map[string]any `yaml:"depends_on"`
		Environment map[string]string
		Volumes     []string
		Ports       []struct {
			Published int
			Target    int
			Protocol  string
		}
	}
	Volumes  map[string]any
	Networks map[string]struct {
		IPAM struct {
			Config []struct{ Subnet netip.Prefix }
		}
	}
}

func load(t *testing.T, file string) project {
	t.Helper()
	cmd := exec.Command(programs.Need(t, "docker-compose", "docker-compose"), "-f", file, "config")
	cmd.Env = append(os.Environ(), "PYTHONWARNINGS=ignore")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("docker-compose: %v\n%s", err, stderr.String())
	}
	var p project
	if err := yaml.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestComposeFiles compares each file with what the others expect of it.
func TestComposeFiles(t *testing.T) {
	cfg := settings(t)
	for _, tt := range []struct {
		front  string
		mounts map[string]string // target in the container of the web server: file or volume
	}{
		{"caddy", map[string]string{"/etc/caddy/Caddyfile": "Caddyfile", "/data": "certificates"}},
		{"nginx", map[string]string{"/etc/nginx/conf.d/default.conf": "nginx.conf", "/etc/ssl/waymark": "certificates"}},
		{"traefik", map[string]string{"/etc/traefik/traefik.yaml": "traefik.yaml", "/etc/traefik/dynamic.yaml": "dynamic.yaml", "/certificates": "certificates"}},
	} {
		t.Run(tt.front, func(t *testing.T) {
			p := load(t, tt.front+".yaml")
			if len(p.Services) != 2 {
				t.Fatalf("%d services, want waymark and %s", len(p.Services), tt.front)
			}
			w, front := p.Services["waymark"], p.Services[tt.front]
			if _, err := os.Stat(filepath.Join(w.Build.Context, "Dockerfile")); err != nil {
				t.Error(err)
			}
			if !w.ReadOnly || !slices.Equal(w.CapDrop, []string{"ALL"}) || !slices.Equal(w.SecurityOpt, []string{"no-new-privileges:true"}) {
				t.Errorf("waymark may do more than it needs: %+v", w)
			}
			if w.Restart != "unless-stopped" || front.Restart != "unless-stopped" {
				t.Error("something stays down after a restart of the machine")
			}
			if len(w.Ports) != 0 {
				t.Errorf("waymark is reached around the web server: %+v", w.Ports)
			}
			mine := mounts(t, p, w.Volumes)
			if got := mine["/etc/waymark"]; filepath.Base(got) != "settings" {
				t.Errorf("the settings are %q", got)
			}
			if mine["/var/lib/waymark"] != "waymark" {
				t.Error("the state is lost with the container")
			}
			var ports []int
			for _, port := range front.Ports {
				if port.Published != port.Target {
					t.Errorf("port %d leads to %d", port.Published, port.Target)
				}
				if port.Protocol != "udp" { // HTTP/3
					ports = append(ports, port.Published)
				}
			}
			if !slices.Equal(ports, []int{80, 443}) {
				t.Errorf("ports %v, want 80 and 443", ports)
			}
			if _, ok := front.DependsOn["waymark"]; !ok {
				t.Error("the web server starts before waymark, whose name it does not find then")
			}
			if !regexp.MustCompile(`^` + tt.front + `:v?[0-9]+\.[0-9]+$`).MatchString(front.Image) {
				t.Errorf("image %q is not one of %s with a version", front.Image, tt.front)
			}
			theirs := mounts(t, p, front.Volumes)
			text := ""
			for target, name := range tt.mounts {
				if got := theirs[target]; filepath.Base(got) != name {
					t.Errorf("%s is %q, want %s", target, got, name)
				} else if filepath.IsAbs(got) && name != "certificates" {
					raw, err := os.ReadFile(got)
					if err != nil {
						t.Fatal(err)
					}
					text += string(raw)
				}
			}
			if len(theirs) != len(tt.mounts) {
				t.Errorf("mounts %v, want %v", theirs, tt.mounts)
			}
			// The web server's file must name the folder of the certificates.
			for name, want := range map[string]string{"nginx": "/etc/ssl/waymark/", "traefik": "/certificates/"} {
				if name == tt.front && !strings.Contains(text, want) {
					t.Errorf("the file of %s does not name %s", name, want)
				}
			}
			if tt.front == "traefik" && !strings.Contains(text, "filename: /etc/traefik/dynamic.yaml") {
				t.Error("Traefik does not read dynamic.yaml")
			}
			if !strings.HasSuffix(cfg.Listen, ":8080") || !strings.Contains(text, "waymark:8080") {
				t.Error("the web server does not lead to where waymark listens")
			}
			subnets := p.Networks["default"].IPAM.Config
			if len(subnets) != 1 || !slices.Equal(cfg.TrustedProxies, []netip.Prefix{subnets[0].Subnet}) {
				t.Errorf("waymark trusts %v, the web server is in %v", cfg.TrustedProxies, subnets)
			}
		})
	}
}

// TestEnvironment: a variable in waymark.env reaches Waymark in each project.
func TestEnvironment(t *testing.T) {
	dir := t.TempDir()
	programs.Output(t, exec.Command("cp", "-r", "../compose", "../proxies", dir))
	variables := filepath.Join(dir, "compose", "waymark.env")
	textfile.Write(t, variables, textfile.Read(t, variables)+"WAYMARK_DSN=postgres://waymark@db/mail\n")
	for _, front := range []string{"caddy", "nginx", "traefik"} {
		got := load(t, filepath.Join(dir, "compose", front+".yaml")).Services["waymark"].Environment
		if !maps.Equal(got, map[string]string{"WAYMARK_DSN": "postgres://waymark@db/mail"}) {
			t.Errorf("%s: the variables are %v", front, got)
		}
	}
}

// mounts returns the mounts of a service. A file or folder of this repository
// must exist, except for the certificates, which people bring.
func mounts(t *testing.T, p project, volumes []string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, v := range volumes {
		parts := strings.Split(v, ":")
		source, target := parts[0], parts[1]
		all[target] = source
		if !filepath.IsAbs(source) {
			if _, ok := p.Volumes[source]; !ok {
				t.Errorf("there is no volume %s", source)
			}
			continue
		}
		if len(parts) != 3 || parts[2] != "ro" {
			t.Errorf("%s can be written", v)
		}
		if _, err := os.Stat(source); err != nil && filepath.Base(source) != "certificates" {
			t.Error(err)
		}
	}
	return all
}

// settings reads the settings, which have to be without a warning.
func settings(t *testing.T) *config.Config {
	t.Helper()
	cfg, findings := config.Load(filepath.Join("settings", "waymark.yaml"), config.Environment{Getenv: os.LookupEnv, ReadFile: os.ReadFile})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	if cfg.Ops.Listen != "127.0.0.1:9090" {
		t.Errorf("ops.listen is %q: the web server reaches it, or the health check does not", cfg.Ops.Listen)
	}
	if cfg.Limits.RequestsPerMinute == 0 {
		t.Error("one client may ask without end")
	}
	var hosts []string
	for _, s := range cfg.Providers[0].Services {
		hosts = append(hosts, fmt.Sprintf("%s %s", s.Protocol, s.Host))
	}
	if want := []string{"imap imap.example.org", "submission smtp.example.org"}; !slices.Equal(hosts, want) {
		t.Errorf("the mail servers are %v, want %v", hosts, want)
	}
	if len(cfg.Domains) != 1 {
		t.Errorf("%d domains", len(cfg.Domains))
	}
	return cfg
}
