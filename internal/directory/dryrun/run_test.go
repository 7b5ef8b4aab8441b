package dryrun

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// listed is a source that lists these names and looks them up with domain.
type listed struct {
	names  []string
	domain func(context.Context, address.Domain) (source.Record, error)
}

func (l listed) List(_ context.Context, yield func(string) error) error {
	for _, name := range l.names {
		if err := yield(name); err != nil {
			return err
		}
	}
	return nil
}

func (l listed) Domain(ctx context.Context, d address.Domain) (source.Record, error) {
	return l.domain(ctx, d)
}

// outcome is what a run reports.
type outcome struct {
	faults, alike []string
	done, all     int
}

func start(ctx context.Context, src Source) (outcome, int, error) {
	var o outcome
	n, err := Run(ctx, src, Options{
		Workers: 8,
		Usable: func(_ address.Domain, r source.Record) error {
			if r.Provider == "unknown" {
				return errors.New("column provider: unknown provider")
			}
			return nil
		},
		Fault:    func(err error) { o.faults = append(o.faults, err.Error()) },
		Alike:    func(text string) { o.alike = append(o.alike, text) },
		Progress: func(done, all int) { o.done, o.all = done, all },
	})
	slices.Sort(o.faults)
	slices.Sort(o.alike)
	return o, n, err
}

func numbered(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("c%d.example", i))
	}
	return all
}

func TestRun(t *testing.T) {
	var lookups atomic.Int64
	o, n, err := start(t.Context(), listed{append(numbered(1000), "C7.example", " c8.example ", "broken.example", "bücher.example", "", "a b", "off.example", "provider.example"), func(_ context.Context, d address.Domain) (source.Record, error) {
		lookups.Add(1)
		switch d {
		case "broken.example":
			return source.Record{}, source.BrokenRow(errors.New("column imap_port: wrong"))
		case "xn--bcher-kva.example":
			return source.Record{}, source.ErrNotFound
		case "off.example":
			return source.Record{Disabled: true, Provider: "unknown"}, nil
		case "provider.example":
			return source.Record{Provider: "unknown"}, nil
		}
		return source.Record{}, nil
	}})
	if err != nil || n != 1004 || lookups.Load() != 1004 || o.done != 1004 || o.all != 1004 {
		t.Errorf("%d domains, %d lookups, %d of %d, %v", n, lookups.Load(), o.done, o.all, err)
	}
	want := []string{
		"domain broken.example: column imap_port: wrong",
		"domain provider.example: column provider: unknown provider",
		"domain xn--bcher-kva.example: is listed, and the lookup does not find it in that form; it may have bücher.example, and lookups with {domain} ask for A-labels",
		`lists "", which no client can ask for: the domain is empty`,
		`lists "a b", which no client can ask for: the domain is not a valid name`,
	}
	if !slices.Equal(o.faults, want) {
		t.Errorf("%q", o.faults)
	}
}

// TestADeadSourceEndsTheRun: a source that is down is not asked a million times.
func TestADeadSourceEndsTheRun(t *testing.T) {
	o, n, err := start(t.Context(), listed{numbered(10_000), func(_ context.Context, d address.Domain) (source.Record, error) {
		if d == "c1.example" {
			return source.Record{}, source.OfName(errors.New("too long")) // does not count
		}
		return source.Record{}, errors.New("the server cannot be reached")
	}})
	if err == nil || !strings.Contains(err.Error(), "of 10000 domains, because 5 lookups failed") || n > 6 || len(o.faults) != n {
		t.Errorf("%d, %v, %q", n, err, o.faults)
	}
}

func TestACancelledRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, n, err := start(ctx, listed{numbered(10_000), func(ctx context.Context, _ address.Domain) (source.Record, error) {
		cancel()
		return source.Record{}, ctx.Err()
	}})
	if !errors.Is(err, context.Canceled) || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
}

// TestAlike pins what a database or a registry may confuse.
func TestAlike(t *testing.T) {
	for names, want := range map[string]string{
		"muller.example müller.example MÜLLER.example":                          "muller.example, müller.example (xn--mller-kva.example)",
		"strasse.example straße.example":                                        "strasse.example, straße.example (xn--strae-oqa.example)",
		"a.example a.example A.example":                                         "",
		"a.example b.example":                                                   "",
		"løk.example lok.example łok.example":                                   "lok.example, løk.example (xn--lk-lka.example), łok.example (xn--ok-wqa.example)",
		"e.example é.example è.example ê.example ë.example ē.example ė.example": "e.example, ",
	} {
		o, _, err := start(t.Context(), listed{strings.Fields(names), func(context.Context, address.Domain) (source.Record, error) { return source.Record{}, nil }})
		got := strings.Join(o.alike, "|")
		if err != nil || want == "" && got != "" || want != "" && (!strings.Contains(got, want) || strings.Contains(got, "|")) || strings.Count(got, "(xn--") > maxAlike-1 {
			t.Errorf("%s: %q, %v", names, got, err)
		}
	}
}

// BenchmarkNames reports what a million names take.
func BenchmarkNames(b *testing.B) {
	all := numbered(1_000_000)
	b.ReportAllocs()
	for b.Loop() {
		n := newNames()
		for _, name := range all {
			if err := n.add(address.Domain(name)); err != nil {
				b.Fatal(err)
			}
		}
		n.sort()
		b.ReportMetric(float64(cap(n.text)+16*cap(n.entries))/float64(len(all)), "octets/name")
	}
}
