package proxies

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// router is one of Traefik's.
type router struct {
	EntryPoints []string `yaml:"entryPoints"`
	Rule        string
	Middlewares []string
	Service     string
	TLS         *struct {
		CertResolver string `yaml:"certResolver"`
	}
}

// TestTraefik reads the files. Debian has no Traefik to run them with. Unknown keys
// and references to missing names are errors.
func TestTraefik(t *testing.T) {
	var static struct {
		EntryPoints map[string]struct{ Address string } `yaml:"entryPoints"`
		Resolvers   map[string]struct {
			ACME struct {
				Email, Storage string
				HTTPChallenge  struct {
					EntryPoint string `yaml:"entryPoint"`
				} `yaml:"httpChallenge"`
			}
		} `yaml:"certificatesResolvers"`
		Providers struct{ File struct{ Filename string } }
	}
	strictly(t, filepath.Join("traefik", "traefik.yaml"), &static)
	var dynamic struct {
		HTTP struct {
			Routers     map[string]router
			Middlewares map[string]struct {
				Buffering struct {
					MaxRequestBodyBytes int `yaml:"maxRequestBodyBytes"`
				}
			}
			Services map[string]struct {
				LoadBalancer struct {
					PassHostHeader bool `yaml:"passHostHeader"`
					Servers        []struct{ URL string }
				} `yaml:"loadBalancer"`
			}
		}
	}
	strictly(t, filepath.Join("traefik", "dynamic.yaml"), &dynamic)

	if static.EntryPoints["web"].Address != ":80" || static.EntryPoints["websecure"].Address != ":443" {
		t.Errorf("entry points %v", static.EntryPoints)
	}
	if acme := static.Resolvers["letsencrypt"].ACME; acme.Email != "postmaster@example.org" || acme.Storage != "/certificates/acme.json" {
		t.Errorf("certificates: %+v", acme)
	}
	if got := static.Providers.File.Filename; got != "/etc/traefik/dynamic.yaml" {
		t.Errorf("Traefik reads %q", got)
	}
	service := dynamic.HTTP.Services["waymark"].LoadBalancer
	if !service.PassHostHeader || len(service.Servers) != 1 || service.Servers[0].URL != "http://waymark:8080" {
		t.Errorf("service %+v", service)
	}
	if got := dynamic.HTTP.Middlewares["small-bodies"].Buffering.MaxRequestBodyBytes; got != 64<<10 {
		t.Errorf("bodies of %d bytes pass", got)
	}
	served := map[string][]string{} // entry point: rules
	for name, r := range dynamic.HTTP.Routers {
		if len(r.EntryPoints) != 1 || r.Service != "waymark" || !slices.Equal(r.Middlewares, []string{"small-bodies"}) {
			t.Errorf("router %s: %+v", name, r)
			continue
		}
		point := r.EntryPoints[0]
		served[point] = append(served[point], r.Rule)
		if (point == "websecure") != (r.TLS != nil) {
			t.Errorf("router %s on %s: TLS is %v", name, point, r.TLS)
		}
		if r.TLS != nil && static.Resolvers[r.TLS.CertResolver].ACME.HTTPChallenge.EntryPoint != "web" {
			t.Errorf("router %s has no certificate", name)
		}
	}
	for point, rules := range served {
		slices.Sort(rules)
		if len(rules) != 2 {
			t.Fatalf("%s has %d rules", point, len(rules))
		}
		testDomainRule(t, rules[0])
		testNamesRule(t, rules[1])
	}
	if len(served) != 2 {
		t.Errorf("served on %d entry points, want http and https", len(served))
	}
}

func testDomainRule(t *testing.T, rule string) {
	t.Helper()
	expr, ok := strings.CutPrefix(rule, "Host(`example.org`) && PathRegexp(`")
	expr, closed := strings.CutSuffix(expr, "`)")
	if !ok || !closed {
		t.Fatalf("rule %s", rule)
	}
	paths := regexp.MustCompile(expr)
	for path, want := range map[string]bool{
		"/Autodiscover/Autodiscover.xml":                   true,
		"/AUTODISCOVER/AUTODISCOVER.XML":                   true,
		"/autodiscover/autodiscover.json/v1.0/a@b":         true,
		"/.well-known/autoconfig/mail/config-v1.1.xml":     true,
		"/.well-known/mail-v1.xml":                         true,
		"/.well-known/user-agent-configuration.json":       true,
		"/.well-known/caldav":                              true,
		"/.well-known/carddav":                             true,
		"/.well-known/jmap":                                true,
		"/":                                                false,
		"/autodiscovery":                                   false,
		"/mail/config-v1.1.xml":                            false,
		"/.well-known/caldav/more":                         false,
		"/blog/autodiscover/":                              false,
		"/.well-known/acme-challenge/of-another-programme": false,
	} {
		if paths.MatchString(path) != want {
			t.Errorf("%s goes to Waymark: %v, want %v", path, !want, want)
		}
	}
}

func testNamesRule(t *testing.T, rule string) {
	t.Helper()
	var want []string
	for _, name := range names()[:4] {
		want = append(want, "Host(`"+name+"`)")
	}
	if rule != strings.Join(want, " || ") {
		t.Errorf("rule %s, want %v", rule, want)
	}
}

func strictly(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}
