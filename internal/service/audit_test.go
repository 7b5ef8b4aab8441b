package service

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/test/openapi"
)

// audited is a row of the table in docs/api.md.
type audited struct{ methods, listener, who, tells string }

func auditTable(t *testing.T) map[string]audited {
	t.Helper()
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n## Access\n")
	if !found {
		t.Fatal("docs/api.md has no table")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	rows := map[string]audited{}
	for line := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(line, "| `/") {
			continue
		}
		if len(cells) != 5 {
			t.Fatalf("the row has %d cells: %s", len(cells), line)
		}
		path := strings.Trim(cells[0], "`")
		if rows[path] != (audited{}) {
			t.Errorf("%s has two rows", path)
		}
		rows[path] = audited{cells[1], cells[2], cells[3], cells[4]}
	}
	return rows
}

// The words of the column for who may send a request.
const (
	everybody = "everybody"
	reaching  = "anybody with network access"
	holders   = "`api.token`, if set"
	asked     = "anybody with network access, with `ops.pprof`"
)

// TestWhatIsPublic compares the table of access with the routes, and with the
// answers to requests without the token.
func TestWhatIsPublic(t *testing.T) {
	t.Parallel()
	table, have := auditTable(t), routes(t)
	for path, methods := range have {
		want := audited{methods: strings.ReplaceAll(methods, " ", ", "), listener: "public"}
		if methods == "every method" {
			want.methods = methods
		}
		if strings.HasPrefix(methods, "ops ") {
			want = audited{methods: strings.ReplaceAll(strings.TrimPrefix(methods, "ops "), " ops ", ", "), listener: "operators"}
		}
		row := table[path]
		if row.methods != want.methods || row.listener != want.listener || row.tells == "" {
			t.Errorf("docs/api.md has no row that begins with | `%s` | %s | %s |: %+v", path, want.methods, want.listener, row)
		}
	}
	for path := range table {
		if have[path] == "" {
			t.Errorf("docs/api.md has %s, which nothing answers", path)
		}
	}
	public := describedHandler(t, nil, "providers:", "api: {token: "+aToken+"}\nproviders:")
	var ready server.Readiness
	withPprof, withoutPprof := opsHandler(&ready, aToken, true), opsHandler(&ready, aToken, false)
	c := loadContract(t)
	for _, one := range calls(c) {
		h := public
		if one.side == openapi.Ops {
			h = withPprof
		}
		status := func(h http.Handler, authorization string) int {
			r := one.request(t, map[string]string{"token": "x"})
			r.Header.Set("Authorization", authorization)
			rec := httptest.NewRecorder()
			c.Watch(t, one.side, h).ServeHTTP(rec, r)
			return rec.Code
		}
		who := everybody
		switch stranger := status(h, ""); {
		case stranger == http.StatusForbidden:
			who = holders
			if got := status(h, "Bearer "+aToken); got >= 300 {
				t.Errorf("%s: with the token %d", one, got)
			}
			if got := status(h, "Bearer "+strings.ToUpper(aToken)); got != http.StatusForbidden {
				t.Errorf("%s: with another token %d", one, got)
			}
		case one.side == openapi.Ops && status(withoutPprof, "") == http.StatusNotFound:
			who = asked
		case one.side == openapi.Ops:
			who = reaching
		}
		if row := table[one.path]; row.who != who {
			t.Errorf("%s may be asked by %s, docs/api.md says %s", one, who, row.who)
		}
	}
	if n := len(slices.Collect(maps.Keys(table))); n < 30 {
		t.Errorf("the table has only %d rows", n)
	}
}
