package sqlsource

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/databases"
	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// TestTLSToTheServer checks settings with each value of the key tls, on servers with a
// certificate for localhost and on one without. The authorities of the system are
// read once for each process, so Waymark runs as one of its own.
func TestTLSToTheServer(t *testing.T) {
	binary, dir := waymark.Binary(t), t.TempDir()
	ours, others := certtest.Authority("Test CA", nil), certtest.Authority("Another CA", nil)
	trusted, untrusted := ours.WriteCert(t, dir, "ours.pem"), others.WriteCert(t, dir, "others.pem")
	server := ours.Server("localhost")
	certificate := databases.Certificate{Cert: server.CertPEM(), Key: server.KeyPEM()}
	const (
		noTLS     = "the server does not support TLS, which the dsn or the key tls requires"
		wrongCA   = "the server's certificate is not trusted: tls: failed to verify certificate: x509: certificate signed by unknown authority"
		wrongName = "the server's certificate is not trusted: tls: failed to verify certificate: x509: "
	)
	for _, driver := range []struct {
		name, version string // and the query that returns how a connection is encrypted
		with, without *databases.Server
	}{
		{"postgres", `SELECT CASE WHEN ssl THEN 1 ELSE 0 END AS enabled FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND {domain} <> ''`, databases.StartPostgreSQLWithTLS(t, certificate), servers.PostgreSQL(t)},
		{"mysql", `SELECT VARIABLE_VALUE <> '' AS enabled FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_cipher' AND {domain} <> ''`, databases.StartMariaDBWithTLS(t, certificate), servers.MariaDB(t)},
	} {
		for _, tc := range []struct {
			name, host, tls, authorities string
			server                       *databases.Server
			want                         string // "" for a connection with TLS
		}{
			{"require", "localhost", "require", trusted, driver.with, ""},
			{"require does not verify", "127.0.0.1", "require", untrusted, driver.with, ""},
			{"verify-full", "localhost", "verify-full", trusted, driver.with, ""},
			{"another authority", "localhost", "verify-full", untrusted, driver.with, wrongCA},
			{"another name", "127.0.0.1", "verify-full", trusted, driver.with, wrongName},
			{"require, a server without TLS", "localhost", "require", trusted, driver.without, noTLS},
			{"verify-full, a server without TLS", "localhost", "verify-full", trusted, driver.without, noTLS},
			{"off", "localhost", "off", trusted, driver.with, "unknown"},
		} {
			t.Run(driver.name+", "+tc.name, func(t *testing.T) {
				db := tc.server.NewDatabase(t)
				_, port, _ := strings.Cut(tc.server.Address(), ":")
				file := filepath.Join(t.TempDir(), "waymark.yaml")
				textfile.Write(t, file, fmt.Sprintf(`providers:
  one:
    services: [{protocol: imap, host: imap.example.net}, {protocol: submission, host: smtp.example.net}]
cache: {snapshot: false}
directory:
  - {source: sql, driver: %s, host: %s, port: %s, database: %s, user: %s, password: %s, tls: %s, provider: one, timeout: 30s, queries: {domain: "%s"}}
`, driver.name, tc.host, port, db.Name, map[string]string{"postgres": "postgres", "mysql": "admin"}[driver.name], databases.Password, tc.tls, driver.version))
				run := func(arguments ...string) (string, bool) {
					cmd := exec.Command(binary, append(arguments, "-c", file)...)
					cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+tc.authorities, "SSL_CERT_DIR="+dir+"/none")
					out, err := cmd.CombinedOutput()
					if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
						t.Fatal(err)
					}
					return string(out), err == nil
				}
				out, fine := run("check")
				switch tc.want {
				case "", "unknown": // whether it is known says whether the connection is encrypted
					if !fine {
						t.Fatal(out)
					}
					if out, known := run("render", "settings", "anna@example.com"); known != (tc.want == "") {
						t.Error(out)
					}
				default:
					if fine || !strings.Contains(out, "sql: "+tc.want) {
						t.Error(out)
					}
				}
			})
		}
	}
}
