package service

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// TestAReloadThatNeverEnds: the file system of the settings does not answer any
// more. Reloads return and report it, invitations are made, and the service stops.
// When the file system is back, so are the reloads.
func TestAReloadThatNeverEnds(t *testing.T) {
	t.Parallel()
	const text = `
listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
pages: {url: "https://setup.example.com", keys: ["0123456789abcdef0123456789abcdef"]}
providers: {one: {services: [{protocol: imap, host: mail.example.com}, {protocol: submission, host: mail.example.com}]}}
domains: {example.com: {provider: one}}
`
	dir := t.TempDir()
	read := func() (*config.Config, config.Findings) {
		return config.Parse(filepath.Join(dir, "waymark.yaml"), []byte(text), config.Environment{})
	}
	cfg, findings := read()
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	answer, reads := make(chan struct{}), make(chan struct{}, 10)
	load := func() (*config.Config, config.Findings) {
		reads <- struct{}{}
		<-answer
		return read()
	}
	metrics := telemetry.NewMetrics("", "")
	svc, err := New(t.Context(), cfg, findings, Options{Load: load, StateDir: stateIn(t, dir), Metrics: metrics, Log: zap.NewNop(), Grace: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	stop := runUntilTheEnd(t, svc)
	for range 3 {
		svc.reloadWithin(20*time.Millisecond, false)
	}
	if n := len(reads); n != 1 {
		t.Errorf("%d reloads wait for the file system, want 1", n)
	}
	failed := func() bool {
		const name = "waymark_config_last_reload_successful"
		want := "# HELP " + name + " Whether the last reload of the settings, keys and certificates succeeded (1) or not (0).\n# TYPE " + name + " gauge\n" + name + " 0\n"
		return testutil.GatherAndCompare(metrics.Registry(), strings.NewReader(want), name) == nil
	}
	if !failed() {
		t.Error("the metrics do not report the failure")
	}
	if _, err := svc.Invite(context.Background(), address.Address{Local: "anna", Domain: "example.com"}, 0); err != nil {
		t.Error(err)
	}

	answer <- struct{}{}
	for deadline := time.Now().Add(time.Minute); failed(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the file system is back, and the reload failed")
		}
	}

	go svc.Reload()
	<-reads
	<-reads
	begin := time.Now()
	stop()
	if took := time.Since(begin); took > closing+30*time.Second {
		t.Errorf("stopping took %s", took)
	}
	close(answer)
}
