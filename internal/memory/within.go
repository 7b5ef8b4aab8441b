package memory

import "runtime/debug"

// Within returns a function that has the garbage collector keep this process within so
// many bytes, or within the limit that it has now if that is lower: math.MaxInt64 restores
// that one.
func Within() func(bytes int64) {
	before := debug.SetMemoryLimit(-1)
	return func(bytes int64) { debug.SetMemoryLimit(min(before, bytes)) }
}
