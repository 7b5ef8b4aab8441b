//go:build linux

package memory

import (
	"fmt"
	"os"
	"runtime"
	"testing"
)

// TestTheReserveTakesNoMemory: the collector counts it, the system does not.
func TestTheReserveTakesNoMemory(t *testing.T) {
	resident := func() (bytes int) {
		text, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Fatal(err)
		}
		var pages int
		if _, err := fmt.Sscan(string(text), new(int), &pages); err != nil {
			t.Fatal(err)
		}
		return pages * os.Getpagesize()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	taken := resident()
	reserve := Reserve()
	taken = resident() - taken
	runtime.ReadMemStats(&after)
	if taken > len(reserve)/4 {
		t.Errorf("it takes %d bytes", taken)
	}
	if counted := int(after.HeapAlloc) - int(before.HeapAlloc); counted < len(reserve)*3/4 {
		t.Errorf("the collector counts %d of %d bytes", counted, len(reserve))
	}
	reserves = append(reserves, reserve)
}

// reserves are kept: memory that was freed is cleared when it is used again, so it would
// be touched.
var reserves [][]byte
