package service

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
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

// TestAStranger asks for a hundred names a second of each bad kind, while customers
// ask for domains that are cached and that are not.
func TestAStranger(t *testing.T) {
	dsn, db := sqliteCustomers(t)
	db.Exec(t, `INSERT INTO customers WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) SELECT 'customer' || i || '.example', NULL, 1 FROM n`,
		`INSERT INTO customers WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) SELECT 'row' || i || '.example', 'not a host', 1 FROM n`)
	const head = `listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
trusted_proxies: ["127.0.0.1/32"]
limits: {unknown_per_minute: 0}
`
	sql := strings.Replace(onDatabase("sqlite", dsn, ""), "listen: \"127.0.0.1:0\"\nops: {listen: \"127.0.0.1:0\"}\n", head, 1)
	json := strings.Replace(sql, "domain = {domain}", "domain = {domain} AND json_extract(CASE WHEN {domain} LIKE 'odd%' THEN {domain} ELSE '1' END, '$') IS NOT NULL", 1)
	mx := head + fmt.Sprintf(`providers:
  hoster:
    mx: ["*.mail.example"]
    services: [{protocol: imap, host: imap.hoster.example}, {protocol: submission, host: smtp.hoster.example}]
directory: [{source: mx, resolvers: [%q], timeout: 500ms}]
`, zones(t))
	for _, tc := range []struct{ name, settings, prefix string }{
		{"SQL, unknown domains", sql, "unknown"},
		{"SQL, rows that cannot be read", sql, "row"},
		{"SQL, names that the database refuses", json, "odd"},
		{"MX, unknown domains", mx, "unknown"},
		{"MX, zones whose servers fail", mx, "lame"},
		{"MX, zones whose servers are silent", mx, "silent"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := start(t, tc.settings)
			from := func(client, domain string) int {
				r, err := http.NewRequest(http.MethodGet, "http://"+h.svc.Addr("http")+"/mail/config-v1.1.xml?emailaddress="+url.QueryEscape("anna@"+domain), nil)
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
			var all sync.WaitGroup
			for i := range 100 {
				all.Go(func() { from("203.0.113.9", fmt.Sprintf("%s%d.example", tc.prefix, i)) })
				for _, domain := range []string{fmt.Sprintf("customer%d.example", i), "customer0.example"} {
					if status := from("198.51.100.7", domain); status != http.StatusOK {
						t.Errorf("%s: %d", domain, status)
					}
				}
				time.Sleep(10 * time.Millisecond)
			}
			all.Wait()
		})
	}
}
