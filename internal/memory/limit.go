package memory

import (
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// Apply has the garbage collector keep this process below the limit of its control
// group, which would end it otherwise. A tenth remains for memory that Go does not
// count. GOMEMLIMIT has precedence: Go applies it without this package.
func Apply() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if limit := ofControlGroup(os.DirFS("/")); limit > 0 {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}

// Limit returns the memory limit of the Go runtime in bytes; 0 for none.
func Limit() int64 {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		return limit
	}
	return 0
}

// ofControlGroup returns the lowest limit of the control group and those above it,
// of either version of control groups; 0 for none.
func ofControlGroup(root fs.FS) int64 {
	groups, err := fs.ReadFile(root, "proc/self/cgroup") // lines such as 4:memory:/a/b, or 0::/a/b
	if err != nil {
		return 0
	}
	lowest := int64(0)
	for line := range strings.Lines(string(groups)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		mount, file := "sys/fs/cgroup", "memory.max"
		switch fields[1] {
		case "":
		case "memory":
			mount, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		// In a container, the group itself may be mounted where the root would be.
		for group := path.Clean("/" + fields[2]); ; group = path.Dir(group) {
			limit := read(root, path.Join(mount, group, file))
			if limit > 0 && (lowest == 0 || limit < lowest) {
				lowest = limit
			}
			if group == "/" {
				break
			}
		}
	}
	return lowest
}

// read returns the limit in a file; 0 for none. Version 1 writes a number of almost
// 2^63 for none, version 2 the word max.
func read(root fs.FS, name string) int64 {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0
	}
	limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || limit <= 0 || limit > 1<<60 {
		return 0
	}
	return limit
}
