package watch

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long files must be left alone before a change is told: a
// renewer writes a certificate and its key one after the other.
const settle = 200 * time.Millisecond

// Watcher calls a function when any of its files changed.
type Watcher struct {
	notify   *fsnotify.Watcher
	onChange func()
	stop     chan struct{}
	done     chan struct{}

	mu    sync.Mutex
	files []string
	seen  prints // what the files were like when onChange was last called
}

// Files watches the named files; they need not exist yet. Their directories
// are watched, not they themselves, because a replaced file is another file.
// onChange is called from one goroutine, after the files have been left alone
// for a moment, and only when the content of one of them is another one.
func Files(paths []string, onChange func()) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("cannot watch files: %w", err)
	}
	w := &Watcher{notify: notify, onChange: onChange, stop: make(chan struct{}), done: make(chan struct{})}
	if err := w.Replace(paths); err != nil {
		return nil, errors.Join(err, notify.Close())
	}
	go w.run()
	return w, nil
}

// Replace watches other files from now on. It may be called from onChange.
// What the new files are like now counts as known.
func (w *Watcher) Replace(paths []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	want := directories(paths)
	for _, have := range w.notify.WatchList() {
		if !want[have] {
			// A directory that is gone is no longer watched anyway.
			_ = w.notify.Remove(have)
		}
	}
	for dir := range want {
		if err := w.notify.Add(dir); err != nil {
			return fmt.Errorf("cannot watch %s: %w", dir, err)
		}
	}
	w.files, w.seen = paths, printsOf(paths)
	return nil
}

// Close ends the watching. onChange is not called after it returned. It must
// not be called from onChange.
func (w *Watcher) Close() error {
	close(w.stop)
	<-w.done
	return w.notify.Close()
}

func (w *Watcher) run() {
	defer close(w.done)
	quiet := time.NewTimer(settle)
	quiet.Stop()
	defer quiet.Stop()
	for {
		select {
		case <-w.stop:
			return
		case _, ok := <-w.notify.Events:
			if !ok {
				return
			}
			quiet.Reset(settle)
		case _, ok := <-w.notify.Errors:
			if !ok {
				return
			}
			// Events were lost: look at the files themselves.
			quiet.Reset(settle)
		case <-quiet.C:
			if w.changed() {
				w.onChange()
			}
		}
	}
}

// changed reports whether a file is another one than it was when this was last
// asked.
func (w *Watcher) changed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := printsOf(w.files)
	if now.equal(w.seen) {
		return false
	}
	w.seen = now
	return true
}

// directories returns where changes of the files show: their directories, and
// those of what they are links to.
func directories(paths []string) map[string]bool {
	dirs := map[string]bool{}
	for _, p := range paths {
		dirs[filepath.Dir(p)] = true
		if real, err := filepath.EvalSymlinks(p); err == nil {
			dirs[filepath.Dir(real)] = true
		}
	}
	return dirs
}
