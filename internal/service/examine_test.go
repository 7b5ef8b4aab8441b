package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/waymark-mail/waymark/internal/acme"
	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/directory/lookup"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// selfChecked is a Service that examines its domains every day of simulated time.
type selfChecked struct {
	*Service
	mu       sync.Mutex
	asked    []address.Domain
	verdicts map[address.Domain]string // of Outlook; others work
	logs     *observer.ObservedLogs
}

func (c *selfChecked) use(every time.Duration, domains ...address.Domain) {
	cfg := &config.Config{Ops: config.Ops{ExamineEvery: every}, Domains: map[address.Domain]settings.Domain{
		"moved.example": {MovedTo: "one.example"}, "away.example": {Moved: &settings.MovedError{}},
	}}
	for _, d := range domains {
		cfg.Domains[d] = settings.Domain{}
	}
	c.current.Store(&state{cfg: cfg})
}

func (c *selfChecked) examineOne(_ context.Context, d address.Domain) (map[string]string, []string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, d)
	switch c.verdicts[d] {
	case "":
		return map[string]string{"outlook": "works", "thunderbird": "works"}, nil, nil
	case "gone":
		return nil, []string{"domain-not-found"}, nil
	case "unknown":
		return nil, nil, errors.New("no resolver")
	}
	return map[string]string{"outlook": c.verdicts[d], "thunderbird": "works"}, []string{"tls-name-mismatch"}, nil
}

// become changes what is found about domains.
func (c *selfChecked) become(verdict string, domains ...address.Domain) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range domains {
		c.verdicts[d] = verdict
	}
}

// examined returns the domains that were examined, in that order.
func (c *selfChecked) examined() []address.Domain {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

func (c *selfChecked) want(t *testing.T, name string, lines ...string) {
	t.Helper()
	text := ""
	for _, line := range lines {
		text += name + line + "\n"
	}
	if n := testutil.CollectAndCount(c.options.Metrics.Registry(), name); n != len(lines) {
		t.Errorf("%s has %d values, want %d", name, n, len(lines))
	}
	if len(lines) == 0 {
		return
	}
	families, err := c.options.Metrics.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			text = fmt.Sprintf("# HELP %s %s\n# TYPE %s %s\n", name, f.GetHelp(), name, strings.ToLower(f.GetType().String())) + text
		}
	}
	if err := testutil.GatherAndCompare(c.options.Metrics.Registry(), strings.NewReader(text), name); err != nil {
		t.Error(err)
	}
}

func selfCheck(t *testing.T, test func(t *testing.T, c *selfChecked)) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		c := &selfChecked{Service: &Service{log: zap.New(core)}, verdicts: map[address.Domain]string{}, logs: logs}
		c.options = Options{Metrics: telemetry.NewMetrics("", ""), Verdicts: c.examineOne}
		c.use(24*time.Hour, "one.example", "two.example", "three.example")
		ctx, cancel := context.WithCancel(t.Context())
		go c.examineSometimes(ctx)
		test(t, c)
		cancel()
		synctest.Wait()
	})
}

// TestOwnDomainsAreExamined pins that each domain is examined soon after the start, then
// once a day, and that the metrics have the last verdicts.
func TestOwnDomainsAreExamined(t *testing.T) {
	selfCheck(t, func(t *testing.T, c *selfChecked) {
		c.become("broken", "two.example")
		time.Sleep(5 * time.Minute)
		if first := slices.Sorted(slices.Values(c.examined())); !slices.Equal(first, []address.Domain{"one.example", "three.example", "two.example"}) {
			t.Errorf("after 5 minutes: %s", first)
		}
		c.want(t, "waymark_doctor_domains", `{client="outlook",verdict="broken"} 1`, `{client="outlook",verdict="works"} 2`, `{client="thunderbird",verdict="works"} 3`)
		c.want(t, "waymark_doctor_findings", `{id="tls-name-mismatch"} 1`)
		time.Sleep(9 * 24 * time.Hour)
		if n := len(c.examined()); n < 3*7 || n > 3*12 {
			t.Errorf("%d examinations in ten days of three domains", n)
		}
		told := c.logs.FilterMessage("mail clients cannot set up a domain").All()
		if len(told) != 1 || told[0].ContextMap()["domain"] != "two.example" || fmt.Sprint(told[0].ContextMap()["clients"]) != "[outlook]" {
			t.Errorf("logged %v", told)
		}
		c.become("gone", "three.example")
		time.Sleep(4 * 24 * time.Hour)
		if told := c.logs.FilterMessage("cannot find a domain in DNS").All(); len(told) != 1 || told[0].ContextMap()["domain"] != "three.example" {
			t.Errorf("logged %v", told)
		}
		c.want(t, "waymark_doctor_findings", `{id="domain-not-found"} 1`, `{id="tls-name-mismatch"} 1`)
		c.become("", "two.example", "three.example")
		time.Sleep(4 * 24 * time.Hour)
		c.want(t, "waymark_doctor_domains", `{client="outlook",verdict="works"} 3`, `{client="thunderbird",verdict="works"} 3`)
		c.want(t, "waymark_doctor_findings")
	})
}

// TestAFailedExaminationSaysNothing pins that the last verdict stays.
func TestAFailedExaminationSaysNothing(t *testing.T) {
	selfCheck(t, func(t *testing.T, c *selfChecked) {
		c.become("broken", "one.example")
		time.Sleep(5 * time.Minute)
		c.become("unknown", "one.example", "two.example", "three.example")
		time.Sleep(48 * time.Hour)
		c.want(t, "waymark_doctor_domains", `{client="outlook",verdict="broken"} 1`, `{client="outlook",verdict="works"} 2`, `{client="thunderbird",verdict="works"} 3`)
		if c.logs.FilterMessage("cannot examine a domain").Len() == 0 {
			t.Error("nothing is logged")
		}
	})
}

// TestExaminationsFollowTheSettings pins what a reload changes: domains that are gone
// count no more, and without ops.examine_every nothing is examined.
func TestExaminationsFollowTheSettings(t *testing.T) {
	selfCheck(t, func(t *testing.T, c *selfChecked) {
		time.Sleep(5 * time.Minute)
		c.use(24*time.Hour, "one.example", "four.example")
		time.Sleep(48 * time.Hour)
		c.want(t, "waymark_doctor_domains", `{client="outlook",verdict="works"} 2`, `{client="thunderbird",verdict="works"} 2`)
		c.use(0, "one.example", "four.example")
		time.Sleep(48 * time.Hour)
		before := len(c.examined())
		time.Sleep(10 * 24 * time.Hour)
		if after := len(c.examined()); after != before {
			t.Errorf("%d examinations that nobody wants", after-before)
		}
		c.want(t, "waymark_doctor_domains")
		c.use(24*time.Hour, "five.example")
		time.Sleep(5 * time.Minute)
		c.want(t, "waymark_doctor_domains", `{client="outlook",verdict="works"} 1`, `{client="thunderbird",verdict="works"} 1`)
	})
}

// TestDomainsOfSourcesAreSampled pins that each round examines some of the domains that
// clients asked the sources for, other ones in the next round, and that the metrics never
// count more.
func TestDomainsOfSourcesAreSampled(t *testing.T) {
	selfCheck(t, func(t *testing.T, c *selfChecked) {
		const customers, sampled = 40, 5
		known := lookup.New(lookup.Options{Cache: source.Cache{Stale: 365 * 24 * time.Hour}, Sources: []lookup.Named{{Name: "customers", Source: anyCustomer{}}}})
		t.Cleanup(known.Close)
		ask := func(d address.Domain) { _, _ = known.Domain(t.Context(), d) } // of unknown.example nothing is known
		for i := range customers {
			ask(address.Domain(fmt.Sprintf("customer-%d.example", i)))
		}
		ask("unknown.example")
		ask("disabled.example")
		use := func(n int) {
			c.use(24*time.Hour, "one.example", "two.example")
			now := *c.current.Load()
			now.cfg.Ops.ExamineSources, now.sources = n, &Sources{lookup: known}
			c.current.Store(&now)
		}
		use(sampled)
		c.become("broken", "one.example")
		for range 10 {
			time.Sleep(24 * time.Hour)
			if total := c.total(t, "waymark_doctor_domains", "outlook"); total != 2+sampled {
				t.Errorf("the metrics count %d domains", total)
			}
		}
		asked := slices.Compact(slices.Sorted(slices.Values(c.examined())))
		others := slices.DeleteFunc(asked, func(d address.Domain) bool {
			return strings.HasPrefix(string(d), "customer-") || d == "one.example" || d == "two.example" || d == "three.example"
		})
		if n := len(asked); n < 3+3*sampled || len(others) > 0 {
			t.Errorf("%d domains examined in ten rounds, and %q", n, others)
		}
		use(customers)
		time.Sleep(4 * 24 * time.Hour)
		if total := c.total(t, "waymark_doctor_domains", "outlook"); total != 2+customers {
			t.Errorf("the metrics count %d domains, want all", total)
		}
		use(0)
		time.Sleep(time.Hour)
		if total := c.total(t, "waymark_doctor_domains", "outlook"); total != 2 {
			t.Errorf("the metrics count %d domains that nobody examines", total)
		}
	})
}

// anyCustomer knows customers, and one that is disabled.
type anyCustomer struct{}

func (anyCustomer) Domain(_ context.Context, d address.Domain) (source.Record, error) {
	if d == "unknown.example" {
		return source.Record{}, source.ErrNotFound
	}
	return source.Record{Disabled: d == "disabled.example"}, nil
}

func (anyCustomer) Mailbox(context.Context, address.Address) (source.Record, error) {
	return source.Record{}, source.ErrNotFound
}

// total adds up the values of a metric for one client.
func (c *selfChecked) total(t *testing.T, name, client string) int {
	t.Helper()
	families, err := c.options.Metrics.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == client {
				sum += m.GetGauge().GetValue()
			}
		}
	}
	return int(sum)
}

// oneLock is a storage that replicas share, of which only the lock is used.
type oneLock struct {
	acme.Storage
	free chan struct{}
}

func (l oneLock) Lock(ctx context.Context, name string) error {
	select {
	case <-l.free:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cannot lock %s: %w", name, ctx.Err())
	}
}

func (l oneLock) Unlock(context.Context, string) error {
	l.free <- struct{}{}
	return nil
}

// TestOneReplicaExamines pins that of replicas with a shared storage one examines, that
// another takes over when it ends, and that the storage of a single instance decides
// nothing.
func TestOneReplicaExamines(t *testing.T) {
	selfCheck(t, func(t *testing.T, _ *selfChecked) {
		shared := oneLock{free: make(chan struct{}, 1)}
		shared.free <- struct{}{}
		replica := func(kept *storage) (c *selfChecked, stop func()) {
			core, logs := observer.New(zap.InfoLevel)
			c = &selfChecked{Service: &Service{log: zap.New(core), certificates: kept}, verdicts: map[address.Domain]string{}, logs: logs}
			c.options = Options{Metrics: telemetry.NewMetrics("", ""), Verdicts: c.examineOne}
			c.use(24*time.Hour, "one.example", "two.example", "three.example")
			ctx, cancel := context.WithCancel(t.Context())
			go c.examineSometimes(ctx)
			return c, cancel
		}
		one, stopOne := replica(&storage{Storage: shared, copied: shared})
		time.Sleep(5 * time.Minute)
		two, stopTwo := replica(&storage{Storage: shared, copied: shared})
		alone, stopAlone := replica(&storage{Storage: shared})
		time.Sleep(4 * 24 * time.Hour)
		if len(one.examined()) < 3*3 || len(two.examined()) > 0 || len(alone.examined()) < 3*3 {
			t.Errorf("examined %q, %q and %q", one.examined(), two.examined(), alone.examined())
		}
		two.want(t, "waymark_doctor_domains")
		stopOne()
		time.Sleep(10 * time.Minute)
		if got := slices.Sorted(slices.Values(two.examined())); !slices.Equal(got, []address.Domain{"one.example", "three.example", "two.example"}) {
			t.Errorf("10 minutes later: %q", got)
		}
		stopTwo()
		stopAlone()
		synctest.Wait()
		if len(shared.free) != 1 {
			t.Error("nobody examines, and the lock is held")
		}
	})
}

// TestManyDomainsTakeLonger pins the shortest pause.
func TestManyDomainsTakeLonger(t *testing.T) {
	for _, tc := range []struct {
		every   time.Duration
		domains int
		first   bool
		want    time.Duration
	}{
		{24 * time.Hour, 1, true, time.Minute},
		{24 * time.Hour, 1, false, 24 * time.Hour},
		{24 * time.Hour, 24, false, time.Hour},
		{24 * time.Hour, 1_000_000, false, 10 * time.Second},
		{time.Hour, 1_000_000, true, 10 * time.Second},
		{0, 0, false, time.Minute},
	} {
		if got := pauseFor(tc.every, tc.domains, tc.first); got != tc.want {
			t.Errorf("%d domains in %s: %s, want %s", tc.domains, tc.every, got, tc.want)
		}
	}
}
