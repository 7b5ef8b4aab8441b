package service

import (
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/config"
)

// Reload reads the settings, the identity and the certificates again. What is
// new comes into force when it is found good as a whole; else the old stays,
// every error is logged, and the reload metrics say so.
func (s *Service) Reload() {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	s.tell(s.options.Manager.Reloading)
	defer s.tell(s.options.Manager.Ready)
	s.reloadCertificate()
	cfg, findings := s.options.Load()
	s.logFindings(findings)
	if findings.HasErrors() {
		s.keepOld("the settings have errors; the old ones stay in force", nil)
		return
	}
	if err := checkProfiles(cfg); err != nil {
		s.keepOld("an Apple profile would be wrong; the old settings stay in force", err)
		return
	}
	identity, err := s.identityFor(cfg)
	if err != nil {
		s.keepOld("the signing identity cannot be used; the old settings stay in force", err)
		return
	}
	sources, err := s.sourcesFor(cfg)
	if err != nil {
		s.keepOld("a source of the directory cannot be used; the old settings stay in force", err)
		return
	}
	s.warnWhatNeedsRestart(cfg)
	old := s.current.sources
	s.use(state{cfg, identity, sources})
	if old != sources {
		s.retire(old)
	}
	if err := s.watcher.Replace(s.watched()); err != nil {
		s.log.Error("cannot watch the settings for changes; send SIGHUP after a change", zap.Error(err))
	}
	s.log.Info("settings reloaded", zap.Int("domains", len(cfg.Domains)))
}

// sourcesFor returns the sources for new settings: the current ones, with all
// that is remembered, when the settings say the same about them. What is
// remembered is asked about again before it is given the next time.
func (s *Service) sourcesFor(cfg *config.Config) (*Sources, error) {
	if s.current.sources.servesToo(cfg) {
		s.current.sources.changed("")
		return s.current.sources, nil
	}
	sources, err := OpenSources(cfg, s.options.Metrics, s.log)
	if err == nil {
		s.checkSources(cfg, sources)
	}
	return sources, err
}

// checkSources asks every source in the background, so that a mistake is in the
// log before the first customer meets it. A database that is down does not keep
// the service from starting.
func (s *Service) checkSources(cfg *config.Config, sources *Sources) {
	sources.work.Go(func() {
		for i, err := range sources.Check(sources.ctx) {
			name := cfg.Directory[i].Name
			if sources.ctx.Err() != nil {
				return
			}
			if err != nil {
				s.log.Error("the source cannot be asked; it is tried again with each question", zap.String("source", name), zap.Error(err))
				continue
			}
			s.log.Info("the source answers", zap.String("source", name))
		}
	})
}

// retire closes sources that requests may still be asking.
func (s *Service) retire(old *Sources) {
	time.AfterFunc(drain, func() {
		if err := old.Close(); err != nil {
			s.log.Warn("old connections could not be closed", zap.Error(err))
		}
	})
}

func (s *Service) keepOld(why string, err error) {
	s.options.Metrics.ReloadFailed()
	s.log.Error(why, zap.Error(err))
}

func (s *Service) reloadCertificate() {
	if s.tlsFiles == nil {
		return
	}
	if err := s.tlsFiles.Reload(); err != nil {
		s.options.Metrics.TLSCertificate("failed")
		s.log.Error("the TLS certificate cannot be used; the old one stays in force", zap.Error(err))
		return
	}
	s.logCertificate()
}

// logCertificate notes that a TLS certificate was taken into use.
func (s *Service) logCertificate() {
	s.options.Metrics.TLSCertificate("loaded")
	s.options.Metrics.TLSNotAfter(s.tlsFiles.NotAfter())
	for _, w := range s.tlsFiles.Warnings() {
		s.log.Warn("tls", zap.String("warning", w))
	}
}

// warnWhatNeedsRestart names the keys that listeners and the logger took at
// the start.
func (s *Service) warnWhatNeedsRestart(next *config.Config) {
	old := s.current.cfg
	for key, changed := range map[string]bool{
		"listen":             old.Listen != next.Listen,
		"ops.listen":         old.Ops.Listen != next.Ops.Listen,
		"limits.connections": old.Limits.Connections != next.Limits.Connections,
		"tls":                !sameTLS(old.TLS, next.TLS),
		"log":                old.Log != next.Log,
	} {
		if changed {
			s.log.Warn("this change takes effect after a restart", zap.String("key", key))
		}
	}
}

func sameTLS(a, b *config.TLS) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Listen == b.Listen && a.CertFile == b.CertFile && a.KeyFile == b.KeyFile
}

// watched lists every file whose change is worth a reload.
func (s *Service) watched() []string {
	cfg := s.current.cfg
	files := append([]string(nil), cfg.Files...)
	if cfg.Signing != nil {
		files = append(files, cfg.Signing.CertFile, cfg.Signing.KeyFile)
	}
	if cfg.TLS != nil {
		files = append(files, cfg.TLS.CertFile, cfg.TLS.KeyFile)
	}
	return files
}
