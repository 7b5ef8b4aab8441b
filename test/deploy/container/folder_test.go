package container

import (
	"fmt"
	"os"
	"testing"
)

// TestMain runs the tests in the folder whose files they check.
func TestMain(m *testing.M) {
	if err := os.Chdir("../../../deploy/container"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
