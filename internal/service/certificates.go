package service

import (
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/internal/config"
)

// loadCertificates loads the TLS certificates at the start. It fails if none of the
// files can be used; names whose certificate can be used do not wait for the others.
func (s *Service) loadCertificates(t *config.TLS) error {
	files, wrong := certs.LoadSet(pairs(t), s.options.Now)
	if files.Len() == 0 {
		return fmt.Errorf("tls: %w", errors.Join(wrong...))
	}
	s.tlsFiles = files
	for _, err := range wrong {
		s.log.Error("TLS certificate unusable; the others are served", zap.Error(fmt.Errorf("tls: %w", err)))
	}
	s.countCertificates(len(t.Files), len(wrong))
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
	s.options.Metrics.TLSNotAfter(s.tlsFiles.NotAfter())
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
	return a.Listen == b.Listen
}
