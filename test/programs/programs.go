package programs

import (
	"os"
	"os/exec"
	"testing"
)

// variable is set by "make test-all".
const variable = "WAYMARK_TEST_ALL"

// All reports whether "make test-all" runs the test.
func All() bool { return os.Getenv(variable) != "" }

// OnlyInTestAll skips the test unless "make test-all" runs it. The reason completes
// the sentence "this test ...".
func OnlyInTestAll(t testing.TB, reason string) {
	t.Helper()
	if !All() {
		t.Skipf("this test %s: run it with make test-all, or set %s=1", reason, variable)
	}
}

// Need returns the path of a program that the test starts. It skips the test
// unless "make test-all" runs it, and then fails when the program is not
// installed. The package is what to install: the name of a Debian package, or a
// whole command.
func Need(t testing.TB, program, debian string) string {
	t.Helper()
	OnlyInTestAll(t, "starts "+program)
	for _, name := range []string{program, "/usr/sbin/" + program} { // not on everybody's PATH
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("%s is not installed: apt-get install %s", program, debian)
	return ""
}

// NeedRoot skips the test unless "make test-all" runs it, and then fails unless
// root does. The reason completes the sentence "only root can ...".
func NeedRoot(t testing.TB, reason string) {
	t.Helper()
	OnlyInTestAll(t, "needs root")
	if os.Geteuid() != 0 {
		t.Fatalf("run this test as root: only root can %s", reason)
	}
}
