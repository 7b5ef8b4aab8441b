package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dnslookup"
	"github.com/waymark-mail/waymark/internal/settings"
)

const (
	// examinationTime is shorter than that of a response.
	examinationTime  = 12 * time.Second
	examinationKept  = 5 * time.Minute
	examinationsKept = 100
	examinedAtOnce   = 3
)

// Examinations examines domains for many readers, a few at once, and keeps the
// reports for a while.
type Examinations struct {
	examine func(context.Context, address.Domain, []string) (Report, error)
	now     func() time.Time
	free    chan struct{} // a value for each that may begin

	mu   sync.Mutex
	kept map[address.Domain]kept
}

type kept struct {
	at     time.Time
	report func() (finished, error)
}

// finished is a report, and when it was.
type finished struct {
	Report
	at time.Time
}

// NewExaminations returns examinations from this machine, by a DNS server, or by the
// resolvers of the system without one.
func NewExaminations(now func() time.Time, servers ...netip.AddrPort) *Examinations {
	return newExaminations(now, fromOutside(now, servers))
}

func newExaminations(now func() time.Time, examine func(context.Context, address.Domain, []string) (Report, error)) *Examinations {
	e := &Examinations{examine: examine, now: now, free: make(chan struct{}, examinedAtOnce), kept: map[address.Domain]kept{}}
	for range examinedAtOnce {
		e.free <- struct{}{}
	}
	return e
}

// fromOutside examines a domain as anybody on the Internet can.
func fromOutside(now func() time.Time, servers []netip.AddrPort) func(context.Context, address.Domain, []string) (Report, error) {
	return func(ctx context.Context, d address.Domain, only []string) (Report, error) {
		resolver, err := dnslookup.New(servers...)
		if err != nil {
			return Report{}, &settings.Error{Kind: settings.Unavailable, Message: "this machine has no DNS resolver", Cause: err}
		}
		return Examine(ctx, Options{Domain: d, Resolver: resolver, Timeout: examinationTime, Only: only, Now: now()}), nil
	}
}

// JSON returns the report about a domain. Requests for a domain that is being examined
// wait for that report. The error is of kind Overloaded when too many others are being
// examined.
func (e *Examinations) JSON(ctx context.Context, d address.Domain) ([]byte, error) {
	report, err := e.of(ctx, d, nil)
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(report.Report)
	return append(encoded, '\n'), err
}

// Page returns the report about a domain as a page; "" for one that asks for a domain.
// The errors are those of JSON.
func (e *Examinations) Page(ctx context.Context, d address.Domain) ([]byte, error) {
	var report finished
	if d != "" {
		var err error
		if report, err = e.of(ctx, d, nil); err != nil {
			return nil, err
		}
	}
	var page bytes.Buffer
	err := report.WriteHTML(&page, HTMLOptions{At: report.at, Form: true})
	return page.Bytes(), err
}

// Verdicts returns the verdict of each client about a domain, and the ids of its errors
// and warnings, each once. The errors are those of JSON.
func (e *Examinations) Verdicts(ctx context.Context, d address.Domain) (verdicts map[string]string, findings []string, err error) {
	report, err := e.of(ctx, d, nil)
	if err != nil {
		return nil, nil, err
	}
	verdicts = map[string]string{}
	for _, v := range report.Verdicts {
		verdicts[v.Client] = string(v.Verdict)
	}
	for _, f := range report.Findings {
		if f.Severity != Info && !slices.Contains(findings, f.ID) {
			findings = append(findings, f.ID)
		}
	}
	return verdicts, findings, nil
}

// Clients returns what each client does, in their order, for strangers: it connects only
// to the servers that are given as "host:port". The errors are those of JSON. Reports are
// kept by domain alone, so do not mix it with the other methods.
func (e *Examinations) Clients(ctx context.Context, d address.Domain, only []string) ([]Verdict, error) {
	report, err := e.of(ctx, d, only)
	return report.Verdicts, err
}

func (e *Examinations) of(ctx context.Context, d address.Domain, only []string) (finished, error) {
	e.mu.Lock()
	known, ok := e.kept[d]
	if !ok || e.now().Sub(known.at) > examinationKept {
		select {
		case <-e.free:
		default:
			e.mu.Unlock()
			return finished{}, settings.Errorf(settings.Overloaded, "other domains are being examined; try again in a few seconds")
		}
		// It continues for others when this client goes away.
		ctx = context.WithoutCancel(ctx)
		known = kept{e.now(), sync.OnceValues(func() (finished, error) {
			defer func() { e.free <- struct{}{} }()
			report, err := e.examine(ctx, d, only)
			if err != nil {
				e.forget(d)
				return finished{}, err
			}
			return finished{report, e.now()}, nil
		})}
		e.keep(d, known)
	}
	e.mu.Unlock()
	return known.report()
}

// keep makes room first: the oldest report goes.
func (e *Examinations) keep(d address.Domain, k kept) {
	delete(e.kept, d)
	if len(e.kept) >= examinationsKept {
		var oldest address.Domain
		for domain, other := range e.kept {
			if oldest == "" || other.at.Before(e.kept[oldest].at) {
				oldest = domain
			}
		}
		delete(e.kept, oldest)
	}
	e.kept[d] = k
}

// forget lets the next request try again.
func (e *Examinations) forget(d address.Domain) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.kept, d)
}
