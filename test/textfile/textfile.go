package textfile

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// RunIn runs the tests of a package in the folder whose files they check, which
// is given from the folder of the package. It returns the exit status.
func RunIn(m *testing.M, folder string) int {
	if err := os.Chdir(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Read returns the text of a file.
func Read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Write writes a file that every user may read: some programs run as another.
func Write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Replaced returns the text of a file with each old text replaced by the new one
// that follows it. An old text that the file lacks is a mistake in the test.
func Replaced(t testing.TB, path string, oldnew ...string) string {
	t.Helper()
	text := Read(t, path)
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			t.Fatalf("%s does not contain %q, which this test replaces", path, oldnew[i])
		}
		text = strings.ReplaceAll(text, oldnew[i], oldnew[i+1])
	}
	return text
}
