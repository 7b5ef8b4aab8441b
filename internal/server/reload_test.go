package server

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// TestARefusedReloadSaysWhy reads the answer to a reload that was refused for so many
// reasons.
func TestARefusedReloadSaysWhy(t *testing.T) {
	for _, tc := range []struct {
		reasons, status, lines int
		last                   string
	}{
		{0, 200, 1, "reload done"},
		{1, 422, 2, "reason 1"},
		{100, 422, 101, "reason 100"},
		{101, 422, 102, "and 1 more"},
		{5000, 422, 102, "and 4900 more"},
	} {
		var refused []string
		for i := range tc.reasons {
			refused = append(refused, fmt.Sprintf("reason %d", i+1))
		}
		ops := NewOps(Ops{
			Hosts: []address.Domain{"example.com"}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Ready: &Readiness{},
			Reload: func(bool) []string { return slices.Clone(refused) },
		})
		rec := httptest.NewRecorder()
		ops.ServeHTTP(rec, httptest.NewRequest("POST", "http://example.com/-/reload", nil))
		lines := strings.Split(strings.TrimSpace(rec.Body.String()), "\n")
		if rec.Code != tc.status || len(lines) != tc.lines || lines[len(lines)-1] != tc.last {
			t.Errorf("%d reasons: %d, %d lines, the last is %q", tc.reasons, rec.Code, len(lines), lines[len(lines)-1])
		}
	}
}
