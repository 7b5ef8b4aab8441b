package service

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/directory/dryrun"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// DryRun is how the lookups of the domains of one source went.
type DryRun struct {
	Source  string `json:"source"`
	Domains int    `json:"domains"` // looked up
	Failed  int    `json:"failed"`  // of those, or of the names that are listed
	// NotChecked is the reason why no domain was looked up; "" for none.
	NotChecked string `json:"not_checked,omitempty"`
}

// maxFaults bounds the findings about the domains of one source, errors and warnings
// each.
const maxFaults = 1000

// CheckDomains looks up every domain that the sources list, one source after the
// other. progress is called with the name of the source now and then. name is that of
// the settings file, for the findings.
func CheckDomains(ctx context.Context, name string, cfg *config.Config, progress func(source string, done, all int)) ([]DryRun, config.Findings) {
	c := &checks{file: name}
	var runs []DryRun
	for _, src := range cfg.Directory {
		runs = append(runs, c.domains(ctx, cfg, src, progress))
	}
	return runs, c.findings
}

// domains looks up the domains of one source.
func (c *checks) domains(ctx context.Context, cfg *config.Config, src config.Source, progress func(string, int, int)) DryRun {
	result := DryRun{Source: src.Name}
	opened, _, workers, err := open(src)
	if err == nil {
		defer func() { _ = opened.Close() }() // nothing is written
		err = opened.Check(ctx)
	}
	if err != nil { // which is a finding of CheckFiles
		result.NotChecked = "the source does not work"
		return result
	}
	lister, ok := opened.(dryrun.Source)
	if !ok {
		result.NotChecked = "DNS cannot list them"
		return result
	}
	var faults, alike []string
	directory := (&Sources{}).Directory(cfg, nil)
	keep := func(all *[]string, n int, text string) {
		if n <= maxFaults {
			*all = append(*all, text)
		}
	}
	groups := 0
	result.Domains, err = dryrun.Run(ctx, lister, dryrun.Options{
		Workers: workers,
		Usable:  func(_ address.Domain, r source.Record) error { return directory.Usable(src.Name, &r) },
		Fault: func(err error) {
			result.Failed++
			keep(&faults, result.Failed, err.Error())
		},
		Alike: func(text string) {
			groups++
			keep(&alike, groups, text)
		},
		Progress: func(done, all int) { progress(src.Name, done, all) },
	})
	cannot := source.NoListError("")
	switch {
	case errors.As(err, &cannot):
		result.NotChecked = string(cannot)
	case err != nil:
		c.fail(src.Line, src.Key, fmt.Errorf("not every domain was looked up: %w", err))
	}
	slices.Sort(faults)
	for _, text := range faults {
		c.fail(src.Line, src.Key, errors.New(text))
	}
	if more := result.Failed - len(faults); more > 0 {
		c.fail(src.Line, src.Key, fmt.Errorf("%d more domains would fail", more))
	}
	c.warn(src.Line, src.Key, alike...)
	if more := groups - len(alike); more > 0 {
		c.warn(src.Line, src.Key, fmt.Sprintf("%d more groups of domains look alike", more))
	}
	return result
}
