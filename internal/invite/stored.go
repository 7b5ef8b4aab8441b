package invite

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/files"
)

// storedFile holds a secret.
const storedFile = "link-key"

// StoredKeys returns the keys that are stored in dir. It creates them if there are
// none. Processes that start at the same time get the same keys.
func StoredKeys(dir string, now time.Time) (*Keys, error) {
	path := filepath.Join(dir, storedFile)
	files.RemoveLeftovers(path, now)
	secret, err := files.Read(path, 1<<10)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err = files.Create(path, []byte(rand.Text()+rand.Text()+"\n")); err == nil {
			secret, err = files.Read(path, 1<<10) // perhaps that of another process
		}
	}
	if err != nil {
		return nil, err
	}
	return NewKeys([]string{strings.TrimSpace(string(secret))})
}
