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
)

// settle is how long files must be quiet before a change is reported: a renewer
// writes a certificate and its key one after the other.
const settle = 200 * time.Millisecond

// maxTurns bounds how often links are followed again because they changed in
// the meantime.
const maxTurns = 10

// Watcher calls a function when the content of any of its files changed.
type Watcher struct {
	notify   *fsnotify.Watcher
	settle   time.Duration
	onChange func()
	again    chan struct{} // requests a check of the files
	stop     chan struct{}
	done     chan struct{}

	mu    sync.Mutex
	files []string
	on    entries         // the paths that lead to the files
	dirs  map[string]bool // their directories, which are watched
	seen  prints          // the content at the last call of onChange
}

// Files watches the named files, which need not exist yet. It watches their
// directories, and those of every link on the way, because a replaced file is a
// new file. onChange is called from one goroutine, after the files have been
// quiet for 200 ms, and only if the content of a file changed. The error names a
// directory that cannot be watched.
func Files(paths []string, onChange func()) (*Watcher, error) {
	return newWatcher(paths, settle, onChange)
}

func newWatcher(paths []string, settle time.Duration, onChange func()) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("cannot watch files: %w", err)
	}
	w := &Watcher{
		notify: notify, settle: settle, onChange: onChange,
		again: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	if err := w.Replace(paths); err != nil {
		return nil, errors.Join(err, notify.Close())
	}
	go w.run()
	return w, nil
}

// Replace watches other files from now on. It may be called from onChange. The
// current content counts as known, except for files that were watched before:
// onChange is still called for their unreported changes. After an error, the
// files that can be watched are.
func (w *Watcher) Replace(paths []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.files
	w.files = slices.Clone(paths)
	err := w.follow()
	known := w.seen
	w.seen = printsOf(w.files)
	w.seen.keep(known, slices.DeleteFunc(before, func(path string) bool { return !slices.Contains(paths, path) }))
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
	return w.on[path] || w.dirs[path]
}

// changed reports whether the content of a file differs from the last call.
func (w *Watcher) changed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	// An error cannot be returned here. The next event tries again, and the next
	// Replace returns the error.
	_ = w.follow()
	now := printsOf(w.files)
	if now.equal(w.seen) {
		return false
	}
	w.seen = now
	return true
}

// follow watches exactly the directories that lead to the files now. Links may
// change in the meantime, so it checks them again once everything is watched.
func (w *Watcher) follow() (err error) {
	w.on, w.dirs = nil, nil
	for range maxTurns {
		trail := entries{}
		for _, path := range w.files {
			if err := trail.addTrail(path); err != nil {
				return fmt.Errorf("cannot watch %s: %w", path, err)
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
	return err
}
