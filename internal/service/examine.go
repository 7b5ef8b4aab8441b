package service

import (
	"context"
	"crypto/rand"
	"maps"
	"math/big"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

const (
	// leastPause is between two examinations, however many domains there are.
	leastPause = 10 * time.Second
	// firstPause is the longest pause in the first round: an operator wants to know soon.
	firstPause = time.Minute
)

// examineSometimes examines the domains of the settings file until ctx ends, one at a
// time, and each once in ops.examine_every. Order and pauses are random, so that replicas
// do not examine a domain at the same time.
func (s *Service) examineSometimes(ctx context.Context) {
	if s.options.Verdicts == nil {
		return
	}
	var (
		used     *config.Config
		own, due []address.Domain
		last     = examined{}
	)
	for first := true; ; first = len(own) == 0 || first && len(due) > 0 {
		if cfg := s.current.Load().cfg; cfg != used {
			used, own = cfg, ownDomains(cfg)
			due = nil
			last.keep(own)
			s.options.Metrics.Verdicts(last.counted())
		}
		if len(due) == 0 {
			due = shuffled(own)
		}
		pause := pauseFor(used.Ops.ExamineEvery, len(own), first)
		select {
		case <-time.After(pause/2 + time.Duration(below(int64(pause)))):
		case <-ctx.Done():
			return
		}
		if s.current.Load().cfg != used || len(due) == 0 {
			continue
		}
		s.examine(ctx, due[0], last)
		due = due[1:]
		s.options.Metrics.Verdicts(last.counted())
	}
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

// keep forgets all domains but those, which are sorted.
func (e examined) keep(own []address.Domain) {
	maps.DeleteFunc(e, func(d address.Domain, _ examination) bool {
		_, found := slices.BinarySearch(own, d)
		return !found
	})
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
