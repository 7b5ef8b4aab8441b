package config

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkLoad10kFiles loads a settings file that includes 10,000 files with a domain
// each, as a reload does.
func BenchmarkLoad10kFiles(b *testing.B) {
	dir := b.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "conf.d"), 0o700); err != nil {
		b.Fatal(err)
	}
	write("waymark.yaml", `providers: {one: {services: [{protocol: imap, host: imap.example.net}, {protocol: submission, host: smtp.example.net}]}}
include: conf.d/*.yaml
`)
	for i := range 10_000 {
		write(filepath.Join("conf.d", fmt.Sprintf("customer-%d.yaml", i)), fmt.Sprintf("domains: {customer-%d.example: {provider: one}}\n", i))
	}
	for b.Loop() {
		cfg, findings := Load(filepath.Join(dir, "waymark.yaml"), Environment{Getenv: os.LookupEnv, ReadFile: ReadFile})
		if len(findings) > 0 || len(cfg.Domains) != 10_000 {
			b.Fatal(findings)
		}
	}
}
