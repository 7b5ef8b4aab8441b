package certtest

import (
	"bytes"
	"fmt"
	"os/exec"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
)

// OpenSSL returns the content of a signed CMS message, or why OpenSSL refuses to
// verify it with the authority in a file. It skips the test unless "make
// test-all" runs it.
func OpenSSL(t testing.TB, signed []byte, authority string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), programs.Need(t, "openssl", "openssl"),
		"cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-CAfile", authority)
	cmd.Stdin = bytes.NewReader(signed)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	content, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("openssl: %w: %s", err, &problems)
	}
	return content, nil
}
