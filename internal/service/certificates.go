package service

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// loadCertificates loads the TLS certificates at the start. It fails if none of the
// files can be used; names whose certificate can be used do not wait for the others.
func (s *Service) loadCertificates(cfg *config.Config) error {
	t := cfg.TLS
	files, wrong := certs.LoadSet(pairs(t), s.options.Now)
	if files.Len() == 0 && len(wrong) > 0 {
		return fmt.Errorf("tls: %w", errors.Join(wrong...))
	}
	s.tlsFiles = files
	for _, err := range wrong {
		s.log.Error("TLS certificate unusable; the others are served", zap.Error(fmt.Errorf("tls: %w", err)))
	}
	s.countCertificates(len(t.Files), len(wrong))
	if t.ACME != nil {
		var err error
		if s.acme, err = s.newACME(cfg); err != nil {
			return fmt.Errorf("tls.acme: %w", err)
		}
	}
	return nil
}

// reloadCertificates reads the files of the current settings again.
func (s *Service) reloadCertificates() (refused []string) {
	t := s.current.Load().cfg.TLS
	if s.tlsFiles == nil || t == nil { // a listener comes and goes with a restart
		return nil
	}
	wrong := s.tlsFiles.Reload(pairs(t))
	for _, err := range wrong {
		refused = append(refused, s.refuse("TLS certificate reload failed; old one stays in force", fmt.Errorf("tls: %w", err))...)
	}
	s.countCertificates(len(t.Files), len(wrong))
	return refused
}

// securePage returns the origin of the page if this process serves it over https. With
// a path in pages.url, a proxy does.
func (s *Service) securePage(cfg *config.Config) string {
	page, err := url.Parse(cfg.Pages.URL)
	if s.tlsFiles == nil || err != nil || page.Path != "" {
		return ""
	}
	return cfg.Pages.URL
}

// countCertificates counts the TLS certificates that were read and logs their
// warnings.
func (s *Service) countCertificates(read, failed int) {
	for i := range read {
		result := "loaded"
		if i < failed {
			result = "failed"
		}
		s.options.Metrics.TLSCertificate(result)
	}
	s.expiry.files(s.tlsFiles.NotAfter(), s.options.Metrics)
	for _, w := range s.tlsFiles.Warnings() {
		s.log.Warn("TLS certificate warning", zap.String("warning", w))
	}
}

func pairs(t *config.TLS) []certs.Files {
	all := make([]certs.Files, len(t.Files))
	for i, f := range t.Files {
		all[i] = certs.Files{CertFile: f.CertFile, KeyFile: f.KeyFile}
	}
	return all
}

// sameListener reports whether a restart would change the TLS listener.
func sameListener(a, b *config.TLS) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Listen == b.Listen && reflect.DeepEqual(withoutLines(a.ACME), withoutLines(b.ACME))
}

func withoutLines(a *config.ACME) *config.ACME {
	if a == nil {
		return nil
	}
	plain := *a
	plain.Line, plain.CAs = 0, slices.Clone(a.CAs)
	for i := range plain.CAs {
		plain.CAs[i].Line = 0
	}
	if a.Storage != nil {
		storage := *a.Storage
		storage.Line = 0
		plain.Storage = &storage
	}
	return &plain
}

// expiry is when the first certificate of all expires.
type expiry struct {
	mu                  sync.Mutex
	ofFiles, fromOrders time.Time // zero for none
}

func (e *expiry) files(at time.Time, m *telemetry.Metrics) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ofFiles = at
	e.report(m)
}

func (e *expiry) orders(at time.Time, m *telemetry.Metrics) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fromOrders = at
	e.report(m)
}

func (e *expiry) report(m *telemetry.Metrics) {
	first := e.ofFiles
	if first.IsZero() || !e.fromOrders.IsZero() && e.fromOrders.Before(first) {
		first = e.fromOrders
	}
	m.TLSNotAfter(first)
}
