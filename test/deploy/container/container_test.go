package container

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// TestMain runs the tests in the folder whose files they check.
func TestMain(m *testing.M) { os.Exit(textfile.RunIn(m, "../../../deploy/container")) }

// nobody is the user that the image runs as.
const nobody = 65532

// TestPrebuilt builds the image around an existing binary.
func TestPrebuilt(t *testing.T) {
	b := newBuilder(t)
	context := filepath.Join(t.TempDir(), "context")
	programs.Output(t, exec.Command("./context", waymark.Binary(t), context))
	b.run(t, "bud", "--isolation", "chroot", "--format", "docker", "--target", "prebuilt", "-f", "../../Dockerfile", "-t", "waymark", context)
	b.checkImage(t)
}

// TestFromSource builds the image as the Dockerfile does without a target. In
// the place of the image with Go, which is far away, it gets one with this Go
// and this machine's modules.
func TestFromSource(t *testing.T) {
	b := newBuilder(t)
	busybox := programs.Need(t, "busybox", "busybox-static")
	goImage := t.TempDir()
	textfile.Write(t, filepath.Join(goImage, "Dockerfile"), `FROM scratch
COPY busybox /bin/busybox
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -m 1777 /tmp
ENV PATH=/usr/local/go/bin:/bin GOPATH=/go GOCACHE=/cache GOFLAGS=-modcacherw GOTOOLCHAIN=local HOME=/
`)
	programs.Output(t, exec.Command("cp", busybox, filepath.Join(goImage, "busybox")))
	programs.Output(t, exec.Command("cp", "/etc/ssl/certs/ca-certificates.crt", goImage))
	b.run(t, "bud", "--isolation", "chroot", "-t", "localhost/go", goImage)
	goEnv := func(name string) string {
		return strings.TrimSpace(programs.Output(t, exec.Command("go", "env", name)))
	}
	b.run(t, "bud", "--isolation", "chroot", "--format", "docker", "--build-arg", "GO_IMAGE=localhost/go",
		"--volume", goEnv("GOROOT")+":/usr/local/go:ro", "--volume", goEnv("GOMODCACHE")+":/go/pkg/mod", "--volume", goEnv("GOCACHE")+":/cache",
		"-f", "../../Dockerfile", "-t", "waymark", "../..")
	b.checkImage(t)
}

// TestLint runs a linter on the Dockerfile.
func TestLint(t *testing.T) {
	lint := programs.Need(t, "dockerfile-utils", "npm, then npm install -g dockerfile-utils@0.16.3")
	if out := programs.Output(t, exec.Command(lint, "lint", "../../Dockerfile")); strings.TrimSpace(out) != "" {
		t.Error(out)
	}
}

// builder is buildah with a store of its own.
type builder struct {
	program string
	flags   []string
}

func newBuilder(t *testing.T) builder {
	t.Helper()
	program := programs.Need(t, "buildah", "buildah")
	programs.NeedRoot(t, "change the owners of files and the root folder")
	dir := t.TempDir()
	b := builder{program, []string{"--storage-driver", "vfs", "--root", filepath.Join(dir, "root"), "--runroot", filepath.Join(dir, "runroot")}}
	t.Cleanup(func() { b.run(t, "rm", "--all") })
	return b
}

func (b builder) run(t *testing.T, args ...string) string {
	t.Helper()
	return programs.Output(t, exec.Command(b.program, append(slices.Clone(b.flags), args...)...))
}

// image is the metadata of an image.
type image struct {
	Docker struct {
		Config struct {
			User         string
			Env          []string
			Entrypoint   []string
			Cmd          []string
			ExposedPorts map[string]struct{}
			Volumes      map[string]struct{}
			Labels       map[string]string
			Healthcheck  struct {
				Test                           []string
				Interval, Timeout, StartPeriod time.Duration
			}
		} `json:"config"`
	}
}

// checkImage compares the image "waymark" with its documents.
func (b builder) checkImage(t *testing.T) {
	t.Helper()
	var img image
	if err := json.Unmarshal([]byte(b.run(t, "inspect", "--type", "image", "waymark")), &img); err != nil {
		t.Fatal(err)
	}
	cfg := img.Docker.Config
	for what, pair := range map[string][2]any{
		"user":        {cfg.User, "65532:65532"},
		"command":     {fmt.Sprint(cfg.Entrypoint, cfg.Cmd), "[/waymark] [serve -c /etc/waymark/waymark.yaml]"},
		"healthcheck": {fmt.Sprint(cfg.Healthcheck.Test), "[CMD /waymark healthcheck -c /etc/waymark/waymark.yaml]"},
		"its times":   {fmt.Sprint(cfg.Healthcheck.Interval, cfg.Healthcheck.Timeout, cfg.Healthcheck.StartPeriod), "30s 5s 10s"},
		"ports":       {fmt.Sprint(cfg.ExposedPorts), "map[8080/tcp:{}]"},
		"volumes":     {fmt.Sprint(cfg.Volumes), "map[/var/lib/waymark:{}]"},
		"state":       {slices.Contains(cfg.Env, "STATE_DIRECTORY=/var/lib/waymark"), true},
		"title":       {cfg.Labels["org.opencontainers.image.title"], "Waymark"},
		"source":      {cfg.Labels["org.opencontainers.image.source"], "https://github.com/waymark-mail/waymark"},
		"licence":     {cfg.Labels["org.opencontainers.image.licenses"], "MIT"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
		}
	}
	if cfg.Labels["org.opencontainers.image.description"] == "" {
		t.Error("no description")
	}
	container := strings.TrimSpace(b.run(t, "from", "waymark"))
	root := strings.TrimSpace(b.run(t, "mount", container))
	checkFiles(t, root)
	checkRuns(t, root, img)
}

// checkFiles allows only known files in the image, of which its user may change
// nothing but the state directory.
func checkFiles(t *testing.T, root string) {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, root)
		if !d.IsDir() {
			found = append(found, name)
		}
		state := strings.HasPrefix(name, "/var")
		if owner := info.Sys().(*syscall.Stat_t).Uid; !state && (owner == nobody || info.Mode().Perm()&0o022 != 0) {
			t.Errorf("%s of user %d is %s", name, owner, info.Mode())
		} else if name == "/var/lib/waymark" && (owner != nobody || info.Mode().Perm() != 0o700) {
			t.Errorf("the state of user %d is %s", owner, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"/etc/ssl/certs/ca-certificates.crt", "/waymark"}; !slices.Equal(found, want) {
		t.Errorf("files %v, want %v", found, want)
	}
	if n := strings.Count(textfile.Read(t, filepath.Join(root, "etc/ssl/certs/ca-certificates.crt")), "BEGIN CERTIFICATE"); n < 50 {
		t.Errorf("found only %d certificate authorities", n)
	}
}

// checkRuns runs the image's own command, in the image, as its user.
func checkRuns(t *testing.T, root string, img image) {
	t.Helper()
	cfg := img.Docker.Config
	ops, public := "127.0.0.1:"+programs.FreePort(t), "127.0.0.1:"+programs.FreePort(t)
	settings := textfile.Read(t, "../../examples/selfhosted.yaml")
	settings = strings.NewReplacer(`":8080"`, `"`+public+`"`, "127.0.0.1:9090", ops).Replace(settings)
	inside := func(args []string) (*exec.Cmd, *bytes.Buffer) {
		said := &bytes.Buffer{}
		return &exec.Cmd{
			Path: args[0], Args: args, Env: cfg.Env, Dir: "/", Stdout: said, Stderr: said,
			SysProcAttr: &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}},
		}, said
	}
	unmounted, said := inside(append(slices.Clone(cfg.Entrypoint), cfg.Cmd...))
	if err := unmounted.Run(); unmounted.ProcessState.ExitCode() != 2 || !strings.Contains(said.String(), "/etc/waymark/waymark.yaml") {
		t.Errorf("without a settings file it ended with %v\n%s", err, said)
	}
	if err := os.Mkdir(filepath.Join(root, "etc/waymark"), 0o755); err != nil {
		t.Fatal(err)
	}
	textfile.Write(t, filepath.Join(root, "etc/waymark/waymark.yaml"), settings)
	healthy := func() bool {
		check, _ := inside(cfg.Healthcheck.Test[1:])
		return check.Run() == nil
	}
	if healthy() {
		t.Error("the health check passes before Waymark runs")
	}
	serve, said := inside(append(slices.Clone(cfg.Entrypoint), cfg.Cmd...))
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !healthy(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("the health check never passes")
			break
		}
	}
	if resp, err := http.Get("http://" + public + "/mail/config-v1.1.xml?emailaddress=anna@example.org"); err != nil {
		t.Error(err)
	} else {
		body, err := io.ReadAll(resp.Body)
		if err != nil || !strings.Contains(string(body), "<hostname>imap.example.org</hostname>") {
			t.Errorf("%v\n%s", err, body)
		}
		_ = resp.Body.Close()
	}
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := serve.Wait(); err != nil {
		t.Errorf("it ended with %v\n%s", err, said)
	}
	if made, err := os.ReadDir(filepath.Join(root, "var/lib/waymark")); err != nil || len(made) == 0 {
		t.Errorf("the state directory has no signing identity: %v", err)
	}
}
