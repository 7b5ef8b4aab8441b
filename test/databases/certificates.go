package databases

import (
	"os"
	"strings"
	"testing"
)

// Certificates creates the tables of certificates in a new database, with the SQL of
// docs/tls.md, whose path is doc. It returns the database as the administrator, and a
// DSN for a user with the documented permissions alone.
func (s *Server) Certificates(t testing.TB, doc string) (db Database, dsn string) {
	t.Helper()
	page, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```sql\n")
	text, _, ok := strings.Cut(after, "```")
	if !ok {
		t.Fatal("docs/tls.md has no SQL")
	}
	db = s.NewDatabase(t)
	// Tests share the server, and so the names of roles.
	text = strings.NewReplacer("ROLE waymark", "ROLE "+db.Name, "TO waymark", "TO "+db.Name).Replace(text)
	db.Exec(t, strings.Split(strings.TrimSuffix(strings.TrimSpace(text), ";"), ";")...)
	return db, s.DSN(db.Name, "change-me", db.Name)
}
