package watch

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/waymark-mail/waymark/internal/files"
)

// settle is how long files must be quiet before a change is reported: a renewer
// writes a certificate and its key one after the other.
const settle = 200 * time.Millisecond

// maxTurns bounds how often links are followed again because they changed in
// the meantime.
const maxTurns = 10

// Watcher calls a function when the content of any of its files changed, and when
// a file that matches a pattern appears or disappears.
type Watcher struct {
	notify   *fsnotify.Watcher
	settle   time.Duration
	onChange func()
	again    chan struct{} // requests a check of the files
	stop     chan struct{}
	done     chan struct{}

	mu       sync.Mutex
	files    []string
	patterns []files.Pattern
	on       entries         // the paths that lead to the files
	dirs     map[string]bool // their directories, which are watched
	seen     prints          // the content at the last call of onChange
}

// Files watches the named files, which need not exist yet, and all files that match
// a pattern. It watches their
// directories, and those of every link on the way, because a replaced file is a
// new file. onChange is called from one goroutine, after the files have been
// quiet for 200 ms, and only if the content of a file changed. The error names a
// directory that cannot be watched.
func Files(paths []string, patterns []files.Pattern, onChange func()) (*Watcher, error) {
	return newWatcher(paths, patterns, settle, onChange)
}

func newWatcher(paths []string, patterns []files.Pattern, settle time.Duration, onChange func()) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("cannot watch files: %w", err)
	}
	w := &Watcher{
		notify: notify, settle: settle, onChange: onChange,
		again: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	if err := w.Replace(paths, patterns); err != nil {
		return nil, errors.Join(err, notify.Close())
	}
	go w.run()
	return w, nil
}

// Replace watches other files and patterns from now on. It may be called from onChange. The
// current content counts as known, except for files that were watched before:
// onChange is still called for their unreported changes. After an error, the
// files that can be watched are.
func (w *Watcher) Replace(paths []string, patterns []files.Pattern) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	before, stays := setOf(w.files), setOf(paths)
	keptPatterns := slices.DeleteFunc(w.patterns, func(p files.Pattern) bool { return !slices.Contains(patterns, p) })
	wasWatched := func(path string) bool {
		return before[path] && stays[path] || slices.ContainsFunc(keptPatterns, func(p files.Pattern) bool {
			return filepath.Dir(path) == p.Dir && p.Matches(filepath.Base(path))
		})
	}
	w.files, w.patterns = slices.Clone(paths), slices.Clone(patterns)
	all, err := w.follow()
	known := w.seen
	w.seen = printsOf(slices.DeleteFunc(all, wasWatched), known)
	for path, p := range known {
		if wasWatched(path) {
			w.seen[path] = p
		}
	}
	select {
	case w.again <- struct{}{}:
	default: // already requested
	}
	return err
}

// Close stops watching. onChange is not called after it returned. It must not be
// called from onChange, or twice.
func (w *Watcher) Close() error {
	close(w.stop)
	<-w.done
	return w.notify.Close()
}

func (w *Watcher) run() {
	defer close(w.done)
	quiet := time.NewTimer(w.settle)
	quiet.Stop()
	defer quiet.Stop()
	for {
		select {
		case <-w.stop:
			return
		case event, ok := <-w.notify.Events:
			if !ok {
				return
			}
			if w.concerns(event.Name) {
				quiet.Reset(w.settle)
			}
		case _, ok := <-w.notify.Errors:
			if !ok {
				return
			}
			// Events were lost: check the files.
			quiet.Reset(w.settle)
		case <-w.again:
			quiet.Reset(w.settle)
		case <-quiet.C:
			if w.changed() {
				w.onChange()
			}
		}
	}
}

// concerns reports whether an event at a path may affect a watched file. Other
// events in a busy directory must not delay the check of the files.
func (w *Watcher) concerns(path string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	path = filepath.Clean(path)
	return w.on[path] || w.dirs[path] || slices.ContainsFunc(w.patterns, func(p files.Pattern) bool {
		// The entry of a pattern is its name in the directory without links.
		return w.on[filepath.Join(filepath.Dir(path), p.Name)] && p.Matches(filepath.Base(path))
	})
}

func setOf(paths []string) map[string]bool {
	set := make(map[string]bool, len(paths))
	for _, path := range paths {
		set[path] = true
	}
	return set
}

// changed reports whether the content of a file differs from the last call.
func (w *Watcher) changed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	// An error cannot be returned here. The next event tries again, and the next
	// Replace returns the error.
	all, _ := w.follow()
	now := printsOf(all, w.seen)
	same := now.equal(w.seen)
	w.seen = now
	return !same
}

// follow watches exactly the directories that lead to the files now, and returns the
// files with those that match a pattern. Links may change in the meantime, so it
// checks them again once everything is watched.
func (w *Watcher) follow() (all []string, err error) {
	w.on, w.dirs = nil, nil
	for range maxTurns {
		trail, looked := entries{}, map[string]bool{}
		all = slices.Clone(w.files)
		for _, p := range w.patterns {
			if err := trail.addTrail(filepath.Join(p.Dir, p.Name), looked); err != nil {
				return all, fmt.Errorf("cannot watch %s: %w", p.Dir, err)
			}
			// An error means that the directory is missing, or has too many files.
			// Whoever reads them reports it.
			matching, _ := p.Files()
			all = append(all, matching...)
		}
		for _, path := range all {
			if err := trail.addTrail(path, looked); err != nil {
				return all, fmt.Errorf("cannot watch %s: %w", path, err)
			}
		}
		if maps.Equal(trail, w.on) {
			break
		}
		err, w.on, w.dirs = nil, trail, trail.directories()
		for dir := range w.dirs {
			if addErr := w.notify.Add(dir); addErr != nil {
				err = errors.Join(err, fmt.Errorf("cannot watch %s: %w", dir, addErr))
			}
		}
	}
	for _, have := range w.notify.WatchList() {
		if !w.dirs[have] {
			// An error means that the directory is gone.
			_ = w.notify.Remove(have)
		}
	}
	return all, err
}
