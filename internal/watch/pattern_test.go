package watch

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/waymark-mail/waymark/internal/files"
)

func watchedPattern(t *testing.T, dir string) (*Watcher, tally, []files.Pattern) {
	t.Helper()
	calls, patterns := make(tally, 100), []files.Pattern{{Dir: dir, Name: "*.yaml"}}
	w, err := newWatcher(nil, patterns, quiet, calls.called)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	return w, calls, patterns
}

func TestFilesThatMatchAPattern(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write(t, path("a.yaml"), "1")
	_, calls, _ := watchedPattern(t, dir)
	write(t, path("b.yaml"), "1")
	calls.want(t, "a new file")
	write(t, path("a.yaml"), "2")
	calls.want(t, "a changed file")
	write(t, path("b.yaml"), "2")
	calls.want(t, "a change of a file that was not there at first")
	must(t, os.Rename(path("b.yaml"), path("c.yaml")))
	calls.want(t, "a renamed file")
	must(t, os.Remove(path("c.yaml")))
	calls.want(t, "a removed file")
	write(t, path(".a.yaml.swp"), "1")
	write(t, path("a.yaml~"), "1")
	calls.wantNothing(t)
}

func TestAPatternInADirectoryCreatedLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "conf.d")
	_, calls, _ := watchedPattern(t, dir)
	must(t, os.Mkdir(dir, 0o700))
	write(t, filepath.Join(dir, "a.yaml"), "1")
	calls.want(t, "a file in a new directory")
}

// TestAPatternInALinkedDirectory has the layout of releases, and of a mounted
// ConfigMap.
func TestAPatternInALinkedDirectory(t *testing.T) {
	dir := t.TempDir()
	publish := func(version, text string) {
		must(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		write(t, filepath.Join(dir, version, "a.yaml"), text)
		must(t, os.Symlink(version, filepath.Join(dir, "next")))
		must(t, os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, "conf.d")))
	}
	publish("1", "one")
	_, calls, _ := watchedPattern(t, filepath.Join(dir, "conf.d"))
	write(t, filepath.Join(dir, "1", "b.yaml"), "1")
	calls.want(t, "a new file behind the link")
	publish("2", "two")
	calls.want(t, "another target of the link")
}

// TestReplaceReportsPendingMatches is TestReplaceReportsPendingChanges for files
// that appeared or disappeared between reading them and Replace.
func TestReplaceReportsPendingMatches(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write(t, path("a.yaml"), "1")
	w, calls, patterns := watchedPattern(t, dir)
	write(t, path("b.yaml"), "1")
	must(t, w.Replace(nil, patterns))
	calls.want(t, "a file that appeared just before Replace")
	must(t, os.Remove(path("a.yaml")))
	must(t, w.Replace(nil, patterns))
	calls.want(t, "a file that disappeared just before Replace")
	must(t, w.Replace(nil, patterns))
	calls.wantNothing(t)
}
