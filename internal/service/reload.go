package service

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/terminal"
)

// reloadPatience is how long the caller of Reload waits. Reading a file takes
// files.Patience at most, but the file system can also hold up a look at a link.
const reloadPatience = 30 * time.Second

// Reload reads the settings, the identity and the certificates again. The new
// settings take effect as a whole. If they have an error, the old ones stay in use,
// and the same holds for the pair of a key and its certificate. Reload returns what
// it refused, a line for each error, nil on success; the log and the reload metrics
// report the same. Reloads run one after the other. When one does not end, Reload
// returns and reports a failure, and so do the next ones: only one of them ever
// waits for a file system.
func (s *Service) Reload() (refused []string) { return s.reloadWithin(reloadPatience, false) }

// changed reloads after a change or a signal, whose errors only the log can report.
func (s *Service) changed() { s.Reload() }

// reloadWithin is Reload with another patience. force accepts settings that lack
// many domains.
func (s *Service) reloadWithin(patience time.Duration, force bool) []string {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	done := make(chan []string, 1)
	select {
	case s.reloading <- struct{}{}:
		go func() {
			defer func() { <-s.reloading }()
			done <- s.reload(force)
		}()
	case <-timer.C:
		return s.keepOld(errors.New("the previous reload has not ended: a file system does not answer"))
	case <-s.stopping:
		return stopped()
	}
	select {
	case refused := <-done:
		return refused
	case <-timer.C:
		return s.keepOld(fmt.Errorf("it takes longer than %s: a file system does not answer", patience))
	case <-s.stopping:
		return stopped()
	}
}

func stopped() []string { return []string{"Waymark is stopping"} }

// reload returns what it refused.
func (s *Service) reload(force bool) []string {
	s.tell(s.options.Manager.Reloading)
	defer s.tell(s.options.Manager.Ready)
	refused := s.reloadSettings(force)
	refused = append(s.reloadCertificates(), refused...)
	if refused == nil {
		s.options.Metrics.Reloaded(s.options.Now())
	}
	return refused
}

// reloadSettings returns what it refused.
func (s *Service) reloadSettings(force bool) (refused []string) {
	cfg, findings := s.options.Load()
	s.logFindings(findings)
	if findings.HasErrors() {
		s.keepOld(errors.New("the settings have errors"))
		for _, f := range findings {
			if !f.Warning {
				refused = append(refused, terminal.Line(f.String()))
			}
		}
		return refused
	}
	defer s.watchAlso(cfg)
	if err := checkProfiles(cfg); err != nil {
		return s.keepOld(err)
	}
	if err := guardDomains(s.current.Load().cfg, cfg); err != nil && !force {
		return s.keepOld(err)
	}
	ids, refused, err := s.identitiesFor(cfg)
	if err != nil {
		return append(refused, s.keepOld(err)...)
	}
	sources, err := s.sourcesFor(cfg)
	if err != nil {
		return append(refused, s.keepOld(fmt.Errorf("directory: %w", err))...)
	}
	s.warnWhatNeedsRestart(cfg)
	old := s.current.Load().sources
	s.use(state{cfg: cfg, identities: ids, sources: sources})
	if old != sources {
		s.retire(old)
	}
	s.log.Info("settings reloaded", zap.Int("domains", len(cfg.Domains)))
	return refused
}

// watchAlso watches the files of the current settings, and those of settings that were just
// read: they may have been refused because a certificate does not exist yet.
func (s *Service) watchAlso(read *config.Config) {
	if err := s.watcher.Replace(append(filesOf(s.current.Load().cfg), filesOf(read)...), read.Included); err != nil {
		s.log.Error("cannot watch files for changes; send SIGHUP after a change", zap.Error(err))
	}
}

// sourcesFor returns the sources for new settings: the current ones, with their
// caches, if the settings of the sources are unchanged. Cached entries are then
// refreshed before their next use. Changed sources must answer first, and the
// current ones stay in use until they do.
func (s *Service) sourcesFor(cfg *config.Config) (*Sources, error) {
	old := s.current.Load().sources
	if old.serves(cfg) {
		old.changed("")
		return old, nil
	}
	next, err := OpenSources(cfg, s.options.Metrics, s.log)
	if err != nil {
		return nil, err
	}
	if err := next.prove(old); err != nil {
		s.reloadAgain()
		return nil, errors.Join(fmt.Errorf("a changed source does not answer: %w", err), next.Close())
	}
	next.remember(old)
	close(next.usable)
	return next, nil
}

// reloadAgain repeats the reload: the new password of a source may reach the
// settings before the database.
func (s *Service) reloadAgain() {
	if !s.retrying.CompareAndSwap(false, true) {
		return
	}
	time.AfterFunc(retryReload, func() {
		s.retrying.Store(false)
		select {
		case <-s.stopping:
		default:
			s.Reload()
		}
	})
}

// retire closes sources once the requests that may use them have finished.
func (s *Service) retire(old *Sources) {
	time.AfterFunc(drain, func() {
		if err := old.Close(); err != nil {
			s.log.Warn("cannot close old connections", zap.Error(err))
		}
	})
}

func (s *Service) keepOld(err error) []string {
	return s.refuse("reload failed; old settings stay in force", err)
}

// refuse reports that a part of a reload failed, and returns the lines about it.
func (s *Service) refuse(message string, err error) []string {
	s.options.Metrics.ReloadFailed()
	s.log.Error(message, zap.Error(err))
	return strings.Split(terminal.Lines(err.Error()), "\n")
}

// warnWhatNeedsRestart logs the changed keys that are only read at the start.
func (s *Service) warnWhatNeedsRestart(next *config.Config) {
	old := s.current.Load().cfg
	for key, changed := range map[string]bool{
		"listen":             old.Listen != next.Listen,
		"ops.listen":         old.Ops.Listen != next.Ops.Listen,
		"ops.resolver":       old.Ops.Resolver != next.Ops.Resolver,
		"limits.connections": old.Limits.Connections != next.Limits.Connections,
		"tls":                !sameListener(old.TLS, next.TLS),
		"log":                old.Log != next.Log,
		"tracing":            !reflect.DeepEqual(old.Tracing, next.Tracing),
	} {
		if changed {
			s.log.Warn("change requires a restart", zap.String("key", key))
		}
	}
}

// filesOf lists every file of the settings whose change triggers a reload.
func filesOf(cfg *config.Config) []string {
	files := append([]string(nil), cfg.Files...)
	for _, from := range configured(cfg) {
		if from != nil && from.ACME == "" {
			files = append(files, from.CertFile, from.KeyFile)
		}
	}
	if cfg.TLS != nil {
		for _, f := range cfg.TLS.Files {
			files = append(files, f.CertFile, f.KeyFile)
		}
	}
	return files
}
