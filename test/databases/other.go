//go:build !linux

package databases

import (
	"errors"
	"testing"
)

type process struct{}

func findPostgreSQL(t testing.TB) program {
	t.Helper()
	t.Skip("database servers are started on Linux only")
	return nil
}

func findMariaDB(t testing.TB) program { return findPostgreSQL(t) }

func freePort() (int, error) { return 0, errors.ErrUnsupported }
