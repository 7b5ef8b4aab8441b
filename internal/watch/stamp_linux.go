package watch

import (
	"io/fs"
	"syscall"
)

// stampOf returns the stamp of a file; the zero stamp if the system does not tell.
func stampOf(info fs.FileInfo) stamp {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{}
	}
	return stamp{s.Dev, s.Ino, s.Size, s.Mtim.Nano(), s.Ctim.Nano()}
}
