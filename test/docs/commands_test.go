//go:build linux

package docs

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/waymark"
)

// stage is where one section is run.
type stage struct {
	dir     string
	env     []string
	before  string   // run before the blocks
	replace []string // pairs of old and new, for addresses that are not free
}

// timing is how long the sections of a page take.
type timing struct {
	mu       sync.Mutex
	sections int
	longest  time.Duration
	slowest  string        // the title of the section that takes longest
	all      time.Duration // as if a reader followed one after the other
}

func (m *timing) add(title string, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sections++
	m.all += took
	if took > m.longest {
		m.longest, m.slowest = took, title
	}
}

// quick is how long a reader may need from the first to the last command of a
// section, including everything before it that the section needs.
const quick = 5 * time.Minute

// TestCommands runs every section of every page, and prints how long each page
// takes and how many of its commands are only shown.
func TestCommands(t *testing.T) {
	for _, program := range []string{"bash", "curl", "openssl", "grep", "sed", "jq"} {
		programs.Need(t, program, program)
	}
	for _, page := range guides(t) {
		if sections(t, page)[0].moved {
			continue
		}
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			var took timing
			t.Cleanup(func() { // when all sections have ended
				if took.sections == 0 {
					return
				}
				only := "every command is run"
				if n := len(commands(t, page)); n > 0 {
					only = fmt.Sprintf("%d commands are only shown", n)
				}
				t.Logf("%s: %d sections in %v, the longest (%q) in %v; %s",
					page, took.sections, took.all.Round(time.Second/10), took.slowest, took.longest.Round(time.Second/10), only)
				if took.longest > quick {
					t.Errorf("%q takes %v, more than %v", took.slowest, took.longest, quick)
				}
			})
			for _, w := range walks(t, page) {
				t.Run(w.title, func(t *testing.T) {
					t.Parallel()
					s := newStage(t)
					for _, name := range w.with {
						prepare := preparations()[name]
						if prepare == nil {
							t.Fatalf("nothing is called %s", name)
						}
						prepare(t, &s)
					}
					started := time.Now()
					defer func() { took.add(w.title, time.Since(started)) }()
					s.run(t, page, w.blocks)
				})
			}
		})
	}
}

// port matches the ports of the guides, which may be taken on this machine.
var port = regexp.MustCompile(`:(8080|8081|8443|9090|9091)\b`)

// newStage makes an empty folder, and an environment without the user's settings.
func newStage(t *testing.T) stage {
	t.Helper()
	dir, bin := t.TempDir(), t.TempDir()
	if err := os.Symlink(waymark.Binary(t), filepath.Join(bin, "waymark")); err != nil {
		t.Fatal(err)
	}
	return stage{dir: dir, env: []string{
		"PATH=" + bin + ":" + os.Getenv("PATH") + ":/usr/sbin",
		"HOME=" + dir, "LC_ALL=C.UTF-8", "TZ=UTC",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
	}}
}

// patience is how long a section may take on a busy machine. Most take seconds.
const patience = 2 * time.Minute

// terminals keeps servers running in the background, as in a second terminal. A
// Waymark is started only once with the same arguments: the second one must fail.
const terminals = `set -euo pipefail
declare -A running
waymark() {
	if [ "${1-}" != serve ] || kill -0 "${running[$*]-none}" 2> /dev/null; then
		command waymark "$@"
		return
	fi
	command waymark "$@" &
	pid=$!
	running[$*]=$pid
	while kill -0 "$pid" 2> /dev/null; do
		command waymark healthcheck "${@:2}" > /dev/null 2>&1 && return
		sleep 0.05
	done
	wait "$pid"
}
caddy() {
	if [ "$1" = run ]; then command caddy "$@" 2> caddy.log & else command caddy "$@"; fi
}
`

// run runs the blocks in one shell and compares their output.
func (s *stage) run(t *testing.T, page string, blocks []block) {
	t.Helper()
	mark := func(line int) string { return fmt.Sprintf("=== line %d ===", line) }
	var script strings.Builder
	script.WriteString(s.before)
	for _, b := range blocks {
		verb, name, _ := strings.Cut(b.note, ": ")
		switch {
		case b.kind == "sh":
			fmt.Fprintf(&script, "echo '%s'\n%s", mark(b.line), b.text)
		case b.kind == "hidden":
			fmt.Fprintf(&script, "{\n%s} > /dev/null\n", b.text)
		case verb == "file" || verb == "append":
			fmt.Fprintf(&script, "cat %s '%s' <<'END OF FILE'\n%sEND OF FILE\n", map[string]string{"file": ">", "append": ">>"}[verb], name, b.text)
		}
	}
	free := map[string]string{}
	text := port.ReplaceAllStringFunc(script.String(), func(p string) string {
		if free[p] == "" {
			free[p] = ":" + programs.FreePort(t)
		}
		return free[p]
	})
	out, errs, err := s.try(t, strings.NewReplacer(s.replace...).Replace(text))
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

// try runs a script with all that it starts in a process group of its own, and
// ends what is left of the group.
func (s *stage) try(t *testing.T, script string) (stdout, stderr string, err error) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "section.sh"), terminals+script)
	files := [2]*os.File{} // pipes would be kept open by a server
	for i := range files {
		if files[i], err = os.Create(filepath.Join(dir, strconv.Itoa(i+1))); err != nil {
			return "", "", err
		}
		defer func() { _ = files[i].Close() }()
	}
	cmd := exec.Command("bash", filepath.Join(dir, "section.sh"))
	cmd.Dir, cmd.Env = s.dir, s.env
	cmd.Stdout, cmd.Stderr = files[0], files[1]
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return "", "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the group may be gone
	var output [2]string
	for i := range files {
		text, readErr := os.ReadFile(files[i].Name())
		if readErr != nil {
			return "", "", readErr
		}
		output[i] = string(bytes.TrimSpace(text))
	}
	return output[0], output[1], err
}

// fits reports whether printed text is what a page documents; "…" stands for
// any part of a line, and alone for any lines.
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
