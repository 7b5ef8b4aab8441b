//go:build linux

package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite"

	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/certtest"
)

// serve starts a Waymark with a state directory.
func serve(binary, state, plain, encrypted string, settings []byte) (*process, error) {
	file := filepath.Join(state, "waymark.yaml")
	if err := os.WriteFile(file, settings, 0o600); err != nil {
		return nil, err
	}
	return start("waymark", plain, encrypted, []string{"STATE_DIRECTORY=" + state}, binary, "serve", "-c", file)
}

// since returns the CPU time of a request, of so many after a moment, and the memory in MB.
func (p *process) since(before time.Duration, requests int) (each time.Duration, memory float64, err error) {
	after, err := p.cpu()
	if err != nil {
		return 0, 0, err
	}
	held, err := p.memory()
	return (after - before) / time.Duration(requests), held * 1.048576, err
}

// requestsOfGrowth is how many requests a size is asked, at least.
const requestsOfGrowth = 20_000

// manyConnections keeps connections open, each with a request now and then.
func manyConnections(binary, dir string, size int) (each time.Duration, memory float64, err error) {
	address, err := freeAddress()
	if err != nil {
		return 0, 0, err
	}
	text := fmt.Appendf(nil, "listen: %q\nlog: {level: error}\nlimits: {requests_per_minute: 0, connections: 0}\n%s", address, manyDomains(1))
	p, err := serve(binary, dir, address, "", text)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	q := request{method: "GET", host: "customer-0.example", path: "/mail/config-v1.1.xml", status: 200}
	open := make([]*client, size)
	for i := range open {
		open[i] = &client{address: address, request: q, text: q.bytes()}
		defer open[i].close()
		if _, err := open[i].ask(0); err != nil {
			return 0, 0, err
		}
	}
	before, err := p.cpu()
	if err != nil {
		return 0, 0, err
	}
	rounds := (requestsOfGrowth + size - 1) / size
	for range rounds {
		for _, c := range open {
			if _, err := c.ask(0); err != nil {
				return 0, 0, err
			}
		}
	}
	return p.since(before, rounds*size)
}

// manyRows asks for the domains of a database in turn. Few of them stay cached; of many,
// each is new.
func manyRows(binary, dir string, size int) (each time.Duration, memory float64, err error) {
	file := filepath.Join(dir, fmt.Sprintf("domains-%d.db", size))
	if err := fillDatabase(file, size); err != nil {
		return 0, 0, err
	}
	address, err := freeAddress()
	if err != nil {
		return 0, 0, err
	}
	text := fmt.Appendf(nil, `listen: %q
log: {level: error}
ops: {listen: ""}
limits: {requests_per_minute: 0}
providers: {one: {services: [{protocol: imap, host: imap.example.net}, {protocol: submission, host: smtp.example.net}]}}
directory:
  - {source: sql, driver: sqlite, dsn: %q, provider: one, queries: {domain: "SELECT name AS domain FROM domains WHERE name = {domain}"}}
`, address, file)
	p, err := serve(binary, dir, address, "", text)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	q := request{method: "GET", host: "customer-" + varying + ".example", path: "/mail/config-v1.1.xml", status: 200}
	c := &client{address: address, request: q, text: q.bytes()}
	defer c.close()
	apart := max(1, size/requestsOfGrowth) // over the whole table
	before, err := p.cpu()
	if err != nil {
		return 0, 0, err
	}
	for i := range requestsOfGrowth {
		if _, err := c.ask(int64(i * apart % size)); err != nil {
			return 0, 0, err
		}
	}
	return p.since(before, requestsOfGrowth)
}

func fillDatabase(file string, rows int) (err error) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.Exec(`CREATE TABLE domains (name TEXT PRIMARY KEY) WITHOUT ROWID`)
	if err != nil {
		return err
	}
	_, err = db.Exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
INSERT INTO domains SELECT printf('customer-%08d.example', i) FROM n`, rows)
	return err
}

// manyCertificates shakes hands with each name once. The CPU time is that of all, and of
// the start: the certificates are loaded in the background.
func manyCertificates(binary, dir string, size int) (all time.Duration, memory float64, err error) {
	const authority = "https://acme.invalid/directory"
	ca, state := certtest.Authority("Growth Root", nil), filepath.Join(dir, fmt.Sprintf("state-%d", size))
	if err := acmetest.Fill(filepath.Join(state, "acme"), authority, &ca, size); err != nil {
		return 0, 0, err
	}
	plain, err := freeAddress()
	if err != nil {
		return 0, 0, err
	}
	encrypted, err := freeAddress()
	if err != nil {
		return 0, 0, err
	}
	text := fmt.Appendf(nil, `listen: %q
tls: {listen: %q, acme: {email: ops@example.org, directory: %q, check_dns: false}}
log: {level: error}
ops: {listen: ""}
limits: {requests_per_minute: 0}
providers: {one: {services: [{protocol: imap, host: imap.example.net}, {protocol: submission, host: smtp.example.net}]}}
domains:
`, plain, encrypted, authority)
	for i := range size {
		text = fmt.Appendf(text, "  name%d.example: {provider: one}\n", i)
	}
	p, err := serve(binary, state, plain, encrypted, text)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	for i := range size {
		q := request{method: "GET", host: acmetest.Name(i), path: "/mail/config-v1.1.xml", status: 200, encrypted: true, reconnect: true}
		if _, err := once(encrypted, q); err != nil {
			return 0, 0, err
		}
	}
	return p.since(0, 1)
}
