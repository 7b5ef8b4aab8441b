package telemetry

import (
	"io"
	"sync"
	"time"
)

const (
	// flushEvery is how long a log line may wait in memory. At many thousand
	// requests a second, one write per line costs as much as the request itself.
	flushEvery = 250 * time.Millisecond
	// flushAt is how many waiting bytes are written at once.
	flushAt = 128 << 10
	// maxWaiting bounds the bytes of lines that wait, while another maxWaiting
	// may be being written. The last part of it is for errors alone.
	maxWaiting = 1 << 20
	forErrors  = maxWaiting / 4
	// lastWords is how long the end of the process waits for the log.
	lastWords = time.Second
)

// lineWriter passes lines on to a slow writer without ever waiting for it: what
// finds no room in memory is dropped and counted. After an error of the writer,
// as of a full disk, the same bytes are tried again.
type lineWriter struct {
	out     io.Writer
	dropped func()
	// missing returns a line that tells the reader of the log how many lines
	// are not in it.
	missing func(lines int) []byte

	mu      sync.Mutex
	waiting []byte
	lost    int // lines dropped since the reader of the log was told

	full chan struct{} // there is enough to write
	stop chan struct{} // the process ends
	done chan struct{} // everything is written, or cannot be
}

func newLineWriter(out io.Writer, dropped func(), missing func(int) []byte) *lineWriter {
	w := &lineWriter{
		out: out, dropped: dropped, missing: missing,
		full: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go w.run()
	return w
}

// add takes a copy of a line, or drops it.
func (w *lineWriter) add(line []byte, isError bool) {
	w.mu.Lock()
	room := maxWaiting - len(w.waiting)
	if !isError {
		room -= forErrors
	}
	if len(line) > room {
		w.lost++
		w.mu.Unlock()
		w.dropped()
		return
	}
	w.waiting = append(w.waiting, line...)
	enough := len(w.waiting) >= flushAt
	w.mu.Unlock()
	if enough {
		select {
		case w.full <- struct{}{}:
		default: // it is known already
		}
	}
}

// close gives the log a last chance, and returns within lastWords.
func (w *lineWriter) close() {
	close(w.stop)
	select {
	case <-w.done:
	case <-time.After(lastWords):
	}
}

func (w *lineWriter) run() {
	defer close(w.done)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	var chunk, rest []byte // rest is the part of chunk that is not written
	full := w.full
	for ended := false; !ended; {
		select {
		case <-full:
		case <-tick.C:
		case <-w.stop:
			ended = true
		}
		for {
			if len(rest) == 0 {
				chunk = w.next(chunk)
				rest = chunk
			}
			if len(rest) == 0 {
				full = w.full
				break
			}
			n, err := w.out.Write(rest)
			rest = rest[max(0, min(n, len(rest))):]
			if err != nil {
				full = nil // until the next tick
				break
			}
		}
	}
}

// next returns the waiting lines, and keeps the memory of the last chunk for
// those that follow.
func (w *lineWriter) next(last []byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	chunk := w.waiting
	if w.lost > 0 {
		chunk = append(chunk, w.missing(w.lost)...)
		w.lost = 0
	}
	w.waiting = last[:0]
	return chunk
}
