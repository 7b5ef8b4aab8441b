package scale

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/databases"
	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

const million = 1_000_000

// hoster fills a PostgreSQL server with a million domains, of which one in ten is an
// alias and one in ten has a mailbox, and returns the settings for it.
func hoster(t *testing.T, db databases.Database) string {
	t.Helper()
	begun := time.Now()
	db.Exec(t,
		`CREATE TABLE servers (id int PRIMARY KEY, host text NOT NULL)`,
		`CREATE TABLE plans (id int PRIMARY KEY, brand text, active boolean NOT NULL)`,
		`CREATE TABLE customers (id int NOT NULL, domain text NOT NULL, server int NOT NULL, plan int NOT NULL, alias_of int)`,
		`CREATE TABLE mailboxes (address text NOT NULL, login text NOT NULL)`,
		`INSERT INTO servers SELECT i, 'mail' || i || '.hoster.example' FROM generate_series(0, 63) i`,
		`INSERT INTO plans SELECT i, CASE WHEN i > 0 THEN 'Plan ' || i END, i < 9 FROM generate_series(0, 9) i`,
		`INSERT INTO customers SELECT i, 'customer-' || i || '.example', i % 64, i % 9, CASE WHEN i % 10 = 9 THEN i - 1 END FROM generate_series(0, 999999) i`,
		`INSERT INTO mailboxes SELECT 'anna@customer-' || i || '.example', 'web' || i || 'p1' FROM generate_series(0, 999999, 10) i`,
		`ALTER TABLE customers ADD PRIMARY KEY (id)`, `CREATE UNIQUE INDEX ON customers (domain)`, `ALTER TABLE mailboxes ADD PRIMARY KEY (address)`,
		`ANALYZE`)
	t.Logf("the database is full after %.1f s", time.Since(begun).Seconds())
	return fmt.Sprintf(`listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
trusted_proxies: ["127.0.0.1/32"]
limits: {requests_per_minute: 0, unknown_per_minute: 0, unknown_per_second: 0}
log: {level: error}
providers:
  hoster:
    services: [{protocol: imap, host: imap.hoster.example}, {protocol: submission, host: smtp.hoster.example}]
directory:
  - source: sql
    driver: postgres
    dsn: %q
    provider: hoster
    mailboxes: true
    public_logins: true
    queries:
      domain: |
        SELECT c.domain, s.host AS mail_host, p.brand AS display_name, p.active AS enabled, t.domain AS canonical_domain
        FROM customers c JOIN servers s ON s.id = c.server JOIN plans p ON p.id = c.plan LEFT JOIN customers t ON t.id = c.alias_of
        WHERE c.domain = {domain}
      mailbox: SELECT address, login FROM mailboxes WHERE address = {address}
`, db.DSN)
}

// service is a Waymark whose state is kept between its starts.
type service struct {
	t    *testing.T
	file string
	cmd  *exec.Cmd
	log  *programs.Log
	done chan error
	http string
}

// start starts Waymark and returns how long it takes until it listens.
func (s *service) start() time.Duration {
	s.t.Helper()
	s.log, s.done = &programs.Log{}, make(chan error, 1)
	s.cmd = exec.Command(waymark.Binary(s.t), "serve", "-c", s.file)
	s.cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+filepath.Dir(s.file))
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	begun := time.Now()
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	cmd, done := s.cmd, s.done
	go func() { done <- cmd.Wait() }()
	s.t.Cleanup(func() { _ = cmd.Process.Kill() })
	for time.Since(begun) < time.Minute {
		resp, err := http.Get("http://" + s.http + "/mail/config-v1.1.xml?emailaddress=" + url.QueryEscape("anna@customer-0.example"))
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				s.t.Fatalf("the first answer is %s\n%s", resp.Status, s.log)
			}
			return time.Since(begun)
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatalf("Waymark does not answer:\n%s", s.log)
	return 0
}

func (s *service) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := <-s.done; err != nil {
		s.t.Fatalf("%v\n%s", err, s.log)
	}
}

// memory returns how much memory Waymark has in RAM, and the most that it ever had,
// in MB.
func (s *service) memory() (now, peak float64) {
	s.t.Helper()
	text := textfile.Read(s.t, fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	for name, into := range map[string]*float64{"VmRSS": &now, "VmHWM": &peak} {
		_, rest, _ := strings.Cut(text, "\n"+name+":")
		var kB float64
		if _, err := fmt.Sscanf(rest, "%f kB", &kB); err != nil {
			s.t.Fatal(err)
		}
		*into = kB * 1024 / 1e6
	}
	return now, peak
}

// ask asks for the settings of an address and returns the status.
func (s *service) ask(client *http.Client, domain string) int {
	resp, err := client.Get("http://" + s.http + "/mail/config-v1.1.xml?emailaddress=" + url.QueryEscape("anna@"+domain))
	if err != nil {
		s.t.Error(err)
		return 0
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode
}

func customer(i int) string { return fmt.Sprintf("customer-%d.example", i) }

// TestAMillionDomains measures a Waymark whose million domains are in PostgreSQL: its
// start, new lookups, its memory under load, and a start while the database is down.
// The limits are those of a busy machine; docs/performance.md has the figures of a
// quiet one.
func TestAMillionDomains(t *testing.T) {
	waymark.Binary(t)
	server := databases.StartPostgreSQL(t)
	dir := t.TempDir()
	address := "127.0.0.1:" + programs.FreePort(t)
	s := &service{t: t, file: filepath.Join(dir, "waymark.yaml"), http: address}
	textfile.Write(t, s.file, strings.Replace(hoster(t, server.NewDatabase(t)), `listen: "127.0.0.1:0"`, fmt.Sprintf("listen: %q", address), 1))

	s.start() // makes the signing identity
	s.stop()
	quickest := time.Hour
	for range 3 {
		quickest = min(quickest, s.start())
		s.stop()
	}
	t.Logf("from start to the first answer: %d ms", quickest.Milliseconds())
	if quickest > time.Second {
		t.Error("a start takes more than a second")
	}

	s.start()
	var took []time.Duration
	client := &http.Client{}
	for i := range 5000 {
		begun := time.Now()
		if status := s.ask(client, customer(i*7919%million/10*10+1)); status != http.StatusOK {
			t.Fatalf("status %d\n%s", status, s.log)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	median, p99 := took[len(took)/2], took[len(took)*99/100]
	t.Logf("a new lookup: median %.2f ms, p99 %.2f ms", median.Seconds()*1000, p99.Seconds()*1000)
	if p99 > 100*time.Millisecond {
		t.Error("the p99 of a new lookup is more than 100 ms")
	}

	refused, asked := s.load(200_000)
	now, peak := s.memory()
	t.Logf("after %d requests: %.0f MB of memory, at most %.0f MB", asked, now, peak)
	if refused > 0 {
		t.Errorf("%d of %d requests got no answer", refused, asked)
	}
	if now > 200 {
		t.Error("more than 200 MB of memory")
	}

	known := func(i int) string { return customer(i * 7919 % million) } // asked most often
	for i := range 500 {
		s.ask(client, known(i))
	}
	s.stop()
	server.Kill(t)
	took = nil
	down := s.start()
	for i := range 500 {
		begun := time.Now()
		if status := s.ask(client, known(i)); status != http.StatusOK {
			t.Fatalf("%s, with the database down: status %d\n%s", known(i), status, s.log)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	t.Logf("without the database: the first answer after %d ms, then median %.2f ms", down.Milliseconds(), took[len(took)/2].Seconds()*1000)
	s.stop()
}

// load asks for domains as often as words are used (Zipf), and one in ten times for
// an unknown one. It returns how many requests got neither settings nor 404.
func (s *service) load(requests int) (refused, asked int64) {
	var wrong, n atomic.Int64
	var all sync.WaitGroup
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	for worker := range 8 {
		all.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			zipf := rand.NewZipf(random, 1.1, 1, million-1)
			for i := 0; ctx.Err() == nil && n.Add(1) <= int64(requests); i++ {
				domain := customer(int(zipf.Uint64()) * 7919 % million)
				if random.IntN(10) == 0 {
					domain = fmt.Sprintf("nobody-%d-%d.example", worker, i)
				}
				if status := s.ask(client, domain); status != http.StatusOK && status != http.StatusNotFound {
					wrong.Add(1)
				}
			}
		})
	}
	all.Wait()
	return wrong.Load(), min(n.Load(), int64(requests))
}
