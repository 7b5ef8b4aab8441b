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
	if want := slices.Sorted(maps.Keys(wanted("vendor-completions"))); !slices.Equal(slices.Sorted(maps.Keys(deb)), want) {
		t.Errorf("the deb has\n%s, want\n%s", lines(deb), strings.Join(want, "\n"))
	}
	checkFiles(t, root)
	checkContents(t, the(t, dist, "*.cdx.json"), filepath.Join(root, "usr/bin/waymark"))

	others := wanted("site-functions")
	for name, files := range map[string]map[string]file{"rpm": rpm(t, the(t, dist, "*.rpm")), "apk": apk(t, the(t, dist, "*.apk"))} {
		if want := slices.Sorted(maps.Keys(others)); !slices.Equal(slices.Sorted(maps.Keys(files)), want) {
			t.Errorf("the %s has\n%s, want\n%s", name, lines(files), strings.Join(want, "\n"))
			continue
		}
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
func wanted(zsh string) map[string]string {
	return map[string]string{
		"/usr/bin/waymark":                                  "",
		"/etc/waymark/waymark.yaml":                         "examples/selfhosted.yaml",
		"/usr/lib/systemd/system/waymark.service":           "deploy/systemd/waymark.service",
		"/usr/lib/systemd/system/waymark.socket":            "deploy/systemd/waymark.socket",
		"/usr/lib/systemd/system/waymark-https.socket":      "deploy/systemd/waymark-https.socket",
		"/usr/share/man/man1/waymark.1.gz":                  "",
		"/usr/share/bash-completion/completions/waymark":    "",
		"/usr/share/zsh/" + zsh + "/_waymark":               "",
		"/usr/share/fish/vendor_completions.d/waymark.fish": "",
		"/usr/share/doc/waymark/copyright":                  "LICENSE",
		"/usr/share/doc/waymark/examples/infomaniak.yaml":   "examples/infomaniak.yaml",
		"/usr/share/doc/waymark/examples/hosting.yaml":      "examples/hosting.yaml",
	}
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
	for path, source := range wanted("vendor-completions") {
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
	if got := programs.Output(t, exec.Command(binary, "check", "--strict", "-c", filepath.Join(root, "etc/waymark/waymark.yaml"))); !strings.Contains(got, "is fine: 1 domains") {
		t.Errorf("the settings: %s", got)
	}
	revision := strings.TrimSpace(programs.Output(t, exec.Command("git", "rev-parse", "HEAD")))
	if got := programs.Output(t, exec.Command(binary, "version")); !strings.Contains(got, revision) {
		t.Errorf("the version is %s, want %s in it", got, revision)
	}
	page := filepath.Join(root, "usr/share/man/man1/waymark.1.gz")
	programs.Output(t, exec.Command("mandoc", "-Tlint", "-Wwarning", page))
	manual := programs.Output(t, exec.Command("mandoc", "-Tascii", "-Owidth=200", page))
	for _, want := range []string{"--strict", "waymark serve", "waymark import ispdb FILE|FOLDER...", "waymark dns example.com --host waymark.example.net"} {
		if !strings.Contains(plain(manual), want) {
			t.Errorf("waymark(1) has no %q", want)
		}
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
	want := []string{
		"/LICENSE", "/README.md", "/completions/waymark.bash", "/completions/waymark.fish", "/completions/waymark.zsh",
		"/examples/hosting.yaml", "/examples/infomaniak.yaml", "/examples/selfhosted.yaml", "/man/waymark.1.gz", "/waymark",
	}
	if got := slices.Sorted(maps.Keys(all)); !slices.Equal(got, want) {
		t.Errorf("the archive has\n%s, want\n%s", lines(all), strings.Join(want, "\n"))
	}
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

func lines(files map[string]file) string {
	return strings.Join(slices.Sorted(maps.Keys(files)), "\n")
}

func sum(raw []byte) string { return fmt.Sprintf("%x", sha256.Sum256(raw)) }
