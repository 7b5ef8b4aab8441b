package invite

import (
	"crypto/rand"
	"path/filepath"
	"strings"

	"github.com/waymark-mail/waymark/internal/files"
)

// storedFile holds a secret.
const storedFile = "link-key"

// StoredKeys returns the keys that are stored in dir. It creates them if there are
// none. Processes that start at the same time get the same keys.
func StoredKeys(dir string) (*Keys, error) {
	path := filepath.Join(dir, storedFile)
	if _, err := files.Create(path, []byte(rand.Text()+rand.Text()+"\n")); err != nil {
		return nil, err
	}
	secret, err := files.Read(path, 1<<10)
	if err != nil {
		return nil, err
	}
	return NewKeys([]string{strings.TrimSpace(string(secret))})
}
