package watch

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// quiet is the settle time of the tests.
const quiet = 30 * time.Millisecond

// tally receives a value for each call of onChange.
type tally chan struct{}

func (c tally) called() { c <- struct{}{} }

func (c tally) want(t *testing.T, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("onChange was not called for %s", what)
	}
}

// wantNothing waits longer than a change takes to be reported. On a slow machine
// it may miss a fault, but it never reports a false one.
func (c tally) wantNothing(t *testing.T) {
	t.Helper()
	select {
	case <-c:
		t.Fatal("onChange was called although nothing changed")
	case <-time.After(5 * quiet):
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
	w, err := newWatcher(paths, nil, quiet, calls.called)
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

func TestAFileCreatedAndRemoved(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	_, calls := watched(t, file)
	write(t, file, "1")
	calls.want(t, "a new file")
	must(t, os.Remove(file))
	calls.want(t, "a removed file")
}

// TestKubernetesVolume changes a file as mounted ConfigMaps and Secrets do: it
// is a link through a directory link, and the latter is replaced.
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

// TestALinkIntoAnotherDirectory has the layout of certbot: a link whose target
// directory contains numbered files.
func TestALinkIntoAnotherDirectory(t *testing.T) {
	live, archive := t.TempDir(), t.TempDir()
	link, target := filepath.Join(live, "cert.pem"), filepath.Join(archive, "cert1.pem")
	write(t, target, "1")
	must(t, os.Symlink(target, link))
	_, calls := watched(t, link)
	write(t, target, "2")
	calls.want(t, "a change of the link target")
}

func TestOtherFilesOfADirectory(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a")
	write(t, file, "1")
	_, calls := watched(t, file)
	write(t, filepath.Join(dir, "b"), "busy")
	write(t, file, "1") // same content
	calls.wantNothing(t)
}

// TestABusyNeighbourDoesNotDelay pins that a change is reported while another
// file in the directory is written without a pause.
func TestABusyNeighbourDoesNotDelay(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a")
	write(t, file, "1")
	_, calls := watched(t, file)
	write(t, file, "2")
	for deadline := time.Now().Add(time.Minute); len(calls) == 0; {
		if time.Now().After(deadline) {
			t.Fatal("onChange was not called for a change beside a busy file")
		}
		write(t, filepath.Join(dir, "log"), "busy")
	}
}

func TestManyWritesAreFewChanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	write(t, file, "0")
	const writes = 200
	last := make(chan int, writes)
	calls := 0
	w, err := Files([]string{file}, nil, func() {
		calls++
		if data, err := os.ReadFile(file); err == nil && string(data) == strconv.Itoa(writes) {
			last <- calls
		}
	})
	must(t, err)
	defer func() { must(t, w.Close()) }()
	for i := range writes {
		write(t, file, strconv.Itoa(i+1))
	}
	select {
	case calls := <-last:
		if calls > writes/10 { // one, except on a machine that stalls
			t.Errorf("%d calls for %d writes", calls, writes)
		}
	case <-time.After(time.Minute):
		t.Fatal("onChange was not called after the last write")
	}
}

func TestReplace(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	write(t, one, "1")
	write(t, two, "1")
	w, calls := watched(t, one)
	must(t, w.Replace([]string{two}, nil))
	write(t, one, "2")
	calls.wantNothing(t)
	write(t, two, "2")
	calls.want(t, "the file watched now")
}

// TestReplaceReportsPendingChanges pins that a change between reading a file and
// Replace is reported: else its reader would keep the old content.
func TestReplaceReportsPendingChanges(t *testing.T) {
	kept, added := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	write(t, kept, "1")
	write(t, added, "1")
	w, calls := watched(t, kept)
	write(t, kept, "2")
	must(t, w.Replace([]string{added, kept}, nil))
	calls.want(t, "a change just before Replace")
	must(t, os.Remove(kept))
	must(t, w.Replace([]string{kept}, nil))
	calls.want(t, "a removal just before Replace")
	must(t, w.Replace([]string{kept, added}, nil))
	calls.wantNothing(t)
}

func TestReplaceFromOnChange(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	var w *Watcher
	ready, calls := make(chan struct{}), make(tally, 100)
	w, err := newWatcher([]string{one}, nil, quiet, func() {
		<-ready
		must(t, w.Replace([]string{two}, nil))
		calls.called()
	})
	must(t, err)
	close(ready)
	t.Cleanup(func() { must(t, w.Close()) })
	write(t, one, "1")
	calls.want(t, "the first file")
	write(t, two, "1")
	calls.want(t, "the second file")
}

func TestADirectoryCreatedLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "one", "two")
	_, calls := watched(t, filepath.Join(dir, "a"))
	must(t, os.MkdirAll(dir, 0o700))
	calls.wantNothing(t)
	write(t, filepath.Join(dir, "a"), "1")
	calls.want(t, "a file in a new directory")
}

func TestADirectoryReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "conf")
	publish := func(where, text string) {
		must(t, os.Mkdir(where, 0o700))
		write(t, filepath.Join(where, "a"), text)
	}
	publish(dir, "1")
	_, calls := watched(t, filepath.Join(dir, "a"))
	must(t, os.Rename(dir, dir+".old"))
	calls.want(t, "a directory moved away")
	publish(dir+".new", "2")
	must(t, os.Rename(dir+".new", dir))
	calls.want(t, "a directory moved here")
	must(t, os.RemoveAll(dir))
	calls.want(t, "a directory removed")
	publish(dir, "3")
	calls.want(t, "a directory created again")
	write(t, filepath.Join(dir, "a"), "4")
	calls.want(t, "a change in a directory created again")
}

// TestALinkFurtherUp has the layout of releases: the directory of the file is a
// link, which is replaced.
func TestALinkFurtherUp(t *testing.T) {
	dir := t.TempDir()
	publish := func(version, text string) {
		must(t, os.MkdirAll(filepath.Join(dir, "releases", version), 0o700))
		write(t, filepath.Join(dir, "releases", version, "a"), text)
		must(t, os.Symlink(filepath.Join("releases", version), filepath.Join(dir, "next")))
		must(t, os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, "current")))
	}
	publish("1", "one")
	_, calls := watched(t, filepath.Join(dir, "current", "a"))
	for i := range 3 {
		publish(strconv.Itoa(i+2), strconv.Itoa(i))
		calls.want(t, "the next release")
		write(t, filepath.Join(dir, "releases", strconv.Itoa(i+2), "a"), "patched")
		calls.want(t, "a change of the current release")
	}
}

func TestBrokenLinks(t *testing.T) {
	dir := t.TempDir()
	loop, dangling := filepath.Join(dir, "loop"), filepath.Join(dir, "dangling")
	must(t, os.Symlink("loop", loop))
	must(t, os.Symlink("missing", dangling))
	_, calls := watched(t, filepath.Join(loop, "a"), dangling)
	write(t, filepath.Join(dir, "missing"), "1")
	calls.want(t, "the missing target of a link")
	must(t, os.Remove(loop))
	must(t, os.Mkdir(loop, 0o700))
	write(t, filepath.Join(loop, "a"), "1")
	calls.want(t, "a directory in place of a loop")
}

func TestARelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	_, calls := watched(t, "a")
	write(t, "a", "1")
	calls.want(t, "a file of the working directory")
}

func TestNoCallsAfterClose(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	calls := make(tally, 100)
	w, err := newWatcher([]string{file}, nil, quiet, calls.called)
	must(t, err)
	write(t, file, "1")
	must(t, w.Close())
	for len(calls) > 0 {
		<-calls
	}
	write(t, file, "2")
	calls.wantNothing(t)
}

func TestCloseWaitsForARunningCall(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	entered, leave, closed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	w, err := newWatcher([]string{file}, nil, quiet, func() {
		close(entered)
		<-leave
	})
	must(t, err)
	write(t, file, "1")
	<-entered
	go func() { closed <- w.Close() }()
	select {
	case err := <-closed:
		t.Fatalf("closed during a call: %v", err)
	case <-time.After(quiet):
	}
	close(leave)
	must(t, <-closed)
}
