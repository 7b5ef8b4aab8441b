package service

import (
	"context"
	"crypto/rand"
	"maps"
	"math/big"
	"slices"
	"time"
	"weak"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

const (
	// leastPause is between two examinations, however many domains there are.
	leastPause = 10 * time.Second
	// firstPause is the longest pause in the first round: an operator wants to know soon.
	firstPause = time.Minute
)

// examineSometimes examines the domains of the settings file and some of the sources
// until ctx ends, one at a time, and each once in ops.examine_every. Order and pauses are
// random, so that replicas without a shared storage do not examine a domain at the same
// time.
func (s *Service) examineSometimes(ctx context.Context) {
	if s.options.Verdicts == nil {
		return
	}
	var (
		used     weak.Pointer[config.Config] // which may be many MiB, and the pauses long
		own, due []address.Domain
		round    int              // how many domains are examined in this round
		old      []address.Domain // of sources, whose verdicts those of this round replace
		last     = examined{}
		leads    bool // this is the replica that examines
	)
	defer func() {
		if leads {
			s.stopLeading(ctx)
		}
	}()
	for first := true; ; first = round == 0 || first && len(due) > 0 {
		now := s.current.Load()
		if weak.Make(now.cfg) != used {
			before := own
			used, own, due = weak.Make(now.cfg), ownDomains(now.cfg), nil
			last.keep(own, before, sampled(now.cfg) > 0)
			s.options.Metrics.Verdicts(last.counted())
		}
		if len(due) == 0 {
			for _, d := range old { // there were more of them
				delete(last, d)
			}
			due = shuffled(slices.Concat(own, now.sources.sample(sampled(now.cfg), now.cfg.Domains)))
			round, old = len(due), last.without(due)
		}
		pause := pauseFor(now.cfg.Ops.ExamineEvery, round, first)
		select {
		case <-time.After(pause/2 + time.Duration(below(int64(pause)))):
		case <-ctx.Done():
			return
		}
		if now = s.current.Load(); weak.Make(now.cfg) != used || len(due) == 0 {
			continue
		}
		if leads = leads || s.lead(ctx); !leads {
			continue
		}
		counted := len(last)
		s.examine(ctx, due[0], last)
		if _, listed := now.cfg.Domains[due[0]]; !listed && len(last) > counted && len(old) > 0 {
			delete(last, old[0])
			old = old[1:]
		}
		due = due[1:]
		s.options.Metrics.Verdicts(last.counted())
	}
}

const (
	// examining is the lock of the replica that examines, in a storage that others share.
	examining = "examinations"
	// leadTime is how long the lock is waited for; later it is tried again.
	leadTime = 2 * time.Second
)

// lead reports whether this replica examines from now on: it is the only one, as far as
// it knows, or has the lock until it ends.
func (s *Service) lead(ctx context.Context) bool {
	if !s.sharesStorage() {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, leadTime)
	defer cancel()
	err := s.certificates.Lock(ctx, examining)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("cannot lock the examinations", zap.Error(err))
	}
	return err == nil
}

// stopLeading lets another replica examine at once. Without it, the lock expires.
func (s *Service) stopLeading(ctx context.Context) {
	if !s.sharesStorage() {
		return
	}
	if err := s.certificates.Unlock(context.WithoutCancel(ctx), examining); err != nil {
		s.log.Warn("cannot unlock the examinations", zap.Error(err))
	}
}

func (s *Service) sharesStorage() bool { return s.certificates != nil && s.certificates.copied != nil }

// sampled returns how many domains of sources are examined in each round.
func sampled(cfg *config.Config) int {
	if cfg.Ops.ExamineEvery == 0 {
		return 0
	}
	return cfg.Ops.ExamineSources
}

// sample returns up to n domains that the sources know and that the file does not list,
// each as likely as any other. Only those that clients asked for are known here.
func (s *Sources) sample(n int, listed map[address.Domain]settings.Domain) []address.Domain {
	if n == 0 {
		return nil
	}
	var chosen []address.Domain
	found := 0
	for k := range s.lookup.Known() {
		if _, ok := listed[k.Domain]; ok || k.Local != "" || k.Record == nil || k.Record.Disabled {
			continue
		}
		found++
		if len(chosen) < n {
			chosen = append(chosen, k.Domain)
		} else if i := below(int64(found)); i < int64(n) {
			chosen[i] = k.Domain
		}
	}
	return chosen
}

func shuffled(domains []address.Domain) []address.Domain {
	all := slices.Clone(domains)
	for i := range all {
		j := i + int(below(int64(len(all)-i)))
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// below returns a random number from 0 to n-1.
func below(n int64) int64 {
	random, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		return 0 // it never fails
	}
	return random.Int64()
}

// pauseFor returns the mean pause between examinations, or looks at the settings.
func pauseFor(every time.Duration, domains int, first bool) time.Duration {
	if domains == 0 {
		return firstPause
	}
	pause := every / time.Duration(domains)
	if first {
		pause = min(pause, firstPause)
	}
	return max(pause, leastPause)
}

// ownDomains returns the domains of the file to examine, sorted.
func ownDomains(cfg *config.Config) []address.Domain {
	if cfg.Ops.ExamineEvery == 0 {
		return nil
	}
	var own []address.Domain
	for domain, d := range cfg.Domains {
		if d.Moved == nil && d.MovedTo == "" {
			own = append(own, domain)
		}
	}
	slices.Sort(own)
	return own
}

// examine examines one domain, and logs each client for which it is broken now.
func (s *Service) examine(ctx context.Context, domain address.Domain, last examined) {
	verdicts, findings, err := s.options.Verdicts(ctx, domain)
	if err != nil { // the last verdict stays
		s.options.Metrics.Examined("failed")
		s.log.Warn("cannot examine a domain", zap.String("domain", string(domain)), zap.Error(err))
		return
	}
	s.options.Metrics.Examined("done")
	if _, before := last[domain]; len(verdicts) == 0 && (!before || len(last[domain].verdicts) > 0) {
		s.log.Warn("cannot find a domain in DNS", zap.String("domain", string(domain)), zap.Strings("findings", findings))
	}
	var broken []string
	for client, verdict := range verdicts {
		if verdict == "broken" && last[domain].verdicts[client] != "broken" {
			broken = append(broken, client)
		}
	}
	if slices.Sort(broken); broken != nil {
		s.log.Warn("mail clients cannot set up a domain", zap.String("domain", string(domain)), zap.Strings("clients", broken),
			zap.Strings("findings", findings), zap.String("hint", "waymark doctor "+string(domain)+" tells why"))
	}
	last[domain] = examination{verdicts, findings}
}

// examined has the last examination of each domain.
type examined map[address.Domain]examination

type examination struct {
	verdicts map[string]string // by client
	findings []string
}

// keep forgets what new settings do not have: domains of the file before and not now,
// and those of sources unless these are examined. Both lists are sorted.
func (e examined) keep(own, before []address.Domain, sources bool) {
	maps.DeleteFunc(e, func(d address.Domain, _ examination) bool {
		_, listed := slices.BinarySearch(own, d)
		_, wasListed := slices.BinarySearch(before, d)
		return !listed && (wasListed || !sources)
	})
}

// without returns the domains that are not among others.
func (e examined) without(others []address.Domain) []address.Domain {
	rest := maps.Clone(e)
	for _, d := range others {
		delete(rest, d)
	}
	return slices.Collect(maps.Keys(rest))
}

// counted returns how many domains have a verdict or a finding.
func (e examined) counted() (domains map[telemetry.Verdict]int, findings map[string]int) {
	domains, findings = map[telemetry.Verdict]int{}, map[string]int{}
	for _, last := range e {
		for client, verdict := range last.verdicts {
			domains[telemetry.Verdict{Client: client, Verdict: verdict}]++
		}
		for _, id := range last.findings {
			findings[id]++
		}
	}
	return domains, findings
}
