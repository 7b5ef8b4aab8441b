package service

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/databases"
)

// TestLoginsFromServers reads the user names of domains that the settings file lists
// from PostgreSQL and MariaDB: for a provider, for a domain alone, for an alias domain
// and for an address with a tag.
func TestLoginsFromServers(t *testing.T) {
	for driver, server := range map[string]func(testing.TB) *databases.Server{
		"postgres": func(t testing.TB) *databases.Server { return servers.PostgreSQL(t) },
		"mysql":    func(t testing.TB) *databases.Server { return servers.MariaDB(t) },
	} {
		t.Run(driver, func(t *testing.T) {
			db := server(t).NewDatabase(t)
			db.Exec(t,
				`CREATE TABLE mailboxes (address varchar(255) PRIMARY KEY, login varchar(255), active smallint NOT NULL)`,
				`INSERT INTO mailboxes VALUES ('anna@listed.example', 'web12p3', 1), ('anna@alone.example', 'web12p4', 1), ('off@listed.example', 'web12p5', 0),
					('null@listed.example', NULL, 1), ('bad@listed.example', '{bad}', 1), ('anna@plain.example', 'web12p6', 1), ('anna@xn--bcher-kva.example', 'web12p7', 1)`)
			h := start(t, fmt.Sprintf(`listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
providers:
  hoster:
    login: "{local}.{domain}"
    logins: names
    subaddress: "+"
    services: [{protocol: imap, host: imap.hoster.example}, {protocol: submission, host: smtp.hoster.example}]
  plain:
    login: "{local}.{domain}"
    services: [{protocol: imap, host: imap.hoster.example}, {protocol: submission, host: smtp.hoster.example}]
domains:
  listed.example: {provider: hoster}
  alias.example: {alias_of: listed.example}
  bücher.example: {provider: hoster}
  alone.example: {provider: plain, logins: names}
  plain.example: {provider: plain}
directory:
  - source: sql
    name: names
    driver: %s
    dsn: %q
    mailboxes: true
    public_logins: true
    queries: {mailbox: "SELECT address, login, active AS enabled FROM mailboxes WHERE address = {address}"}
`, driver, db.DSN))
			for address, want := range map[string]string{
				"anna@listed.example":      "web12p3",
				"anna+news@listed.example": "web12p3",
				"anna@alias.example":       "web12p3",
				"anna@bücher.example":      "web12p7",
				"anna@alone.example":       "web12p4",
				"anna@plain.example":       "%EMAILLOCALPART%.%EMAILDOMAIN%", // no source is asked
				"off@listed.example":       "off.listed.example",
				"null@listed.example":      "null.listed.example",
				"bad@listed.example":       "bad.listed.example",
				"nobody@listed.example":    "nobody.listed.example",
			} {
				resp, err := h.client.Get("http://" + h.svc.Addr("http") + "/mail/config-v1.1.xml?emailaddress=" + url.QueryEscape(address))
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				_, rest, _ := strings.Cut(string(body), "<username>")
				got, _, _ := strings.Cut(rest, "</username>")
				if resp.StatusCode != http.StatusOK || got != want {
					t.Errorf("%s: status %d, user name %q, want %q", address, resp.StatusCode, got, want)
				}
			}
		})
	}
}
