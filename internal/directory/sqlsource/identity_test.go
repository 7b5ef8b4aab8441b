package sqlsource

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// TestRowsAboutAnotherName has a database that takes müller for muller. A query
// that returns the name gets only the rows about it.
func TestRowsAboutAnotherName(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		e.exec(t,
			"CREATE TABLE customer (name VARCHAR(255) NOT NULL, provider VARCHAR(64))",
			"INSERT INTO customer VALUES ('müller.example', 'umlaut'), ('muller.example', 'plain'), ('MULLER.example', 'plain'), ('bücher.example', 'books')",
			"CREATE TABLE box (address VARCHAR(255) NOT NULL, login VARCHAR(64))",
			"INSERT INTO box VALUES ('änna@muller.example', 'web1'), ('anna@müller.example', 'web2'), ('ben@müller.example', 'web3')",
		)
		loose := func(column, value string) string { // as MariaDB compares by default
			if e.driver == "mysql" {
				return column + " = " + value
			}
			for _, pair := range []string{"üu", "äa"} {
				letters := []rune(pair)
				column = fmt.Sprintf("replace(%s, '%c', '%c')", column, letters[0], letters[1])
			}
			return "lower(" + column + ") = " + value
		}
		s := e.source(t, "SELECT name AS domain, provider FROM customer WHERE "+loose("name", "{domain}"), "SELECT address, login FROM box WHERE "+loose("address", "{address}"))
		for domain, want := range map[address.Domain]string{"muller.example": "plain", "bucher.example": "", "unknown.example": ""} {
			got, err := s.Domain(t.Context(), domain)
			if got.Provider != want || (want == "") != errors.Is(err, source.ErrNotFound) {
				t.Errorf("%s: %+v, %v; want %q", domain, got, err, want)
			}
		}
		for local, want := range map[string]string{"anna": "", "ben": ""} {
			got, err := s.Mailbox(t.Context(), address.Address{Local: local, Domain: "muller.example"})
			if got.Login != want || !errors.Is(err, source.ErrNotFound) {
				t.Errorf("%s: %+v, %v", local, got, err)
			}
		}
	})
}

// TestRowsThatAgree accepts a domain that is listed once per server.
func TestRowsThatAgree(t *testing.T) {
	everyEngine(t, func(t *testing.T, e engine) {
		e.exec(t, "CREATE TABLE customer (name VARCHAR(255) NOT NULL, provider VARCHAR(64), host VARCHAR(64))")
		for i := range maxRows + 1 {
			e.exec(t, fmt.Sprintf("INSERT INTO customer VALUES ('many.example', 'hoster', 'mail%d.example')", i))
		}
		e.exec(t, "INSERT INTO customer VALUES ('two.example', 'hoster', 'mail1.example'), ('two.example', 'hoster', 'mail2.example')")
		hosted(t, e.source(t, "SELECT provider FROM customer WHERE name = {domain}", ""), "two.example")
		for query, want := range map[string]string{
			"SELECT provider, host AS imap_host FROM customer WHERE name = {domain} AND name = 'two.example'": "returned rows that differ in the column imap_host; make the condition stricter",
			"SELECT provider FROM customer WHERE {domain} = 'two.example' AND name = 'many.example'":          "returned more than 100 rows; make the condition stricter or add LIMIT 1",
		} {
			err := lookUp(t, e.source(t, query, ""), "two.example")
			if err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%s: %v", query, err)
			}
		}
	})
}
