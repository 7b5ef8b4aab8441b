package kubernetes

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
)

// TestQuickstart follows the section Kubernetes of docs/quickstart.md: it runs the
// commands that need no cluster, renders what the section installs, and checks
// that the other commands fit that.
func TestQuickstart(t *testing.T) {
	text, err := os.ReadFile("../../docs/quickstart.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Kubernetes\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := map[string]string{}
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(section, -1) {
		blocks[m[1]] += m[2]
	}
	dir := t.TempDir()
	for _, m := range regexp.MustCompile("(?ms)^<!-- test: file: (\\S+) -->\n```\\w+\n(.*?)^```$").FindAllStringSubmatch(section, -1) {
		if err := os.WriteFile(filepath.Join(dir, m[1]), []byte(m[2]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", blocks["sh"])
	write.Dir, write.Env = dir, []string{"PATH=" + filepath.Dir(built.waymark) + ":" + os.Getenv("PATH")}
	if out, err := write.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	toCluster := regexp.MustCompile(`(?m)^(kubectl|helm) .*$`).FindAllString(blocks["console"], -1)
	var all objects
	for _, command := range toCluster {
		if args, found := strings.CutPrefix(strings.Replace(command, " upgrade ", " install ", 1), "helm -n waymark install "); found {
			args = strings.NewReplacer("deploy/helm/waymark", chart, "values.yaml", filepath.Join(dir, "values.yaml")).Replace(args)
			out, err := helm(t, append([]string{"-n", "waymark", "template"}, strings.Fields(args)...)...)
			if err != nil {
				t.Fatalf("%s: %v", command, err)
			}
			if all, err = decode([]byte(out)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(all) == 0 {
		t.Fatalf("nothing is installed by\n%s", strings.Join(toCluster, "\n"))
	}
	made := map[string]string{} // Secrets, with their kinds
	for _, command := range toCluster {
		if strings.HasPrefix(command, "helm ") {
			continue
		}
		if !fits(t, all, made, command) {
			t.Errorf("unknown command: %s", command)
		}
	}
	wanted := map[string]string{}
	for _, p := range podsOf(all) {
		for _, v := range p.Spec.Volumes {
			if v.Secret != nil {
				wanted[v.Secret.SecretName] = "generic"
			}
		}
		if image := p.Spec.Containers[0].Image; !strings.Contains(blocks["console"], "docker build -t "+image+" .\ndocker push "+image+"\n") {
			t.Errorf("the image %s is not the one that is built and pushed", image)
		}
	}
	wanted["waymark-signing"] = "tls"
	var hosts []string
	for _, i := range of[*networking.Ingress](all) {
		for _, tls := range i.Spec.TLS {
			wanted[tls.SecretName] = "tls"
		}
		for _, rule := range i.Spec.Rules {
			hosts = append(hosts, rule.Host)
		}
	}
	if !maps.Equal(made, wanted) {
		t.Errorf("the Secrets are %v, want %v", made, wanted)
	}
	for _, host := range []string{"waymark", "autoconfig", "autodiscover", "ua-auto-config"} {
		if !slices.Contains(hosts, host+".example.org") {
			t.Errorf("no Ingress for %s.example.org", host)
		}
	}
}

// fits reports whether a kubectl command refers to an existing object.
func fits(t *testing.T, all objects, secrets map[string]string, command string) bool {
	t.Helper()
	for form, is := range map[string]func(of []string) bool{
		`kubectl create namespace waymark`: func([]string) bool { return true },
		`kubectl -n waymark create secret tls ([\w-]+) --cert=fullchain.pem --key=privkey.pem`: func(of []string) bool {
			secrets[of[1]] = "tls"
			return true
		},
		`kubectl -n waymark create secret generic ([\w-]+) --from-literal=key="\$\(openssl rand -hex 32\)"`: func(of []string) bool {
			secrets[of[1]] = "generic"
			return true
		},
		`kubectl -n waymark rollout status deployment/([\w-]+)`: func(name []string) bool {
			return slices.ContainsFunc(of[*apps.Deployment](all), func(d *apps.Deployment) bool { return d.Name == name[1] })
		},
		`kubectl -n waymark port-forward service/([\w-]+) 8080:80`: func(name []string) bool {
			return slices.ContainsFunc(of[*core.Service](all), func(s *core.Service) bool {
				return s.Name == name[1] && slices.ContainsFunc(s.Spec.Ports, func(p core.ServicePort) bool { return p.Port == 80 })
			})
		},
	} {
		if m := regexp.MustCompile(`^` + form + `$`).FindStringSubmatch(command); m != nil {
			return is(m)
		}
	}
	return false
}
