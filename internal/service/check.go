package service

import (
	"time"

	"github.com/waymark-mail/waymark/internal/certs"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/sign"
)

// CheckFiles reads the certificates and keys that the settings name, as a start
// would, and returns what is wrong with them. name is the settings file's.
func CheckFiles(name string, cfg *config.Config, now time.Time) config.Findings {
	var all config.Findings
	if s := cfg.Signing; s != nil {
		id, err := sign.Load(s.CertFile, s.KeyFile, now)
		if err != nil {
			all = append(all, config.Finding{File: name, Line: s.Line, Key: "signing", Text: err.Error()})
		} else {
			for _, w := range id.Warnings() {
				all = append(all, config.Finding{File: name, Line: s.Line, Key: "signing", Text: w, Warning: true})
			}
		}
	}
	if t := cfg.TLS; t != nil {
		if _, err := certs.Load(t.CertFile, t.KeyFile, func() time.Time { return now }); err != nil {
			all = append(all, config.Finding{File: name, Line: t.Line, Key: "tls", Text: err.Error()})
		}
	}
	return all
}
