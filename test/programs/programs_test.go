package programs

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// recorder is a test that ends as Skipf and Fatalf end one.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper()                     {}
func (r *recorder) Skipf(f string, args ...any) { r.end("skipped: "+f, args) }
func (r *recorder) Fatalf(f string, args ...any) {
	r.end("failed: "+f, args)
}

func (r *recorder) end(f string, args []any) {
	r.said = fmt.Sprintf(f, args...)
	runtime.Goexit()
}

// TestNeed shows that a program that is not installed fails a test only where
// everything runs, and that nothing else depends on what is installed.
func TestNeed(t *testing.T) {
	for _, tt := range []struct{ all, program, want string }{
		{"", "go", "skipped: this test starts go: run it with make test-all, or set WAYMARK_TEST_ALL=1"},
		{"", "no-such-program", "skipped: this test starts no-such-program"},
		{"1", "go", ""},
		{"1", "no-such-program", "failed: no-such-program is not installed: apt-get install a-package"},
	} {
		t.Setenv(variable, tt.all)
		r, path := &recorder{TB: t}, ""
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			path = Need(r, tt.program, "a-package")
		}()
		<-ended
		if !strings.HasPrefix(r.said, tt.want) || (r.said == "") != (path != "") || (r.said == "") != (tt.want == "") {
			t.Errorf("%s=%q %s: %q, path %q; want %q", variable, tt.all, tt.program, r.said, path, tt.want)
		}
	}
}
