package main

import (
	"os"
	"testing"
)

// TestSchema prints the published schema, byte for byte.
func TestSchema(t *testing.T) {
	want, err := os.ReadFile("../../api/config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := waymark(t, "schema")
	if status != statusFine || stdout != string(want) || stderr != "" {
		t.Errorf("status %d, %d bytes of %d: %s", status, len(stdout), len(want), stderr)
	}
}
