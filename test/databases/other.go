//go:build !linux

package databases

import (
	"errors"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
)

type process struct{}

func findPostgreSQL(t testing.TB) program {
	t.Helper()
	programs.OnlyInTestAll(t, "starts a database server")
	t.Fatal("the tests start database servers on Linux only")
	return nil
}

func findMariaDB(t testing.TB) program { return findPostgreSQL(t) }

// StartPgBouncer starts a PgBouncer in front of a server, on Linux.
func StartPgBouncer(t testing.TB, _ *Server, _ ...string) string {
	t.Helper()
	findPostgreSQL(t)
	return ""
}

func freePort() (int, error) { return 0, errors.ErrUnsupported }
