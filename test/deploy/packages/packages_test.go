package packages

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

// TestMain runs the tests in the folder whose files they check.
func TestMain(m *testing.M) { os.Exit(textfile.RunIn(m, "../../../deploy/packages")) }

// TestRelease makes a release twice, in two places, and looks at everything in
// it. It builds one platform: the others differ only in what Go compiles for.
func TestRelease(t *testing.T) {
	programs.Need(t, "goreleaser", "golang, then go -C tools/release install github.com/goreleaser/goreleaser/v2")
	for _, program := range []string{"git", "rpm", "dpkg", "mandoc"} {
		programs.Need(t, program, program)
	}
	programs.Need(t, "man", "man-db")
	here, there := filepath.Join(t.TempDir(), "here"), filepath.Join(t.TempDir(), "quite", "another", "place")
	copyTree(t, filepath.Join("..", ".."), here)
	copyTree(t, here, there)
	dist, again := release(t, here), release(t, there)
	sums, sumsAgain := textfile.Read(t, filepath.Join(dist, "checksums.txt")), textfile.Read(t, filepath.Join(again, "checksums.txt"))
	if sums != sumsAgain {
		t.Errorf("made again, it differs:\n%s\n%s", sums, sumsAgain)
	}
	checkSums(t, dist, sums)

	root := newRoot(t)
	install(t, the(t, dist, "*.deb"), root)
	deb := installed(t, root)
	checkNames(t, "deb", deb, slices.Collect(maps.Keys(wanted(t, "vendor-completions"))))
	checkFiles(t, root)
	checkContents(t, the(t, dist, "*.cdx.json"), filepath.Join(root, "usr/bin/waymark"))

	others := wanted(t, "site-functions")
	for name, files := range map[string]map[string]file{"rpm": rpm(t, the(t, dist, "*.rpm")), "apk": apk(t, the(t, dist, "*.apk"))} {
		checkNames(t, name, files, slices.Collect(maps.Keys(others)))
		for path, got := range files {
			if want := deb[strings.Replace(path, "site-functions", "vendor-completions", 1)]; got != want {
				t.Errorf("%s of the %s is %+v, of the deb %+v", path, name, got, want)
			}
		}
	}
	checkDpkgScripts(t, the(t, dist, "*.deb"), root)
	checkRPMScripts(t, the(t, dist, "*.rpm"))
	checkAPKScripts(t, unpack(t, the(t, dist, "*.apk")))
	checkArchive(t, the(t, dist, "*.tar.gz"), deb["/usr/bin/waymark"])
}

// copyTree copies the source with its history, but not what was built from it.
// The history is cloned: that of a linked worktree is shared with others.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	programs.Output(t, exec.Command("git", "clone", "--quiet", "--no-checkout", from, to))
	packed := filepath.Join(t.TempDir(), "tree.tar")
	programs.Output(t, exec.Command("tar", "-C", from, "--exclude=./.git", "--exclude=./waymark", "--exclude=./dist", "--exclude=./tools/release/out", "-cf", packed, "."))
	programs.Output(t, exec.Command("tar", "-C", to, "-xf", packed))
	programs.Output(t, exec.Command("git", "-C", to, "reset", "--quiet"))
}

// release makes a release of a copy of the tree, and returns its folder.
func release(t *testing.T, tree string) string {
	t.Helper()
	conf := filepath.Join(tree, ".goreleaser.yaml")
	text := textfile.Read(t, conf)
	for all, one := range map[string]string{"goos: [linux, darwin]": "goos: [linux]", "goarch: [amd64, arm64]": "goarch: [amd64]"} {
		if !strings.Contains(text, all) {
			t.Fatalf("%s has no %q", conf, all)
		}
		text = strings.Replace(text, all, one, 1)
	}
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in := func(program string, args ...string) {
		cmd := exec.Command(program, args...)
		cmd.Dir = tree
		cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=true") // whatever is usual on this machine
		programs.Output(t, cmd)
	}
	in("git", "config", "remote.origin.url", "https://github.com/waymark-mail/waymark")
	in("goreleaser", "check", "--quiet")
	in("goreleaser", "release", "--snapshot", "--clean", "--parallelism", "2")
	return filepath.Join(tree, "dist")
}

// file is what must be the same in every package.
type file struct {
	mode   string
	sha256 string
}

// wanted returns the files of a package and their sources; "" for generated ones.
func wanted(t *testing.T, zsh string) map[string]string {
	t.Helper()
	all := map[string]string{
		"/usr/bin/waymark":                                  "",
		"/etc/waymark/waymark.yaml":                         "",
		"/usr/lib/systemd/system/waymark.service":           "deploy/systemd/waymark.service",
		"/usr/lib/systemd/system/waymark.socket":            "deploy/systemd/waymark.socket",
		"/usr/lib/systemd/system/waymark-https.socket":      "deploy/systemd/waymark-https.socket",
		"/usr/share/man/man1/waymark.1.gz":                  "",
		"/usr/share/man/man5/waymark.yaml.5.gz":             "",
		"/usr/share/bash-completion/completions/waymark":    "",
		"/usr/share/zsh/" + zsh + "/_waymark":               "",
		"/usr/share/fish/vendor_completions.d/waymark.fish": "",
		"/usr/share/doc/waymark/copyright":                  "LICENSE",
	}
	for _, path := range documents(t) {
		all["/usr/share/doc/waymark/"+path] = path
	}
	return all
}

// documents returns what every package and archive has beside the program: the
// guides, the schema, examples, alerts, dashboards and files for proxies.
func documents(t *testing.T) []string {
	t.Helper()
	list := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "--", ":(glob)*.md", "api/*.json", "api/*.yaml",
		"examples/*.yaml", "docs", "deploy/compose", "deploy/grafana", "deploy/helm", "deploy/kubernetes", "deploy/prometheus", "deploy/proxies")
	list.Dir = "../.."
	all := strings.Fields(programs.Output(t, list))
	for _, path := range []string{"README.md", "api/config.schema.json", "deploy/prometheus/alerts.yaml", "deploy/grafana/waymark.json", "docs/quickstart.md"} {
		if !slices.Contains(all, path) {
			t.Errorf("there is no %s", path)
		}
	}
	return all
}

// install has dpkg install a package below a folder.
func install(t *testing.T, deb, root string) {
	t.Helper()
	admin := filepath.Join(root, "var/lib/dpkg")
	programs.Output(t, exec.Command("dpkg", "--root="+root, "--log=/dev/null", "--install", deb))
	query := exec.Command("dpkg-query", "--admindir="+admin, "--show", "--showformat=${Status}|${Section}|${Architecture}|${Recommends}|${Conffiles}", "waymark")
	got, _, _ := strings.Cut(programs.Output(t, query), "waymark.yaml ")
	if want := "install ok installed|mail|amd64|ca-certificates| /etc/waymark/"; got != want {
		t.Errorf("dpkg says %q, want %q", got, want)
	}
}

// installed returns the files below a folder, less those of dpkg.
func installed(t *testing.T, root string) map[string]file {
	t.Helper()
	all := map[string]file{}
	for _, top := range []string{"usr", "etc"} {
		err := filepath.Walk(filepath.Join(root, top), func(path string, info os.FileInfo, err error) error {
			if err == nil && !info.IsDir() {
				all[strings.TrimPrefix(path, root)] = file{fmt.Sprintf("%o", info.Mode().Perm()), sum([]byte(textfile.Read(t, path)))}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// checkFiles compares the installed files with their sources and runs the binary.
func checkFiles(t *testing.T, root string) {
	t.Helper()
	for path, source := range wanted(t, "vendor-completions") {
		if source != "" && textfile.Read(t, filepath.Join(root, path)) != textfile.Read(t, filepath.Join("../..", source)) {
			t.Errorf("%s is not %s", path, source)
		}
	}
	for path, begins := range map[string]string{
		"usr/share/bash-completion/completions/waymark":    "# bash completion",
		"usr/share/zsh/vendor-completions/_waymark":        "#compdef waymark",
		"usr/share/fish/vendor_completions.d/waymark.fish": "# fish completion",
	} {
		if !strings.HasPrefix(textfile.Read(t, filepath.Join(root, path)), begins) {
			t.Errorf("%s does not begin with %q", path, begins)
		}
	}
	programs.Output(t, exec.Command("bash", "-n", filepath.Join(root, "usr/share/bash-completion/completions/waymark")))
	binary := filepath.Join(root, "usr/bin/waymark")
	if got := programs.Output(t, exec.Command(binary, "check", "--strict", "-c", filepath.Join(root, "etc/waymark/waymark.yaml"))); !strings.Contains(got, "is fine: 1 domain") {
		t.Errorf("the settings: %s", got)
	}
	revision := strings.TrimSpace(programs.Output(t, exec.Command("git", "rev-parse", "HEAD")))
	if got := programs.Output(t, exec.Command(binary, "version")); !strings.Contains(got, revision) {
		t.Errorf("the version is %s, want %s in it", got, revision)
	}
	checkManual(t, filepath.Join(root, "usr/share/man/man1/waymark.1.gz"),
		"--strict", "waymark serve", "waymark import ispdb FILE|FOLDER...", "waymark dns example.com --host waymark.example.net")
	checkManual(t, filepath.Join(root, "usr/share/man/man5/waymark.yaml.5.gz"),
		`ops.listen (address; default "127.0.0.1:9090")`, "${file:PATH}", "  - {protocol: imap, host: mail.example.com}", "$schema=https://")
	checkLinks(t, filepath.Join(root, "usr/share/doc/waymark"))
	first, _, _ := strings.Cut(textfile.Read(t, filepath.Join(root, "etc/waymark/waymark.yaml")), "\n")
	schema, found := strings.CutPrefix(first, "# yaml-language-server: $schema=")
	if printed := programs.Output(t, exec.Command(binary, "schema")); !found || textfile.Read(t, filepath.Join(root, schema)) != printed {
		t.Errorf("the first line of the settings is %s, which does not name the schema", first)
	}
}

// checkManual has two programs read a page of the manual.
func checkManual(t *testing.T, page string, wants ...string) {
	t.Helper()
	programs.Output(t, exec.Command("mandoc", "-Tlint", "-Wwarning", page))
	manual := plain(programs.Output(t, exec.Command("mandoc", "-Tascii", "-Owidth=200", page)))
	for _, want := range wants {
		if !strings.Contains(manual, want) {
			t.Errorf("%s has no %q", filepath.Base(page), want)
		}
	}
	man := exec.Command("man", "--warnings", "--encoding=UTF-8", "--local-file", page)
	man.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANWIDTH=80", "MANPAGER=cat")
	var warnings strings.Builder
	man.Stderr = &warnings
	if out, err := man.Output(); err != nil || len(out) < 1000 || warnings.Len() > 0 {
		t.Errorf("man %s: %v, %d bytes\n%s", filepath.Base(page), err, len(out), warnings.String())
	}
}

// checkLinks follows the links of the installed pages. Only those to the source of
// the program lead nowhere.
func checkLinks(t *testing.T, dir string) {
	t.Helper()
	source := regexp.MustCompile(`^(\.\./)*(internal|test)/`)
	followed := 0
	for _, page := range documents(t) {
		if filepath.Ext(page) != ".md" {
			continue
		}
		for _, link := range regexp.MustCompile(`\]\(([^)\s:#]+)[)#]`).FindAllStringSubmatch(textfile.Read(t, filepath.Join(dir, page)), -1) {
			followed++
			if _, err := os.Stat(filepath.Join(dir, filepath.Dir(page), link[1])); err != nil && !source.MatchString(link[1]) {
				t.Errorf("the installed %s links to %s, which is not installed", page, link[1])
			}
		}
	}
	if followed < 50 {
		t.Errorf("found only %d links", followed)
	}
}

// plain takes out the overstriking by which terminals once showed bold text.
func plain(manual string) string {
	var kept []rune
	for _, r := range manual {
		if r == '\b' {
			kept = kept[:len(kept)-1]
			continue
		}
		kept = append(kept, r)
	}
	return string(kept)
}

// rpm returns the files of an RPM package.
func rpm(t *testing.T, path string) map[string]file {
	t.Helper()
	all := map[string]file{}
	for line := range strings.Lines(programs.Output(t, exec.Command("rpm", "-qp", "--dump", path))) {
		// path size mtime digest mode owner group isconfig isdoc rdev symlink
		f := strings.Fields(line)
		if strings.HasPrefix(f[4], "010") {
			all[f[0]] = file{strings.TrimPrefix(f[4], "0100"), f[3]}
		}
		if isConfig := f[7] == "1"; isConfig != (f[0] == "/etc/waymark/waymark.yaml") {
			t.Errorf("rpm takes %s for settings: %v", f[0], isConfig)
		}
	}
	if got := programs.Output(t, exec.Command("rpm", "-qp", "--queryformat", "%{NAME} %{LICENSE} %{ARCH}", path)); got != "waymark MIT x86_64" {
		t.Errorf("rpm says %q", got)
	}
	return all
}

// apk returns the files of an Alpine package: archives one after the other, of
// which the ones before the last hold what the package says of itself.
func apk(t *testing.T, path string) map[string]file {
	t.Helper()
	all := unpack(t, path)
	for name := range all {
		if strings.HasPrefix(name, "/.") {
			delete(all, name)
		}
	}
	return all
}

// checkArchive requires the same binary in the archive, with its documents.
func checkArchive(t *testing.T, path string, binary file) {
	t.Helper()
	all := unpack(t, path)
	if all["/waymark"] != binary {
		t.Errorf("the binary of the archive is %+v, of the deb %+v", all["/waymark"], binary)
	}
	want := []string{"/LICENSE", "/completions/waymark.bash", "/completions/waymark.fish", "/completions/waymark.zsh", "/man/waymark.1.gz", "/man/waymark.yaml.5.gz", "/waymark"}
	for _, path := range documents(t) {
		want = append(want, "/"+path)
	}
	checkNames(t, "archive", all, want)
}

// unpack returns the files of a compressed archive, or of several in a row.
func unpack(t *testing.T, path string) map[string]file {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader([]byte(textfile.Read(t, path))))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]file{}
	for archive := tar.NewReader(packed); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		raw, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		all["/"+strings.TrimPrefix(header.Name, "/")] = file{fmt.Sprintf("%o", header.FileInfo().Mode().Perm()), sum(raw)}
	}
}

// checkContents requires the list of contents to name every module of the binary.
func checkContents(t *testing.T, list, binary string) {
	t.Helper()
	var bom struct {
		BOMFormat  string `json:"bomFormat"`
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal([]byte(textfile.Read(t, list)), &bom); err != nil {
		t.Fatal(err)
	}
	var listed, want []string
	for _, c := range bom.Components {
		listed = append(listed, c.Name+" "+c.Version)
	}
	for line := range strings.Lines(programs.Output(t, exec.Command("go", "version", "-m", binary))) {
		f := strings.Fields(line)
		switch {
		case len(f) == 2 && strings.HasPrefix(f[1], "go1"):
			want = append(want, "std "+strings.TrimPrefix(f[1], "go"))
		case len(f) > 2 && f[0] == "dep":
			want = append(want, f[1]+" "+f[2])
		}
	}
	if bom.BOMFormat != "CycloneDX" || len(want) < 10 || !slices.Equal(listed, want) {
		t.Errorf("%s lists %v, want %v", bom.BOMFormat, listed, want)
	}
}

// checkSums requires a right checksum for every file that people download.
func checkSums(t *testing.T, dist, sums string) {
	t.Helper()
	var names []string
	for line := range strings.Lines(sums) {
		f := strings.Fields(line)
		names = append(names, filepath.Ext(f[1]))
		if sum([]byte(textfile.Read(t, filepath.Join(dist, f[1])))) != f[0] {
			t.Errorf("the checksum of %s is wrong", f[1])
		}
	}
	slices.Sort(names)
	if want := []string{".apk", ".deb", ".gz", ".json", ".rpm"}; !slices.Equal(names, want) {
		t.Errorf("checksums of %v, want %v", names, want)
	}
}

// the returns the one file of a pattern.
func the(t *testing.T, dist, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dist, "waymark"+pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v, %v", pattern, found, err)
	}
	return found[0]
}

// checkNames requires the files of a package to be those wanted.
func checkNames(t *testing.T, name string, files map[string]file, want []string) {
	t.Helper()
	for path := range files {
		if !slices.Contains(want, path) {
			t.Errorf("the %s has %s", name, path)
		}
	}
	for _, path := range want {
		if _, ok := files[path]; !ok {
			t.Errorf("the %s lacks %s", name, path)
		}
	}
}

func sum(raw []byte) string { return fmt.Sprintf("%x", sha256.Sum256(raw)) }
