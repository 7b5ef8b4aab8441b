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
	add := func(line int, key string, warnings []string, err error) {
		if err != nil {
			all = append(all, config.Finding{File: name, Line: line, Key: key, Text: err.Error()})
		}
		for _, w := range warnings {
			all = append(all, config.Finding{File: name, Line: line, Key: key, Text: w, Warning: true})
		}
	}
	if s := cfg.Signing; s != nil {
		id, err := sign.Load(s.CertFile, s.KeyFile, now)
		if err != nil {
			add(s.Line, "signing", nil, err)
		} else {
			add(s.Line, "signing", id.Warnings(), nil)
		}
	}
	if t := cfg.TLS; t != nil {
		k, err := certs.Load(t.CertFile, t.KeyFile, func() time.Time { return now })
		if err != nil {
			add(t.Line, "tls", nil, err)
		} else {
			add(t.Line, "tls", k.Warnings(), nil)
		}
	}
	return all
}
