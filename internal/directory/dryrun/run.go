package dryrun

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// Source is a source that can list its domains. List calls yield with each of them, in
// any spelling. Its error is a source.NoListError if it cannot.
type Source interface {
	List(ctx context.Context, yield func(name string) error) error
	Domain(context.Context, address.Domain) (source.Record, error)
}

// Options are how a dry run looks up domains and what it calls, one call at a time.
type Options struct {
	Workers  int                                       // lookups at a time
	Usable   func(address.Domain, source.Record) error // the reason why a record cannot be used
	Fault    func(error)                               // for each domain that would fail
	Alike    func(message string)                      // for each group of domains that look alike
	Progress func(done, all int)                       // once in a while
}

const (
	// maxFailures is how many lookups may fail because of the source itself.
	maxFailures = 5
	// progressEvery is how many lookups pass between two reports.
	progressEvery = 500
)

// Run returns how many domains it looked up. The error says why it did not look up
// all of them.
func Run(ctx context.Context, src Source, o Options) (int, error) {
	listed := newNames()
	err := src.List(ctx, func(name string) error {
		d, err := address.ParseDomain(strings.TrimSpace(name))
		if err != nil {
			o.Fault(fmt.Errorf("lists %s, which no client can ask for: %w", shortened(name), err))
			return nil
		}
		return listed.add(d)
	})
	if err != nil {
		return 0, err
	}
	listed.sort()
	for group := range listed.alike() {
		o.Alike(message(group))
	}
	r := &run{src: src, Options: o, all: len(listed.entries)}
	ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	domains := make(chan address.Domain)
	var workers sync.WaitGroup
	for range max(o.Workers, 1) {
		workers.Go(func() {
			for d := range domains {
				r.look(ctx, d)
			}
		})
	}
	for d := range listed.all() {
		if ctx.Err() != nil {
			break
		}
		domains <- d
	}
	close(domains)
	workers.Wait()
	return r.done, context.Cause(ctx)
}

type run struct {
	Options
	src  Source
	all  int
	stop context.CancelCauseFunc

	mu             sync.Mutex
	done, failures int
}

// look looks up one domain.
func (r *run) look(ctx context.Context, d address.Domain) {
	record, err := r.src.Domain(ctx, d)
	r.mu.Lock()
	defer r.mu.Unlock()
	ofName := (*source.NameError)(nil)
	ofSource := err != nil && !errors.Is(err, source.ErrNotFound) && !errors.As(err, &ofName)
	switch {
	case errors.Is(err, source.ErrNotFound):
		err = errors.New("is listed, and the lookup does not find it" + spelling(d))
	case err == nil && !record.Disabled:
		err = r.Usable(d, record)
	}
	if ctx.Err() != nil {
		return // the error is that of the end
	}
	r.done++
	if err != nil {
		r.Fault(fmt.Errorf("domain %s: %w", d, err))
	}
	if ofSource {
		if r.failures++; r.failures == maxFailures {
			r.stop(fmt.Errorf("stopped after %d of %d domains, because %d lookups failed", r.done, r.all, maxFailures))
			return
		}
	}
	if r.done%progressEvery == 0 || r.done == r.all {
		r.Progress(r.done, r.all)
	}
}

// spelling names the form that lookups ask for, if a database may have the other.
func spelling(d address.Domain) string {
	if u := d.Unicode(); u != string(d) {
		return fmt.Sprintf(" in that form; it may have %s, and lookups with {domain} ask for A-labels", u)
	}
	return ""
}

func message(group []address.Domain) string {
	var all []string
	for _, d := range group {
		text := string(d)
		if u := d.Unicode(); u != text {
			text = fmt.Sprintf("%s (%s)", u, d)
		}
		all = append(all, text)
	}
	return "look alike for a database that ignores accents: " + strings.Join(all, ", ") + "; Waymark does not confuse them, but other programs that read the database may"
}

func shortened(name string) string {
	const most = 100
	if r := []rune(name); len(r) > most {
		name = string(r[:most]) + "..."
	}
	return fmt.Sprintf("%q", name)
}
