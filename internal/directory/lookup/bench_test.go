package lookup

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

func TestACachedAnswerAllocatesNothing(t *testing.T) {
	f := new(fake).knows("p", "d.example")
	f.mailboxes = map[address.Address]source.Record{mailboxAt("anna"): {Login: "web1p1"}}
	l := open(t, Options{}, f)
	for name, put := range map[string]func(){
		"known domain":    func() { _, _ = l.Domain(t.Context(), "d.example") },
		"unknown domain":  func() { _, _ = l.Domain(t.Context(), "unknown.example") },
		"known mailbox":   func() { _, _ = l.Mailbox(t.Context(), "a", mailboxAt("anna")) },
		"unknown mailbox": func() { _, _ = l.Mailbox(t.Context(), "a", mailboxAt("otto")) },
	} {
		put()
		if n := testing.AllocsPerRun(1000, put); n >= 1 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkCached(b *testing.B) {
	f := new(fake).knows("p", "d.example")
	f.mailboxes = map[address.Address]source.Record{mailboxAt("anna"): {Login: "web1p1"}}
	l := open(b, Options{Cache: source.Cache{Fresh: time.Hour, Unknown: time.Hour}}, f)
	ctx := b.Context()
	for name, put := range map[string]func(){
		"domain":  func() { _, _ = l.Domain(ctx, "d.example") },
		"unknown": func() { _, _ = l.Domain(ctx, "unknown.example") },
		"mailbox": func() { _, _ = l.Mailbox(ctx, "a", mailboxAt("anna")) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				put()
			}
		})
	}
}

// million knows a million domains without holding them.
type million struct{}

func (million) Domain(_ context.Context, d address.Domain) (source.Record, error) {
	return source.Record{Provider: "hoster", Canonical: d, Name: "Customer " + string(d)}, nil
}

func (million) Mailbox(context.Context, address.Address) (source.Record, error) {
	return source.Record{}, source.ErrNotFound
}

// BenchmarkZipf asks about a million domains as often as people do, and
// reports what the process holds after it, and the rate of misses.
func BenchmarkZipf(b *testing.B) {
	var misses int
	l := New(Options{
		Sources: []Named{{Name: "sql", Source: million{}}},
		Cache:   source.Cache{Fresh: time.Hour},
		Asked:   func(string, string) { misses++ }, // one question at a time
	})
	defer l.Close()
	names := make([]address.Domain, 1_000_000)
	for i := range names {
		names[i] = address.Domain(fmt.Sprintf("customer-%d.example", i))
	}
	held := heap()
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 1, uint64(len(names)-1))
	questions := 0
	b.ReportAllocs()
	for b.Loop() {
		_, _ = l.Domain(b.Context(), names[zipf.Uint64()])
		questions++
	}
	b.ReportMetric(float64(heap()-held)/1e6, "MB-held")
	b.ReportMetric(100*float64(misses)/float64(questions), "%-asked")
	b.ReportMetric(float64(l.domains.known.EstimatedSize()), "entries")
	runtime.KeepAlive(names)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
