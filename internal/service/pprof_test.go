package service

import (
	"net/http"
	"strings"
	"testing"
)

// TestPprofWhenAskedFor: the operators' listener has profiles with ops.pprof,
// and the public one never.
func TestPprofWhenAskedFor(t *testing.T) {
	for _, tt := range []struct {
		name, ops string
		status    int
	}{
		{"not asked for", `ops: {listen: "127.0.0.1:0"}`, http.StatusNotFound},
		{"asked for", `ops: {listen: "127.0.0.1:0", pprof: true}`, http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := start(t, strings.Replace(settingsFor("imap.example.com"), `ops: {listen: "127.0.0.1:0"}`, tt.ops, 1))
			for listener, want := range map[string]int{"ops": tt.status, "http": http.StatusNotFound} {
				resp, err := h.client.Get("http://" + h.svc.Addr(listener) + "/debug/pprof/goroutine")
				if err != nil {
					t.Fatal(err)
				}
				if _ = resp.Body.Close(); resp.StatusCode != want {
					t.Errorf("%s: status %d, want %d", listener, resp.StatusCode, want)
				}
			}
		})
	}
}
