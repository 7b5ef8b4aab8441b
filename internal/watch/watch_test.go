package watch

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// tally receives a value for each call of onChange.
type tally chan struct{}

func (c tally) called() { c <- struct{}{} }

func (c tally) want(t *testing.T, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(10 * time.Second):
		t.Fatalf("not noticed: %s", what)
	}
}

// wantNothing waits longer than a change takes to be told. It can only miss a
// fault, never see one that is not there.
func (c tally) wantNothing(t *testing.T) {
	t.Helper()
	select {
	case <-c:
		t.Fatal("told although nothing changed")
	case <-time.After(3 * settle):
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func watched(t *testing.T, paths ...string) (*Watcher, tally) {
	t.Helper()
	calls := make(tally, 100)
	w, err := Files(paths, calls.called)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	return w, calls
}

func TestAFileWrittenInPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	write(t, file, "1")
	_, calls := watched(t, file)
	write(t, file, "2")
	calls.want(t, "a file written in place")
}

func TestAFileReplacedByRenaming(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a")
	write(t, file, "1")
	_, calls := watched(t, file)
	for i := range 3 { // a watch on the file itself would end with the first
		write(t, filepath.Join(dir, "new"), strconv.Itoa(i+2))
		must(t, os.Rename(filepath.Join(dir, "new"), file))
		calls.want(t, "replacement "+strconv.Itoa(i))
	}
}

func TestAFileThatAppearsAndGoes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	_, calls := watched(t, file)
	write(t, file, "1")
	calls.want(t, "a new file")
	must(t, os.Remove(file))
	calls.want(t, "a removed file")
}

// TestKubernetesVolume pins how mounted ConfigMaps and Secrets change: the
// file is a link through a directory link, and the latter is exchanged.
func TestKubernetesVolume(t *testing.T) {
	dir := t.TempDir()
	publish := func(version, text string) {
		must(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		write(t, filepath.Join(dir, version, "a"), text)
		must(t, os.Symlink(version, filepath.Join(dir, "..tmp")))
		must(t, os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data")))
	}
	publish("..v1", "1")
	must(t, os.Symlink("..data/a", filepath.Join(dir, "a")))
	_, calls := watched(t, filepath.Join(dir, "a"))
	publish("..v2", "2")
	must(t, os.RemoveAll(filepath.Join(dir, "..v1")))
	calls.want(t, "the second version")
	publish("..v3", "3")
	calls.want(t, "the third version")
}

// TestALinkIntoAnotherDirectory pins how certbot publishes certificates: a
// link whose target directory holds numbered files.
func TestALinkIntoAnotherDirectory(t *testing.T) {
	live, archive := t.TempDir(), t.TempDir()
	link, target := filepath.Join(live, "cert.pem"), filepath.Join(archive, "cert1.pem")
	write(t, target, "1")
	must(t, os.Symlink(target, link))
	_, calls := watched(t, link)
	write(t, target, "2")
	calls.want(t, "a change of what the link leads to")
}

func TestOtherFilesOfADirectoryAreNoChange(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a")
	write(t, file, "1")
	_, calls := watched(t, file)
	write(t, filepath.Join(dir, "b"), "busy")
	write(t, file, "1") // touched, but the same
	calls.wantNothing(t)
}

func TestManyWritesAreOneChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	write(t, file, "0")
	_, calls := watched(t, file)
	for i := range 50 {
		write(t, file, strconv.Itoa(i+1))
	}
	calls.want(t, "the writes")
	calls.wantNothing(t)
}

func TestReplace(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	write(t, one, "1")
	write(t, two, "1")
	w, calls := watched(t, one)
	must(t, w.Replace([]string{two}))
	write(t, one, "2")
	calls.wantNothing(t)
	write(t, two, "2")
	calls.want(t, "the file watched now")
}

func TestADirectoryThatIsNotThere(t *testing.T) {
	if _, err := Files([]string{filepath.Join(t.TempDir(), "none", "a")}, func() {}); err == nil {
		t.Error("no error")
	}
}

func TestCloseEndsTheCalls(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	calls := make(tally, 100)
	w, err := Files([]string{file}, calls.called)
	must(t, err)
	write(t, file, "1")
	must(t, w.Close())
	for len(calls) > 0 {
		<-calls
	}
	write(t, file, "2")
	calls.wantNothing(t)
}
