package memory

import (
	"math"
	"runtime/debug"
	"testing"
)

// TestWithin: a limit of the process is never raised, and is there again at the end.
func TestWithin(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 40))
	within := Within()
	for _, tt := range []struct{ bytes, want int64 }{{1 << 41, 1 << 40}, {1 << 39, 1 << 39}, {math.MaxInt64, 1 << 40}} {
		within(tt.bytes)
		if got := debug.SetMemoryLimit(-1); got != tt.want {
			t.Errorf("within %d the limit is %d, want %d", tt.bytes, got, tt.want)
		}
	}
}
