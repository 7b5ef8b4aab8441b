package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Patience is how long a file may take to be read. A local file takes
// milliseconds; one on a lost network file system never returns.
const Patience = 5 * time.Second

// Read returns the content of a regular file of at most this many bytes. Its
// errors are those of Head, and *fs.PathError with a TooLargeError.
func Read(path string, most int64) ([]byte, error) {
	data, err := Head(path, most+1)
	if err == nil && int64(len(data)) > most {
		return nil, &fs.PathError{Op: "read", Path: path, Err: TooLargeError{most}}
	}
	return data, err
}

// Head returns the first bytes of a regular file, at most this many. Errors are
// *fs.PathError. One that wraps context.DeadlineExceeded means that the file
// system does not answer.
func Head(path string, most int64) ([]byte, error) {
	var data []byte
	err := Use(path, func(f io.Reader) (err error) {
		data, err = io.ReadAll(io.LimitReader(f, most))
		return err
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// TooLargeError says that a file is larger than it may be.
type TooLargeError struct{ Most int64 }

func (e TooLargeError) Error() string { return fmt.Sprintf("is over %d bytes", e.Most) }

// Stat returns what os.Stat does, within Patience.
func Stat(path string) (fs.FileInfo, error) {
	found := make(chan fs.FileInfo, 1)
	err := within(Patience, path, func() error {
		info, err := os.Stat(path)
		found <- info
		return err
	})
	if err != nil {
		return nil, err
	}
	return <-found, nil
}

// Use opens a regular file and calls use with it. When that takes longer than
// Patience, Use returns and use continues in the background: nothing that use
// writes may be read after an error.
func Use(path string, use func(io.Reader) error) error {
	return within(Patience, path, func() error { return open(path, use) })
}

func within(patience time.Duration, path string, read func() error) error {
	done := make(chan error, 1)
	go func() { done <- read() }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("the file system does not answer within %s: %w", patience, context.DeadlineExceeded)}
	}
}

func open(path string, use func(io.Reader) error) error {
	info, err := os.Stat(path) // to open a device can do something
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		failed.Op = "open"
	}
	if err == nil {
		err = regular(path, info)
	}
	if err != nil {
		return err
	}
	// Without O_NONBLOCK, a pipe that took the file's place is waited for.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	if info, err = f.Stat(); err == nil {
		err = regular(path, info)
	}
	if err == nil {
		err = use(f)
	}
	if err != nil && !errors.As(err, new(*fs.PathError)) {
		err = &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return err
}

// regular rejects pipes and devices: reading one could block, never end, or steal
// the data of another reader.
func regular(path string, info fs.FileInfo) error {
	var kind string
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	default:
		kind = "a device"
	}
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("is %s, not a regular file", kind)}
}
