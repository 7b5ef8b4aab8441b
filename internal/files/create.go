package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Create writes a file that only this user may read, unless there is one: processes
// that start at the same time get the same file. It makes the directory.
func Create(path string, content []byte) (created bool, err error) {
	return create(path, content, link)
}

func create(path string, content []byte, move func(from, to string) error) (created bool, err error) {
	err = put(path, content, move)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// Replace writes a file that only this user may read, in the place of another one.
func Replace(path string, content []byte) error { return put(path, content, os.Rename) }

// put writes the content to a temporary file and moves it to path as a whole.
func put(path string, content []byte, move func(from, to string) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // a leftover file is harmless
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return move(f.Name(), path)
}

// link puts a file at a path where there is none.
func link(from, to string) error { return linkWith(os.Link, from, to) }

// linkWith is link with another function for hard links. It never replaces a file,
// except on file systems without hard links, when two processes start at the same time.
func linkWith(hardLink func(from, to string) error, from, to string) error {
	err := hardLink(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, statErr := os.Lstat(to); !errors.Is(statErr, fs.ErrNotExist) {
		return errors.Join(fs.ErrExist, err)
	}
	return os.Rename(from, to)
}

// leftover is the age from which a temporary file is one of a process that was
// killed: no process needs it for longer than a moment.
const leftover = time.Minute

// RemoveLeftovers removes the temporary files of Create and Replace, which may hold
// private keys, of processes that were killed. Errors do not matter: it is tried again
// at the next start.
func RemoveLeftovers(path string, now time.Time) {
	found, err := filepath.Glob(path + ".*")
	if err != nil {
		return
	}
	for _, file := range found {
		if info, err := os.Lstat(file); err == nil && info.Mode().IsRegular() && now.Sub(info.ModTime()) > leftover {
			_ = os.Remove(file)
		}
	}
}
