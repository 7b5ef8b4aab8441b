package service

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// zones is a DNS resolver whose zones fail by their names.
func zones(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	server := &dns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		reply, name := new(dns.Msg).SetReply(r), r.Question[0].Name
		reply.RecursionAvailable = true
		switch {
		case strings.HasPrefix(name, "silent"):
			return
		case strings.HasPrefix(name, "lame"):
			reply.Rcode = dns.RcodeServerFailure
		case strings.HasPrefix(name, "customer"):
			reply.Answer = []dns.RR{&dns.MX{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeMX, Class: dns.ClassINET, Ttl: 60}, Preference: 10, Mx: "mx1.mail.example."}}
		default:
			reply.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(reply)
	})}
	done := make(chan error, 1)
	go func() { done <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		_ = server.Shutdown()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return conn.LocalAddr().String()
}

const strangersHead = `listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
trusted_proxies: ["127.0.0.1/32"]
limits: {unknown_per_minute: 0}
`

// forStrangers returns settings that let one client ask for as many unknown names as
// it likes.
func forStrangers(settings string) string {
	_, rest, _ := strings.Cut(settings, "ops: {listen: \"127.0.0.1:0\"}\n")
	return strangersHead + rest
}

// TestAStranger asks for a hundred names a second of each bad kind, while customers
// ask for domains that are cached and that are not.
func TestAStranger(t *testing.T) {
	dsn, db := sqliteCustomers(t)
	db.Exec(t, `INSERT INTO customers WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) SELECT 'customer' || i || '.example', NULL, 1 FROM n`,
		`INSERT INTO customers WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) SELECT 'row' || i || '.example', 'not a host', 1 FROM n`)
	sql := forStrangers(onDatabase("sqlite", dsn, ""))
	json := strings.Replace(sql, "domain = {domain}", "domain = {domain} AND json_extract(CASE WHEN {domain} LIKE 'odd%' THEN {domain} ELSE '1' END, '$') IS NOT NULL", 1)
	mx := strangersHead + fmt.Sprintf(`providers:
  hoster:
    mx: ["*.mail.example"]
    services: [{protocol: imap, host: imap.hoster.example}, {protocol: submission, host: smtp.hoster.example}]
directory: [{source: mx, resolvers: [%q], timeout: 6s}]
`, zones(t))
	for _, tc := range []stranger{
		{"SQL, unknown domains", sql, "anna@unknown%d.example"},
		{"SQL, rows that cannot be read", sql, "anna@row%d.example"},
		{"SQL, names that the database refuses", json, "anna@odd%d.example"},
		{"MX, unknown domains", mx, "anna@unknown%d.example"},
		{"MX, zones whose servers fail", mx, "anna@lame%d.example"},
		{"MX, zones whose servers are silent", mx, "anna@silent%d.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.ask(t, 100)
		})
	}
}

// stranger asks for addresses of one bad kind.
type stranger struct{ name, settings, address string }

// ask asks for a hundred addresses a second, so many in all, while somebody else
// asks for domains that are cached and that are not. Those get their settings.
func (s stranger) ask(t *testing.T, requests int) {
	t.Helper()
	h := start(t, s.settings)
	from := func(client, address string) int {
		r, err := http.NewRequest(http.MethodGet, "http://"+h.svc.Addr("http")+"/mail/config-v1.1.xml?emailaddress="+url.QueryEscape(address), nil)
		if err != nil {
			t.Error(err)
			return 0
		}
		r.Header.Set("X-Forwarded-For", client)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Error(err)
			return 0
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	var strangers sync.WaitGroup
	strangers.Go(func() {
		for i := range requests {
			strangers.Go(func() { from("203.0.113.9", strings.ReplaceAll(s.address, "%d", strconv.Itoa(i))) })
			time.Sleep(10 * time.Millisecond)
		}
	})
	answered := make(chan struct{})
	go func() { strangers.Wait(); close(answered) }()
	// Failures of a source are noted when lookups end, so others ask until the last
	// stranger has an answer.
	for i := 0; ; i++ {
		domains := []string{"customer0.example"}
		if i%10 == 9 { // rarely, since each one that is found ends a row of failures
			domains = append(domains, fmt.Sprintf("customer%d.example", i%1000))
		}
		for _, domain := range domains {
			if status := from("198.51.100.7", "anna@"+domain); status != http.StatusOK {
				t.Errorf("%s: %d", domain, status)
			}
		}
		select {
		case <-answered:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}
