package browser

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/programs"
)

// scripts steer the browser by Node.
type scripts struct {
	node, dir string
	input     map[string]any // the input of all of them
}

// newScripts puts the scripts beside the packages that they need, which are
// installed once for each package-lock.json, outside of the source tree.
func newScripts(t *testing.T) *scripts {
	t.Helper()
	chromium := programs.Need(t, "chromium", "chromium")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("scripts")); err != nil {
		t.Fatal(err)
	}
	modules := install(t, programs.Need(t, "npm", "npm"))
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return &scripts{node: findNode(t, modules), dir: dir, input: map[string]any{"chromium": chromium}}
}

// install returns the folder of the packages.
func install(t *testing.T, npm string) string {
	t.Helper()
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	place := filepath.Join(cache, "waymark-browser-tests", hex.EncodeToString(sum[:8]))
	modules := filepath.Join(place, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
		t.Fatal(err)
	}
	// It gets its name when it is complete: two tests may install at once.
	unfinished := fmt.Sprintf("%s-unfinished-%d", place, os.Getpid())
	if err := os.Mkdir(unfinished, 0o700); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(unfinished) }() // it is not there any more when all went well
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(unfinished, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = unfinished
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm cannot install the packages of package-lock.json: %v\n%s", err, out)
	}
	if err := os.Rename(unfinished, place); err != nil {
		if _, missing := os.Stat(modules); missing != nil {
			t.Fatal(err)
		}
	}
	return modules
}

// findNode prefers the Node that is pinned beside the other packages: Debian's is older
// than they want.
func findNode(t *testing.T, modules string) string {
	t.Helper()
	machine := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	pinned := filepath.Join(modules, "node-"+runtime.GOOS+"-"+machine, "bin", "node")
	if _, err := os.Stat(pinned); err == nil {
		return pinned
	}
	return programs.Need(t, "node", "nodejs (22 or newer)")
}

// lead resolves the name of the pages to an address on loopback, pins its key, and
// makes every other name unresolvable.
func (s *scripts) lead(at string, id certtest.Party) {
	s.input["origin"] = "https://" + setupHost
	s.input["resolver"] = "MAP " + setupHost + ":443 " + at + ", MAP * ~NOTFOUND"
	s.input["key"] = fingerprint(id)
}

// looked is what a script reports about one page.
type looked struct {
	Name     string
	Findings []string
	Texts    []string          // that people read
	Files    map[string]string // that were written, by what they are
	Weight   weight
	Screens  map[string]weight
}

// weight is what a browser loads for a page.
type weight struct {
	Bytes int
	Files []string // their paths
}

// clean requires that there are no findings.
func clean(t *testing.T, l looked) {
	t.Helper()
	for _, finding := range l.Findings {
		t.Error(finding)
	}
}

// run runs a script and makes a subtest of each thing that it looks at.
func (s *scripts) run(t *testing.T, script string, more map[string]any, look func(*testing.T, looked)) {
	t.Helper()
	told := map[string]any{"dir": t.TempDir()}
	for _, m := range []map[string]any{s.input, more} {
		for key, value := range m {
			told[key] = value
		}
	}
	input, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), s.node, filepath.Join(s.dir, script))
	cmd.Stdin = bytes.NewReader(input)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	count := 0
	for reader := bufio.NewReader(out); ; count++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		var l looked
		if err == nil {
			err = json.Unmarshal(line, &l)
		}
		if err != nil {
			t.Fatalf("%s: %v in %q", script, err, line)
		}
		t.Run(l.Name, func(t *testing.T) {
			look(t, l)
		})
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, &problems)
	}
	if count == 0 {
		t.Fatalf("%s checked nothing", script)
	}
}
