package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

// named are the places that name the image or its version, and how.
func named() map[string]string {
	return map[string]string{
		"deploy/helm/waymark/Chart.yaml":            `(?m)^version: (.*)\n(?:.*\n)*?appVersion: "(.*)"$`,
		"deploy/helm/waymark/values.yaml":           `(?m)^  repository: ghcr.io/waymark-mail/waymark\n  tag: ""()`,
		"deploy/kubernetes/base/kustomization.yaml": `(?m)^  - \{name: waymark, newName: ghcr.io/waymark-mail/waymark, newTag: "(.*)"\}$`,
		"deploy/compose/service.yaml":               `(?m)^    image: ghcr.io/waymark-mail/waymark:(.*)$`,
		"README.md":                                 `(?s)waymark_([0-9.]+)_amd64\.deb.*waymark-([0-9.]+)-1\.x86_64\.rpm.*ghcr\.io/waymark-mail/waymark:([0-9.]+)`,
	}
}

// versions returns what the places below a folder name.
func versions(t *testing.T, tree string) []string {
	t.Helper()
	var all []string
	for path, pattern := range named() {
		found := regexp.MustCompile(pattern).FindStringSubmatch(textfile.Read(t, filepath.Join(tree, path)))
		if found == nil {
			t.Errorf("%s does not name the image, or its version, as the others do: %s", path, pattern)
			continue
		}
		for _, version := range found[1:] {
			if version != "" {
				all = append(all, version)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestOneVersion: the chart, the manifests, the compose files and README.md name the
// same image and version, and one command writes another version.
func TestOneVersion(t *testing.T) {
	if all := versions(t, "../.."); len(all) != 1 || !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(all[0]) {
		t.Errorf("versions %v, want one of the form 1.2.3", all)
	}
	programs.Need(t, "sed", "sed")
	copied := t.TempDir()
	paths := []string{"tools/release/version"}
	for path := range named() {
		paths = append(paths, path)
	}
	for _, path := range paths {
		if err := os.MkdirAll(filepath.Join(copied, filepath.Dir(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		programs.Output(t, exec.Command("cp", filepath.Join("../..", path), filepath.Join(copied, path)))
	}
	programs.Output(t, exec.Command(filepath.Join(copied, "tools/release/version"), "9.8.7"))
	if all := versions(t, copied); !slices.Equal(all, []string{"9.8.7"}) {
		t.Errorf("after tools/release/version 9.8.7 the versions are %v", all)
	}
	if err := exec.Command(filepath.Join(copied, "tools/release/version"), "v9").Run(); err == nil {
		t.Error("v9 is taken for a version")
	}
}
