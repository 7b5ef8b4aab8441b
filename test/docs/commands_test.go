//go:build linux

package docs

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// tools are the commands that the guides use, with Debian's packages for them.
func tools() map[string]string {
	return map[string]string{
		"bash": "bash", "curl": "curl", "openssl": "openssl", "grep": "grep", "sed": "sed", "jq": "jq",
	}
}

// made is the folder for what is built once for all tests.
var made string

// waymark builds the binary, and returns the folder that it is in.
var waymark = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("go", "build", "-o", filepath.Join(made, "waymark"), "../cmd/waymark")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return made, nil
})

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run lets more sections run at once than there are processors: most of the
// time they wait.
func run(m *testing.M) int {
	flag.Parse()
	if err := os.Chdir("../../docs"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var err error
	if made, err = os.MkdirTemp("", "waymark-docs"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	status := m.Run()
	if err := os.RemoveAll(made); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// stage is where one section is run.
type stage struct {
	dir     string
	env     []string
	before  string   // what is run before the blocks
	replace []string // pairs of old and new, for addresses that are not free
}

// TestCommands runs every section of every guide, as the guide says it.
func TestCommands(t *testing.T) {
	for program, pkg := range tools() {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: apt-get install %s", program, pkg)
		}
	}
	bin, err := waymark()
	if err != nil {
		t.Fatal(err)
	}
	prepared := preparations()
	for _, page := range guides() {
		if _, there := elsewhere()[page]; there {
			continue
		}
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			for _, w := range walks(t, page) {
				prepare := prepared[page+" "+w.title]
				t.Run(w.title, func(t *testing.T) {
					t.Parallel()
					s := newStage(t, bin)
					if prepare != nil {
						prepare(t, &s)
					}
					s.run(t, page, w.blocks)
				})
			}
		})
	}
}

// TestPreparations finds those for sections that are called otherwise by now.
func TestPreparations(t *testing.T) {
	there := map[string]bool{}
	for _, page := range guides() {
		for _, w := range walks(t, page) {
			there[page+" "+w.title] = true
		}
	}
	for what := range preparations() {
		if !there[what] {
			t.Errorf("there is no section %s", what)
		}
	}
}

// port matches the ports of the guides, which may be taken on this machine.
var port = regexp.MustCompile(`:(8080|8081|8443|9090|9091)\b`)

// newStage makes an empty folder, in a shell that knows nothing of the user's.
func newStage(t *testing.T, bin string) stage {
	t.Helper()
	dir := t.TempDir()
	return stage{dir: dir, env: []string{
		"PATH=" + bin + ":" + os.Getenv("PATH") + ":/usr/sbin",
		"HOME=" + dir, "LC_ALL=C.UTF-8", "TZ=UTC",
	}}
}

// patience is how long a section may take, on a busy machine. Most take some
// seconds.
const patience = 2 * time.Minute

// run runs the blocks in one shell, which ends at the first command that fails,
// and compares what they print.
func (s *stage) run(t *testing.T, page string, blocks []block) {
	t.Helper()
	mark := func(line int) string { return fmt.Sprintf("=== line %d ===", line) }
	var script strings.Builder
	script.WriteString(s.before)
	for _, b := range blocks {
		if b.kind == "sh" {
			fmt.Fprintf(&script, "echo '%s'\n%s", mark(b.line), b.text)
		}
	}
	free := map[string]string{}
	text := port.ReplaceAllStringFunc(script.String(), func(p string) string {
		if free[p] == "" {
			free[p] = ":" + freePort(t)
		}
		return free[p]
	})
	text = strings.NewReplacer(s.replace...).Replace(text)
	out, errs, err := s.try(t, text)
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", page, err, out, errs)
	}
	for i, b := range blocks {
		if b.kind != "text" {
			continue
		}
		_, printed, _ := strings.Cut(out, mark(blocks[i-1].line)+"\n")
		printed, _, _ = strings.Cut(printed, "=== line ")
		back := make([]string, 0, 2*len(free))
		for documented, here := range free {
			back = append(back, here, documented)
		}
		if printed = strings.NewReplacer(back...).Replace(printed); !fits(b.text, printed) {
			t.Errorf("%s:%d: printed is\n%s\n%s", page, b.line, printed, errs)
		}
	}
}

// try runs a script, which ends at the first command that fails.
func (s *stage) try(t *testing.T, script string) (stdout, stderr string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "section.sh")
	write(t, path, "set -euo pipefail\n"+script)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return s.shell(ctx, path)
}

// shell runs a script with all that it starts in a group of its own, and ends
// what is left of the group.
func (s *stage) shell(ctx context.Context, path string) (stdout, stderr string, err error) {
	files := [2]*os.File{} // and no pipes, which a server would keep open
	for i := range files {
		if files[i], err = os.Create(fmt.Sprintf("%s.%d", path, i+1)); err != nil {
			return "", "", err
		}
		defer func() { _ = files[i].Close() }()
	}
	cmd := exec.Command("bash", path)
	cmd.Dir, cmd.Env = s.dir, s.env
	cmd.Stdout, cmd.Stderr = files[0], files[1]
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return "", "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = ctx.Err()
	}
	// The group may be gone by now.
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	var read [2][]byte
	for i := range files {
		said, readErr := os.ReadFile(files[i].Name())
		if readErr != nil {
			return "", "", readErr
		}
		read[i] = bytes.TrimSpace(said)
	}
	return string(read[0]), string(read[1]), err
}

// fits reports whether a text is what the guide says; "…" stands for any part
// of a line, and alone for any lines.
func fits(documented, printed string) bool {
	var form strings.Builder
	form.WriteString(`\A`)
	for line := range strings.SplitSeq(strings.TrimSpace(documented), "\n") {
		if strings.TrimSpace(line) == "…" {
			form.WriteString(`(.*\n)*?`)
			continue
		}
		parts := strings.Split(strings.TrimSpace(line), "…")
		for i, p := range parts {
			parts[i] = regexp.QuoteMeta(p)
		}
		form.WriteString(`[ \t]*` + strings.Join(parts, `.*`) + `[ \t]*\n`)
	}
	form.WriteString(`\z`)
	return regexp.MustCompile(form.String()).MatchString(strings.TrimSpace(printed) + "\n")
}

func TestFits(t *testing.T) {
	const printed = "one\n  two 2\nthree\n"
	for documented, want := range map[string]bool{
		"one\ntwo 2\nthree": true,
		"one\n…\nthree":     true,
		"…\ntwo …\n…":       true,
		"…\ntwo 2":          false,
		"two 2\nthree":      false,
		"…\nthree\none":     false,
		"…\nfour\n…":        false,
		"…":                 true,
	} {
		if got := fits(documented, printed); got != want {
			t.Errorf("%q: %t", documented, got)
		}
	}
}

// nextPort is where the search for a free port goes on. It stays below the
// ports that the system gives to whoever asks for any.
var nextPort = func() *atomic.Int32 {
	var next atomic.Int32
	next.Store(20_000 + rand.Int32N(5_000))
	return &next
}()

// freePort returns a port that nobody has, and never the same one again.
func freePort(t *testing.T) string {
	t.Helper()
	for range 1_000 {
		p := strconv.Itoa(int(nextPort.Add(1)))
		if l, err := net.Listen("tcp", "127.0.0.1:"+p); err == nil {
			_ = l.Close()
			return p
		}
	}
	t.Fatal("there is no free port")
	return ""
}
