package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

// maintainer is a clone of the tree with an origin, and programs that record what
// would be built and published.
type maintainer struct {
	clone, origin, told string
	env                 []string
}

func newMaintainer(t *testing.T) maintainer {
	t.Helper()
	programs.Need(t, "git", "git")
	dir := t.TempDir()
	m := maintainer{clone: filepath.Join(dir, "clone"), origin: filepath.Join(dir, "origin"), told: filepath.Join(dir, "told")}
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	record := "#!/bin/sh\necho \"${0##*/} $*\" >>" + m.told + "\n"
	for name, script := range map[string]string{
		"goreleaser": record + "[ ! -e " + m.told + ".broken ] || exit 1\nmkdir -p dist/waymark_linux_amd64_v1 dist/waymark_linux_arm64_v8.0\nfor d in dist/*/; do echo >$d/waymark; done\n",
		"buildah":    record,
		"gpg":        "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\nprintf -- '-----BEGIN PGP SIGNATURE-----\\n'\n",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "GITHUB_TOKEN=secret", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=Anna", "GIT_AUTHOR_EMAIL=anna@example.org", "GIT_COMMITTER_NAME=Anna", "GIT_COMMITTER_EMAIL=anna@example.org")
	copyTree(t, filepath.Join("..", ".."), m.clone)
	m.git(t, "checkout", "--quiet", "-B", "main")
	m.edit(t, "CHANGELOG.md", "## [Unreleased]\n", "## [Unreleased]\n\n## [9.8.7] - 2031-01-31\n")
	m.git(t, "config", "gpg.program", filepath.Join(bin, "gpg"))
	m.git(t, "init", "--quiet", "--bare", m.origin)
	m.git(t, "remote", "set-url", "origin", m.origin)
	m.git(t, "push", "--quiet", "origin", "main")
	return m
}

func (m maintainer) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = m.clone, m.env
	return strings.TrimSpace(programs.Output(t, cmd))
}

// edit replaces text in a file and commits that with everything else.
func (m maintainer) edit(t *testing.T, file, before, after string) {
	t.Helper()
	path := filepath.Join(m.clone, file)
	textfile.Write(t, path, strings.Replace(textfile.Read(t, path), before, after, 1))
	m.git(t, "add", "--all")
	m.git(t, "commit", "--quiet", "--message", "Edit "+file)
}

func (m maintainer) release(version string) (string, error) {
	cmd := exec.Command("tools/release/release", version)
	cmd.Dir, cmd.Env = m.clone, m.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// published returns the tags of the origin.
func (m maintainer) published(t *testing.T) string {
	t.Helper()
	return m.git(t, "ls-remote", "--tags", "origin")
}

// TestPublish publishes a version with the one command of docs/releasing.md.
func TestPublish(t *testing.T) {
	m := newMaintainer(t)
	if err := os.WriteFile(m.told+".broken", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := m.release("9.8.7"); err == nil || !strings.Contains(said, "nothing was published") || m.published(t) != "" || m.git(t, "tag") != "" {
		t.Errorf("with a build that fails: %v\n%s", err, said)
	}
	for _, path := range []string{m.told, m.told + ".broken"} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	said, err := m.release("9.8.7")
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if !strings.Contains(m.published(t), "refs/tags/v9.8.7") || m.git(t, "rev-parse", "v9.8.7^{commit}") != m.git(t, "ls-remote", "origin", "main")[:40] {
		t.Errorf("the origin has\n%s", m.git(t, "ls-remote", "origin"))
	}
	if all := versions(t, m.clone); !slices.Equal(all, []string{"9.8.7"}) || m.git(t, "status", "--porcelain") != "" {
		t.Errorf("the versions are %v", all)
	}
	var told []string
	for line := range strings.Lines(textfile.Read(t, m.told)) {
		words := strings.Fields(line)
		told = append(told, strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "--quiet" })[:3], " "))
	}
	want := []string{
		"buildah login --get-login", "goreleaser release --clean", "buildah manifest rm", "buildah manifest create", "buildah bud --platform", "buildah bud --platform",
		"buildah manifest push", "buildah manifest push", "goreleaser release --clean",
	}
	if !slices.Equal(told, want) {
		t.Errorf("it ran\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
	m.edit(t, "README.md", "# Waymark", "# Waymark!")
	if said, err := m.release("9.8.7"); err == nil || !strings.Contains(said, "the tag v9.8.7 exists") {
		t.Errorf("once more: %v\n%s", err, said)
	}
}

// TestPublishRefuses shows what keeps the command from publishing.
func TestPublishRefuses(t *testing.T) {
	m := newMaintainer(t)
	refused := func(version, want string) {
		t.Helper()
		if said, err := m.release(version); err == nil || !strings.Contains(said, want) || m.published(t) != "" {
			t.Errorf("%v\n%s\nwant %q", err, said, want)
		}
	}
	refused("v9", "usage: tools/release/release 1.2.3")
	refused("9.8.6", "CHANGELOG.md has no section [9.8.6] with a date")
	textfile.Write(t, filepath.Join(m.clone, "new"), "text\n")
	refused("9.8.7", "there are changes that are not committed")
	m.edit(t, "README.md", "# Waymark", "# Waymark!")
	m.git(t, "push", "--quiet", "origin", "main")
	m.git(t, "reset", "--quiet", "--hard", "HEAD^")
	refused("9.8.7", "origin/main has other commits")
	m.git(t, "checkout", "--quiet", "-b", "other")
	refused("9.8.7", "this is not the branch main")
	m.env = append(m.env, "GITHUB_TOKEN=")
	refused("9.8.7", "GITHUB_TOKEN is not set")
}

// TestGoInstall installs the program as README.md does, from a folder in the place
// of the module proxy. The other modules come from this machine.
func TestGoInstall(t *testing.T) {
	programs.Need(t, "git", "git")
	dir := t.TempDir()
	tree, proxy, bin := filepath.Join(dir, "tree"), filepath.Join(dir, "proxy"), filepath.Join(dir, "bin")
	copyTree(t, filepath.Join("..", ".."), tree)
	git := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-c", "user.name=Anna", "-c", "user.email=anna@example.org"}, args...)...)
		cmd.Dir = tree
		programs.Output(t, cmd)
	}
	git("add", "--all")
	git("commit", "--quiet", "--allow-empty", "--message", "all")
	const module, version = "github.com/waymark-mail/waymark", "v1.2.3"
	at := filepath.Join(proxy, module, "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	git("archive", "--format=zip", "--prefix="+module+"@"+version+"/", "--output="+filepath.Join(at, version+".zip"), "HEAD", "--", ":(exclude)tools")
	textfile.Write(t, filepath.Join(at, "list"), version+"\n")
	textfile.Write(t, filepath.Join(at, version+".info"), `{"Version": "`+version+`", "Time": "2031-01-31T12:00:00Z"}`)
	textfile.Write(t, filepath.Join(at, version+".mod"), textfile.Read(t, filepath.Join(tree, "go.mod")))

	modules := strings.TrimSpace(programs.Output(t, exec.Command("go", "env", "GOMODCACHE")))
	install := exec.Command("go", "install", module+"/cmd/waymark@latest")
	install.Dir = dir
	install.Env = append(os.Environ(), "GOPROXY=file://"+proxy+",file://"+modules+"/cache/download", "GONOSUMDB=*", "GONOSUMCHECK=1", "GOFLAGS=-modcacherw -trimpath",
		"GOMODCACHE="+filepath.Join(dir, "modules"), "GOBIN="+bin, "CGO_ENABLED=0")
	programs.Output(t, install)
	if said := programs.Output(t, exec.Command(filepath.Join(bin, "waymark"), "version")); !strings.HasPrefix(said, "waymark "+version+" ") {
		t.Errorf("the version is %s", said)
	}
}
