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

// settle is how long files must be left alone before a change is told: a
// renewer writes a certificate and its key one after the other.
const settle = 200 * time.Millisecond

// maxTurns bounds how often links are followed anew when they keep changing
// while they are followed.
const maxTurns = 10

// Watcher calls a function when any of its files changed.
type Watcher struct {
	notify   *fsnotify.Watcher
	settle   time.Duration
	onChange func()
	again    chan struct{} // asks for another look at the files
	stop     chan struct{}
	done     chan struct{}

	mu    sync.Mutex
	files []string
	on    entries         // what leads to the files
	dirs  map[string]bool // where that is, hence what is watched
	seen  prints          // what the files were like when onChange was last called
}

// Files watches the named files. Neither they nor their directories need exist
// yet. Directories are watched, not the files themselves, because a replaced
// file is another file; those of every link on the way as well.
// onChange is called from one goroutine, after the files have been left alone
// for a moment, and only when the content of one of them is another one. The
// error names a directory that cannot be watched.
func Files(paths []string, onChange func()) (*Watcher, error) {
	return files(paths, settle, onChange)
}

func files(paths []string, settle time.Duration, onChange func()) (*Watcher, error) {
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

// Replace watches other files from now on. It may be called from onChange.
// What files are like now counts as known, but for those that were watched
// before: a change of which onChange has not been told yet is not forgotten.
// After an error, what can be watched is.
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
	default: // it is asked for already
	}
	return err
}

// Close ends the watching. onChange is not called after it returned. It must
// not be called from onChange, nor twice.
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
			// Events were lost: look at the files themselves.
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

// concerns reports whether an event at a path may change a file: at one of the
// entries, or at a directory that is watched. Others in a busy directory must
// not put off the look at the files for ever.
func (w *Watcher) concerns(path string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	path = filepath.Clean(path)
	return w.on[path] || w.dirs[path]
}

// changed reports whether a file is another one than it was when this was last
// asked.
func (w *Watcher) changed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	// There is nobody to tell of a directory that cannot be watched now. It is
	// tried again at the next event, and told by the next Replace.
	_ = w.follow()
	now := printsOf(w.files)
	if now.equal(w.seen) {
		return false
	}
	w.seen = now
	return true
}

// follow watches the directories on the way to the files as it is now, and no
// others. The way may change while it is followed, so it is looked at again
// once everything is watched.
func (w *Watcher) follow() (err error) {
	w.on, w.dirs = nil, nil
	for range maxTurns {
		way := entries{}
		for _, path := range w.files {
			if err := way.addTrail(path); err != nil {
				return fmt.Errorf("cannot watch %s: %w", path, err)
			}
		}
		if maps.Equal(way, w.on) {
			break
		}
		err, w.on, w.dirs = nil, way, way.directories()
		for dir := range w.dirs {
			if addErr := w.notify.Add(dir); addErr != nil {
				err = errors.Join(err, fmt.Errorf("cannot watch %s: %w", dir, addErr))
			}
		}
	}
	for _, have := range w.notify.WatchList() {
		if !w.dirs[have] {
			// A directory that is gone is no longer watched anyway.
			_ = w.notify.Remove(have)
		}
	}
	return err
}
