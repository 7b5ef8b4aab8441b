package sqlsource

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

func lexisOf(t testing.TB, driver string) lexis {
	t.Helper()
	_, l, ok := driverOf(driver)
	if !ok {
		t.Fatalf("no driver %s", driver)
	}
	return l
}

func TestRewrite(t *testing.T) {
	for _, tc := range []struct {
		name, driver, query, want string
		values                    []string
	}{
		{"PostgreSQL counts", "postgres", "SELECT 1 FROM d WHERE a = :domain OR b = :domain", "SELECT 1 FROM d WHERE a = $1 OR b = $2", []string{"domain", "domain"}},
		{"MySQL does not", "mysql", "SELECT 1 FROM m WHERE a = :address AND b=:local", "SELECT 1 FROM m WHERE a = ? AND b=?", []string{"address", "local"}},
		{"SQLite does not", "sqlite", ":domain_unicode", "?", []string{"domain_unicode"}},
		{"next to everything", "sqlite", "(:domain)+:local,:domain\n", "(?)+?,?\n", []string{"domain", "local", "domain"}},
		{"nothing to do", "mysql", "SELECT 'a' , \"b\", `c` -- d", "SELECT 'a' , \"b\", `c` -- d", nil},

		{"a cast", "postgres", "SELECT :domain::text, a::int", "SELECT $1::text, a::int", []string{"domain"}},
		{"an assignment", "mysql", "SELECT @a := 1, :domain", "SELECT @a := 1, ?", []string{"domain"}},
		{"a system variable", "mysql", "SELECT @@version, :domain", "SELECT @@version, ?", []string{"domain"}},
		{"a slice", "postgres", "SELECT a[1:2], :domain", "SELECT a[1:2], $1", []string{"domain"}},
		{"JSON operators", "postgres", "SELECT a ? 'b', a #> '{c}', a @> b, :domain # d", "SELECT a ? 'b', a #> '{c}', a @> b, $1 # d", []string{"domain"}},
		{"names with a dollar", "postgres", "SELECT a$b$, :domain", "SELECT a$b$, $1", []string{"domain"}},

		{"two quotes are one", "sqlite", "SELECT 'it''s :x', :domain", "SELECT 'it''s :x', ?", []string{"domain"}},
		{"a backslash is nothing", "sqlite", `SELECT '\', :domain`, `SELECT '\', ?`, []string{"domain"}},
		{"a backslash is nothing for PostgreSQL", "postgres", `SELECT '\', :domain`, `SELECT '\', $1`, []string{"domain"}},
		{"a backslash in an escape string", "postgres", `SELECT E'\':x', e'\\', :domain`, `SELECT E'\':x', e'\\', $1`, []string{"domain"}},
		{"a name that ends in e", "postgres", `SELECT some'\', :domain`, `SELECT some'\', $1`, []string{"domain"}},
		{"a backslash for MySQL", "mysql", `SELECT '\':x', "\":x", :domain`, `SELECT '\':x', "\":x", ?`, []string{"domain"}},
		{"no backslash in backticks", "mysql", "SELECT `\\`, :domain", "SELECT `\\`, ?", []string{"domain"}},
		{"quoted names", "postgres", `SELECT "a:b""c", :domain`, `SELECT "a:b""c", $1`, []string{"domain"}},
		{"names in brackets", "sqlite", "SELECT [a:b]';]', [;], :domain", "SELECT [a:b]';]', [;], ?", []string{"domain"}},
		{"dollar quotes", "postgres", "SELECT $$it's :x$$, $a$ $$ ; $a$, :domain", "SELECT $$it's :x$$, $a$ $$ ; $a$, $1", []string{"domain"}},
		{"a colon in a word in quotes", "postgres", "SELECT 'mailto:address', 'a::domain', :domain", "SELECT 'mailto:address', 'a::domain', $1", []string{"domain"}},

		{"a comment to the end of the line", "sqlite", "SELECT 1 -- :x ' ;\n, :domain", "SELECT 1 -- :x ' ;\n, ?", []string{"domain"}},
		{"a comment to the end", "sqlite", "SELECT :domain -- it's", "SELECT ? -- it's", []string{"domain"}},
		{"two minus signs", "mysql", "SELECT 5--:domain", "SELECT 5--?", []string{"domain"}},
		{"a comment for MySQL", "mysql", "SELECT 5 # it's :x\n, 4 --\tit's\n, :domain", "SELECT 5 # it's :x\n, 4 --\tit's\n, ?", []string{"domain"}},
		{"a block comment", "mysql", "SELECT /* it's :x /* ; */ :domain", "SELECT /* it's :x /* ; */ ?", []string{"domain"}},
		{"a nested comment", "postgres", "SELECT /* /* :x */ ; */ :domain", "SELECT /* /* :x */ ; */ $1", []string{"domain"}},
		{"a placeholder in a comment", "postgres", "SELECT :domain -- ':domain'", "SELECT $1 -- ':domain'", []string{"domain"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, values, err := rewrite(lexisOf(t, tc.driver), tc.query, mailboxPlaceholders())
			if err != nil || got != tc.want || !slices.Equal(values, tc.values) {
				t.Errorf("got  %s %v, %v\nwant %s %v", got, values, err, tc.want, tc.values)
			}
		})
	}
}

func TestRewriteRefuses(t *testing.T) {
	const quotedDomain = "holds the placeholder :domain inside of quotes; values are bound, so write :domain without quotes, and put texts together with || or CONCAT"
	for _, tc := range []struct{ name, driver, query, want string }{
		{"two statements", "postgres", "SELECT 1; DROP TABLE d", "holds a ; outside of quotes; write one statement, and no ; at its end"},
		{"a semicolon at the end", "mysql", "SELECT :domain;", "holds a ; outside of quotes; write one statement, and no ; at its end"},
		{"an unknown placeholder", "sqlite", "SELECT :domain_name", "holds the unknown placeholder :domain_name; known here are :address, :local, :domain, :domain_unicode"},
		{"a placeholder in upper case", "sqlite", "SELECT :Domain", "holds the unknown placeholder :Domain; known here are :address, :local, :domain, :domain_unicode"},
		{"a placeholder in quotes", "postgres", "SELECT 1 FROM d WHERE a = ':domain'", quotedDomain},
		{"a part of quotes", "mysql", "SELECT 1 FROM d WHERE a LIKE '%@:domain'", quotedDomain},
		{"double quotes", "mysql", `SELECT 1 FROM d WHERE a = ":domain"`, quotedDomain},
		{"an escape string", "postgres", `SELECT E':domain'`, quotedDomain},
		{"dollar quotes", "postgres", `SELECT $$:domain$$`, quotedDomain},
		{"a bare parameter", "mysql", "SELECT ?", "holds ?; write :address, :local, :domain, :domain_unicode instead"},
		{"a numbered parameter", "postgres", "SELECT $1", "holds $1; write :address, :local, :domain, :domain_unicode instead"},
		{"a numbered parameter of SQLite", "sqlite", "SELECT ?12", "holds ?12; write :address, :local, :domain, :domain_unicode instead"},
		{"a colon and a number", "sqlite", "SELECT :1", "holds :1; write :address, :local, :domain, :domain_unicode instead"},
		{"a parameter with an at sign", "sqlite", "SELECT @domain", "holds @domain; write :address, :local, :domain, :domain_unicode instead"},
		{"a parameter with a dollar", "sqlite", "SELECT $domain", "holds $domain; write :address, :local, :domain, :domain_unicode instead"},
		{"an open quote", "sqlite", "SELECT 'a", "holds a ' that is not closed"},
		{"an open quote behind a backslash", "mysql", `SELECT 'a\'`, "holds a ' that is not closed"},
		{"an open bracket", "sqlite", "SELECT [a", "holds a [ that is not closed"},
		{"an open comment", "postgres", "SELECT 1 /* /* */", "holds a /* that is not closed"},
		{"half of a comment", "postgres", "SELECT 1 /*/", "holds a /* that is not closed"},
		{"open dollar quotes", "postgres", "SELECT $a$ $$", "holds a $a$ that is not closed"},
		{"a NUL", "postgres", "SELECT 1\x00", "holds a NUL character"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, _, err := rewrite(lexisOf(t, tc.driver), tc.query, mailboxPlaceholders())
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %q, %v\nwant %s", got, err, tc.want)
			}
		})
	}
}

// FuzzRewrite pins what must hold for whatever an operator writes: every
// placeholder becomes one parameter and nothing else changes; what is put in
// quotes or into a comment, as the database wants that done, stays as it is.
func FuzzRewrite(f *testing.F) {
	for _, s := range []string{
		"SELECT 1 FROM d WHERE a = :domain", "it's", `\`, "a::b := c", "$$ $a$ ' $a$", "-- \n:local", "/* /* */", "[", "`", `E'\''`, "?1 @a #", "--:domain", "e'", "$1", "\x00;",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, driver := range []string{"postgres", "mysql", "sqlite"} {
			l := lexisOf(t, driver)
			got, values, err := rewrite(l, s, mailboxPlaceholders())
			if err != nil && (got != "" || values != nil) || err == nil && restore(got, s, values) != s {
				t.Fatalf("%s: %q became %q with %q, %v", driver, s, got, values, err)
			}
			for _, literal := range literals(l, s) {
				q := "SELECT :domain, " + literal + "\n, :domain"
				got, values, err := rewrite(l, q, domainPlaceholders())
				if err != nil && strings.Contains(err.Error(), "inside of quotes") && strings.Contains(s, ":") {
					continue
				}
				if err != nil || len(values) != 2 || restore(got, q, values) != q || !strings.Contains(got, literal) {
					t.Fatalf("%s: %q became %q with %q, %v", driver, q, got, values, err)
				}
			}
		}
	})
}

// restore puts the placeholders back where got differs from the query that it
// was made of.
func restore(got, query string, values []string) string {
	var back strings.Builder
	for n := 0; got != ""; {
		at := back.Len()
		if at < len(query) && got[0] == query[at] {
			back.WriteByte(got[0])
			got = got[1:]
			continue
		}
		if n == len(values) {
			return back.String() + got
		}
		parameter := "?"
		if got[0] == '$' {
			parameter = "$" + strconv.Itoa(n+1)
		}
		back.WriteString(":" + values[n])
		got = strings.TrimPrefix(got, parameter)
		n++
	}
	return back.String()
}

// literals returns s as a database wants it in each kind of quotes and comments
// that can hold it.
func literals(l lexis, s string) []string {
	doubled := func(s, quote string) string { return quote + strings.ReplaceAll(s, quote, quote+quote) + quote }
	backslashed := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	plain := s
	if l.backslashes {
		plain = strings.ReplaceAll(s, `\`, `\\`)
	}
	all := []string{doubled(plain, "'"), doubled(plain, `"`)}
	if l.backslashes {
		all = append(all, "'"+backslashed.Replace(s)+"'")
	}
	if l.escapeStrings {
		all = append(all, "E'"+backslashed.Replace(s)+"'", "e'"+backslashed.Replace(s)+"'")
	}
	if l.dollarQuotes && !strings.Contains(s+"$", "$zz$") {
		all = append(all, "$zz$"+s+"$zz$")
	}
	if l.backticks {
		all = append(all, doubled(s, "`"))
	}
	if l.brackets && !strings.Contains(s, "]") {
		all = append(all, "["+s+"]")
	}
	if !strings.Contains(s, "\n") {
		all = append(all, "-- "+s)
		if l.hashComments {
			all = append(all, "#"+s)
		}
	}
	if !strings.ContainsAny(s, "*/") {
		all = append(all, "/*"+s+"*/")
		if l.nestComments {
			all = append(all, "/*/*"+s+"*/*/")
		}
	}
	return all
}
