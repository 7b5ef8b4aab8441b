package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/dnstest"
)

// TestExaminationsAreKept pins that a domain is examined once in five minutes, however
// many people ask.
func TestExaminationsAreKept(t *testing.T) {
	now, examined := time.Now(), atomic.Int64{}
	release := make(chan struct{})
	e := newExaminations(func() time.Time { return now }, func(_ context.Context, d address.Domain, _ []string) (Report, error) {
		examined.Add(1)
		<-release
		return Report{Domain: string(d)}, nil
	})
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if got, err := e.JSON(t.Context(), "example.com"); err != nil || !strings.Contains(string(got), `"domain":"example.com"`) {
				t.Errorf("%s, %v", got, err)
			}
			if got, err := e.Page(t.Context(), "example.com"); err != nil || !strings.Contains(string(got), "<h1>Mail set-up of example.com</h1>") {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
	close(release)
	all.Wait()
	if n := examined.Load(); n != 1 {
		t.Errorf("examined %d times", n)
	}
	now = now.Add(examinationKept + time.Second)
	if _, err := e.of(t.Context(), "example.com", nil); err != nil || examined.Load() != 2 {
		t.Errorf("an old report is shown: %v", err)
	}
	for i := range 2 * examinationsKept {
		if _, err := e.of(t.Context(), address.Domain(fmt.Sprintf("d%d.example", i)), nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(e.kept) != examinationsKept {
		t.Errorf("%d reports are kept", len(e.kept))
	}
	page, err := e.Page(t.Context(), "")
	if err != nil || !strings.Contains(string(page), "<form") || strings.Contains(string(page), "Findings") {
		t.Errorf("%v: %s", err, page)
	}
}

// TestExaminationsAtOnce: no more than a few domains are examined at a time, and one
// whose client went away still ends.
func TestExaminationsAtOnce(t *testing.T) {
	release, begun := make(chan struct{}), make(chan struct{}, examinedAtOnce)
	e := newExaminations(time.Now, func(ctx context.Context, d address.Domain, _ []string) (Report, error) {
		begun <- struct{}{}
		<-release
		return Report{Domain: string(d)}, ctx.Err()
	})
	gone, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range examinedAtOnce {
		all.Go(func() {
			if _, err := e.of(gone, address.Domain(fmt.Sprintf("d%d.example", i)), nil); err != nil {
				t.Error(err)
			}
		})
	}
	for range examinedAtOnce {
		<-begun
	}
	cancel()
	if _, err := e.of(t.Context(), "one.example", nil); settings.KindOf(err) != settings.Overloaded {
		t.Errorf("one more is examined: %v", err)
	}
	close(release)
	all.Wait()
	if _, err := e.of(t.Context(), "one.example", nil); err != nil {
		t.Error(err)
	}
}

// TestExaminationFails: a failure is the answer, and does not keep its place.
func TestExaminationFails(t *testing.T) {
	failed := errors.New("no resolver")
	e := newExaminations(time.Now, func(context.Context, address.Domain, []string) (Report, error) { return Report{}, failed })
	for i := range 2 * examinedAtOnce {
		if _, err := e.of(t.Context(), address.Domain(fmt.Sprintf("d%d.example", i)), nil); !errors.Is(err, failed) {
			t.Error(err)
		}
	}
	if len(e.kept) > 0 {
		t.Errorf("%d failures are kept", len(e.kept))
	}
}

// TestVerdicts pins what a report becomes in short.
func TestVerdicts(t *testing.T) {
	e := newExaminations(time.Now, func(context.Context, address.Domain, []string) (Report, error) {
		return Report{
			Verdicts: []Verdict{{Client: "outlook", Verdict: Broken}, {Client: "thunderbird", Verdict: Works}},
			Findings: []Finding{{ID: "one", Severity: Error}, {ID: "two", Severity: Warning}, {ID: "one", Severity: Error}, {ID: "three", Severity: Info}},
		}, nil
	})
	verdicts, findings, err := e.Verdicts(t.Context(), "example.com")
	if err != nil || fmt.Sprint(verdicts, findings) != "map[outlook:broken thunderbird:works] [one two]" {
		t.Errorf("%v, %v, %v", verdicts, findings, err)
	}
}

// TestStrangersConnectOnlyToNamedServers pins that an examination for strangers connects to
// the given servers alone, and that a record which leads elsewhere is a finding.
func TestStrangersConnectOnlyToNamedServers(t *testing.T) {
	w := newWorld(t)
	w.dns.Remove("_imap._tcp.example.com")
	w.dns.Add(t, "_imap._tcp.example.com. IN SRV 10 1 143 dav.example.com.")
	connected := atomic.Bool{}
	w.answers["https://dav.example.com"] = func(rw http.ResponseWriter, r *http.Request) {
		connected.Store(true)
		http.NotFound(rw, r)
	}
	w.options.Only = []string{
		"example.com:443", "autoconfig.example.com:443", "autodiscover.example.com:443", "ua-auto-config.example.com:443", "mta-sts.example.com:443",
		"waymark.example.net:443", "imap.example.com:993", "imap.example.com:995", "imap.example.com:4190", "smtp.example.com:465", "smtp.example.com:587",
	}
	report := w.examine()
	var found []string
	for _, f := range report.Findings {
		found = append(found, f.ID+" "+f.Where)
	}
	if !slices.Contains(found, "server-not-named imap dav.example.com:143") || connected.Load() {
		t.Errorf("found %q, and connected is %t", found, connected.Load())
	}
	for _, v := range report.Verdicts {
		if v.Client == "Thunderbird" && v.Verdict == Broken {
			t.Errorf("%+v", v)
		}
	}
}

// TestClients pins that strangers get the verdicts, and that the servers reach the
// examination.
func TestClients(t *testing.T) {
	e := newExaminations(time.Now, func(_ context.Context, _ address.Domain, only []string) (Report, error) {
		return Report{Verdicts: []Verdict{{Client: fmt.Sprint(only), Verdict: Broken, Findings: []string{"one"}}}}, nil
	})
	if got, err := e.Clients(t.Context(), "example.com", []string{"a:1"}); err != nil || fmt.Sprint(got) != "[{[a:1] broken [one] []}]" {
		t.Errorf("%v, %v", got, err)
	}
}

// TestResolverOfExaminations pins that the given DNS server is asked.
func TestResolverOfExaminations(t *testing.T) {
	dns := dnstest.Start(t, "one.example. IN MX 10 mx.one.example.")
	e := NewExaminations(time.Now, dns.Addr)
	for domain, want := range map[address.Domain]bool{"one.example": true, "two.example": false} {
		verdicts, findings, err := e.Verdicts(t.Context(), domain)
		if err != nil || (len(verdicts) > 0) != want || slices.Contains(findings, "domain-not-found") == want {
			t.Errorf("%s: %v, %q, %v", domain, verdicts, findings, err)
		}
	}
}
