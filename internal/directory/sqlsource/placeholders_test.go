package sqlsource

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRewrite(t *testing.T) {
	for _, tc := range []struct {
		name, driver, query, want string
		values                    []string
	}{
		{"PostgreSQL counts", "postgres", "SELECT 1 FROM d WHERE a = {domain} OR b = {domain}", "SELECT 1 FROM d WHERE a = $1 OR b = $2", []string{"{domain}", "{domain}"}},
		{"MySQL does not", "mysql", "SELECT 1 FROM m WHERE a = {address} AND b={local}", "SELECT 1 FROM m WHERE a = ? AND b=?", []string{"{address}", "{local}"}},
		{"SQLite does not", "sqlite", "{domain_unicode}", "?", []string{"{domain_unicode}"}},
		{"next to everything", "sqlite", "({domain})+{local},{domain}\n", "(?)+?,?\n", []string{"{domain}", "{local}", "{domain}"}},
		{"nothing to do", "mysql", "SELECT 'a' , \"b\", `c` -- d", "SELECT 'a' , \"b\", `c` -- d", nil},

		{"a cast", "postgres", "SELECT {domain}::text, a::int", "SELECT $1::text, a::int", []string{"{domain}"}},
		{"an assignment", "mysql", "SELECT @a := 1, {domain}", "SELECT @a := 1, ?", []string{"{domain}"}},
		{"a system variable", "mysql", "SELECT @@version, {domain}", "SELECT @@version, ?", []string{"{domain}"}},
		{"a slice", "postgres", "SELECT a[1:2], {domain}", "SELECT a[1:2], $1", []string{"{domain}"}},
		{"JSON operators", "postgres", "SELECT a ? 'b', a #> '{c}', a @> b, {domain} # d", "SELECT a ? 'b', a #> '{c}', a @> b, $1 # d", []string{"{domain}"}},
		{"names with a dollar", "postgres", "SELECT a$b$, {domain}", "SELECT a$b$, $1", []string{"{domain}"}},

		{"two quotes are one", "sqlite", "SELECT 'it''s :x', {domain}", "SELECT 'it''s :x', ?", []string{"{domain}"}},
		{"a backslash is nothing", "sqlite", `SELECT '\', {domain}`, `SELECT '\', ?`, []string{"{domain}"}},
		{"a backslash is nothing for PostgreSQL", "postgres", `SELECT '\', {domain}`, `SELECT '\', $1`, []string{"{domain}"}},
		{"a backslash in an escape string", "postgres", `SELECT E'\':x', e'\\', {domain}`, `SELECT E'\':x', e'\\', $1`, []string{"{domain}"}},
		{"a name that ends in e", "postgres", `SELECT some'\', {domain}`, `SELECT some'\', $1`, []string{"{domain}"}},
		{"a backslash for MySQL", "mysql", `SELECT '\':x', "\":x", {domain}`, `SELECT '\':x', "\":x", ?`, []string{"{domain}"}},
		{"no backslash in backticks", "mysql", "SELECT `\\`, {domain}", "SELECT `\\`, ?", []string{"{domain}"}},
		{"quoted names", "postgres", `SELECT "a:b""c", {domain}`, `SELECT "a:b""c", $1`, []string{"{domain}"}},
		{"names in brackets", "sqlite", "SELECT [a:b]';]', [;], {domain}", "SELECT [a:b]';]', [;], ?", []string{"{domain}"}},
		{"dollar quotes", "postgres", "SELECT $$it's :x$$, $a$ $$ ; $a$, {domain}", "SELECT $$it's :x$$, $a$ $$ ; $a$, $1", []string{"{domain}"}},
		{"a colon in a word in quotes", "postgres", "SELECT 'mailto:address', 'a::domain', {domain}", "SELECT 'mailto:address', 'a::domain', $1", []string{"{domain}"}},

		{"a comment to the end of the line", "sqlite", "SELECT 1 -- :x ' ;\n, {domain}", "SELECT 1 -- :x ' ;\n, ?", []string{"{domain}"}},
		{"a comment to the end", "sqlite", "SELECT {domain} -- it's", "SELECT ? -- it's", []string{"{domain}"}},
		{"two minus signs", "mysql", "SELECT 5--{domain}", "SELECT 5--?", []string{"{domain}"}},
		{"a comment for MySQL", "mysql", "SELECT 5 # it's :x\n, 4 --\tit's\n, {domain}", "SELECT 5 # it's :x\n, 4 --\tit's\n, ?", []string{"{domain}"}},
		{"a block comment", "mysql", "SELECT /* it's :x /* ; */ {domain}", "SELECT /* it's :x /* ; */ ?", []string{"{domain}"}},
		{"a nested comment", "postgres", "SELECT /* /* :x */ ; */ {domain}", "SELECT /* /* :x */ ; */ $1", []string{"{domain}"}},
		{"a placeholder in a comment", "postgres", "SELECT {domain} -- '{domain}'", "SELECT $1 -- '{domain}'", []string{"{domain}"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, values, err := rewrite(tc.driver, tc.query, mailboxPlaceholders())
			if err != nil || got != tc.want || !slices.Equal(values, tc.values) {
				t.Errorf("got  %s %v, %v\nwant %s %v", got, values, err, tc.want, tc.values)
			}
		})
	}
}

func TestRewriteRefuses(t *testing.T) {
	const quotedDomain = "contains {domain} inside quotes; remove the quotes: values are bound as parameters (join text with || or CONCAT)"
	const semicolon = "contains a semicolon; write one statement without a semicolon at its end"
	const available = "{address}, {local}, {domain}, {domain_unicode}"
	for _, tc := range []struct{ name, driver, query, want string }{
		{"two statements", "postgres", "SELECT 1; DROP TABLE d", semicolon},
		{"a semicolon at the end", "mysql", "SELECT {domain};", semicolon},
		{"an unknown placeholder", "sqlite", "SELECT {domain_name}", "unknown placeholder {domain_name}; available here: " + available},
		{"a placeholder in upper case", "sqlite", "SELECT {Domain}", "unknown placeholder {Domain}; available here: " + available},
		{"a colon and a name", "postgres", "SELECT 1 FROM d WHERE a = :domain", "contains the parameter :domain; write {domain} instead"},
		{"a colon and another name", "mysql", "SELECT :name", "contains the parameter :name; write " + available + " instead"},
		{"a placeholder in quotes", "postgres", "SELECT 1 FROM d WHERE a = '{domain}'", quotedDomain},
		{"a part of quotes", "mysql", "SELECT 1 FROM d WHERE a LIKE '%@{domain}'", quotedDomain},
		{"double quotes", "mysql", `SELECT 1 FROM d WHERE a = "{domain}"`, quotedDomain},
		{"an escape string", "postgres", `SELECT E'{domain}'`, quotedDomain},
		{"dollar quotes", "postgres", `SELECT $${domain}$$`, quotedDomain},
		{"a bare parameter", "mysql", "SELECT ?", "contains the parameter ?; write " + available + " instead"},
		{"a numbered parameter", "postgres", "SELECT $1", "contains the parameter $1; write " + available + " instead"},
		{"a numbered parameter of SQLite", "sqlite", "SELECT ?12", "contains the parameter ?12; write " + available + " instead"},
		{"a colon and a number", "sqlite", "SELECT :1", "contains the parameter :1; write " + available + " instead"},
		{"a parameter with an at sign", "sqlite", "SELECT @domain", "contains the parameter @domain; write {domain} instead"},
		{"a parameter with a dollar", "sqlite", "SELECT $domain", "contains the parameter $domain; write {domain} instead"},
		{"an open quote", "sqlite", "SELECT 'a", "contains ' that is not closed"},
		{"an open quote behind a backslash", "mysql", `SELECT 'a\'`, "contains ' that is not closed"},
		{"an open bracket", "sqlite", "SELECT [a", "contains [ that is not closed"},
		{"an open comment", "postgres", "SELECT 1 /* /* */", "contains /* that is not closed"},
		{"half of a comment", "postgres", "SELECT 1 /*/", "contains /* that is not closed"},
		{"open dollar quotes", "postgres", "SELECT $a$ $$", "contains $a$ that is not closed"},
		{"a NUL", "postgres", "SELECT 1\x00", "contains a NUL character"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, _, err := rewrite(tc.driver, tc.query, mailboxPlaceholders())
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %q, %v\nwant %s", got, err, tc.want)
			}
		})
	}
}

// FuzzRewrite checks any query: every placeholder becomes one parameter, nothing
// else changes, and quoted text and comments are copied as they are.
func FuzzRewrite(f *testing.F) {
	for _, s := range []string{
		"SELECT 1 FROM d WHERE a = {domain}", "it's", `\`, "a::b := c", "$$ $a$ ' $a$", "-- \n{local}", "/* /* */", "[", "`", `E'\''`, "?1 @a #", "--{domain}", "e'", "$1", "\x00;",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, driver := range []string{"postgres", "mysql", "sqlite"} {
			got, values, err := rewrite(driver, s, mailboxPlaceholders())
			if err != nil && (got != "" || values != nil) || err == nil && restore(got, s, values) != s {
				t.Fatalf("%s: %q became %q with %q, %v", driver, s, got, values, err)
			}
			if !utf8.ValidString(s) {
				if err == nil {
					t.Fatalf("%s: %q is not UTF-8 and is accepted", driver, s)
				}
				continue
			}
			for _, literal := range literals(driver, s) {
				q := "SELECT {domain}, " + literal + "\n, {domain}"
				got, values, err := rewrite(driver, q, domainPlaceholders())
				if err != nil && strings.Contains(err.Error(), "inside quotes") && strings.Contains(s, "{") {
					continue
				}
				if err != nil || len(values) != 2 || restore(got, q, values) != q || !strings.Contains(got, literal) {
					t.Fatalf("%s: %q became %q with %q, %v", driver, q, got, values, err)
				}
			}
		}
	})
}

// restore puts the placeholders back where got differs from the query.
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
		back.WriteString(values[n])
		got = strings.TrimPrefix(got, parameter)
		n++
	}
	return back.String()
}

// literals returns s in each kind of quotes and comments of a database that can
// contain it.
func literals(driver, s string) []string {
	doubled := func(s, quote string) string { return quote + strings.ReplaceAll(s, quote, quote+quote) + quote }
	escaped := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s)
	plain := s
	var all []string
	switch driver {
	case "postgres":
		all = []string{"E'" + escaped + "'", "e'" + escaped + "'"}
		if !strings.Contains(s+"$", "$zz$") {
			all = append(all, "$zz$"+s+"$zz$")
		}
		if !strings.ContainsAny(s, "*/") {
			all = append(all, "/*/*"+s+"*/*/")
		}
	case "mysql":
		plain = strings.ReplaceAll(s, `\`, `\\`)
		all = []string{"'" + escaped + "'", doubled(s, "`")}
		if !strings.Contains(s, "\n") {
			all = append(all, "#"+s)
		}
	case "sqlite":
		all = []string{doubled(s, "`")}
		if !strings.Contains(s, "]") {
			all = append(all, "["+s+"]")
		}
	}
	all = append(all, doubled(plain, "'"), doubled(plain, `"`))
	if !strings.Contains(s, "\n") {
		all = append(all, "-- "+s)
	}
	if !strings.ContainsAny(s, "*/") {
		all = append(all, "/*"+s+"*/")
	}
	return all
}
