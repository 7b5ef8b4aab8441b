package kubernetes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	manifests = "../../deploy/kubernetes/"
	chart     = "../../deploy/helm/waymark"
)

// programs are built once for all tests.
type programs struct{ helm, waymark string }

func build(dir string) (programs, error) {
	p := programs{helm: filepath.Join(dir, "helm"), waymark: filepath.Join(dir, "waymark")}
	for _, b := range []struct{ in, pkg, out string }{
		{".", "helm.sh/helm/v4/cmd/helm", p.helm},
		{"../..", "./cmd/waymark", p.waymark},
	} {
		cmd := exec.Command("go", "build", "-o", b.out, b.pkg)
		cmd.Dir = b.in
		if out, err := cmd.CombinedOutput(); err != nil {
			return p, fmt.Errorf("go build %s: %w\n%s", b.pkg, err, out)
		}
	}
	return p, nil
}

var built programs

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "waymark-kubernetes")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	if built, err = build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// kustomize returns what kubectl apply -k would apply.
func kustomize(t *testing.T, folder string) []byte {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), manifests+folder)
	if err != nil {
		t.Fatalf("%s: %v", folder, err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// helm runs Helm without the settings of the user.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), built.helm, args...)
	home := t.TempDir()
	cmd.Env = []string{"HOME=" + home, "HELM_CACHE_HOME=" + home, "HELM_CONFIG_HOME=" + home, "HELM_DATA_HOME=" + home, "KUBECONFIG=" + home + "/none"}
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w\n%s%s", err, out.String(), problems.String())
	}
	return out.String(), nil
}

// template returns what helm install would apply.
func template(t *testing.T, release, values string, more ...string) []byte {
	t.Helper()
	args := append([]string{"template", release, chart, "--namespace", "mail", "-f", "testdata/" + values}, more...)
	out, err := helm(t, args...)
	if err != nil {
		t.Fatalf("helm %s: %v", strings.Join(args, " "), err)
	}
	return []byte(out)
}

func TestHelmLint(t *testing.T) {
	for _, values := range []string{"minimal.yaml", "replicas.yaml", "everything.yaml"} {
		if _, err := helm(t, "lint", "--strict", chart, "-f", "testdata/"+values); err != nil {
			t.Errorf("%s: %v", values, err)
		}
	}
}

// TestHelmErrors pins the errors for invalid values.
func TestHelmErrors(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"no settings at all", nil, "settings.providers is empty: describe your mail servers there, see docs/configuration.md"},
		{"no domains", []string{"--set", "settings.providers.mine.name=Mine"}, "settings.domains and settings.directory are empty: list the domains to answer for"},
		{"replicas that sign with different identities", []string{"-f", "testdata/minimal.yaml", "--set", "replicaCount=2"}, "several replicas require a shared identity that signs Apple profiles: set signing.secretName"},
		{"the same with autoscaling", []string{"-f", "testdata/minimal.yaml", "--set", "autoscaling.enabled=true"}, "several replicas require a shared identity that signs Apple profiles: set signing.secretName"},
		{"replicas with different keys", []string{"-f", "testdata/minimal.yaml", "--set", "replicaCount=2,signing.secretName=x"}, "several replicas require a shared key for links: set links.secretName"},
		{"an Ingress without names", []string{"-f", "testdata/minimal.yaml", "--set", "ingress.enabled=true"}, "ingress.hosts is empty: name autoconfig.<domain> and autodiscover.<domain> of every domain"},
		{"a value that does not exist", []string{"-f", "testdata/minimal.yaml", "--set", "replicas=2"}, "additional properties 'replicas' not allowed"},
		{"a Secret in the place of another", []string{"-f", "testdata/minimal.yaml", "--set", "secrets[0].name=x,secrets[0].path=signing"}, "/secrets/0/path"},
		{"settings that the chart sets", []string{"-f", "testdata/minimal.yaml", "--set", "settings.listen=:80"}, "/settings/listen"},
		{"TLS beside the Ingress", []string{"-f", "testdata/minimal.yaml", "--set", "settings.tls.cert_file=a"}, "/settings/tls"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := helm(t, append([]string{"template", "waymark", chart}, tc.args...)...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

// TestHelmPackage packs the chart and renders the package.
func TestHelmPackage(t *testing.T) {
	dir := t.TempDir()
	if _, err := helm(t, "package", chart, "--destination", dir); err != nil {
		t.Fatal(err)
	}
	packed, err := filepath.Glob(dir + "/waymark-*.tgz")
	if err != nil || len(packed) != 1 {
		t.Fatalf("packed %v, %v", packed, err)
	}
	out, err := helm(t, "template", "waymark", packed[0], "-f", "testdata/minimal.yaml")
	if err != nil || !strings.Contains(out, "kind: Deployment") {
		t.Errorf("the packed chart gives %v\n%s", err, out)
	}
}
