package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestReportCannotBeForged asks a server whose answers try to look like lines of
// the report, or to move the cursor of the terminal.
func TestReportCannotBeForged(t *testing.T) {
	const hostile = "x\n37  passed       everything\n\u009b2J\u202e"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-apple-aspen-config")
		_, _ = w.Write([]byte(`<?xml version="1.0"?><plist version="1.0"><dict><key>PayloadContent</key><array><dict>` +
			`<key>PayloadType</key><string>com.apple.mail.managed</string>` +
			`<key>IncomingMailServerPortNumber</key><string>` + hostile + `</string></dict></array></dict></plist>`))
	}))
	defer s.Close()
	for _, format := range []string{"text", "json"} {
		status, stdout, stderr := conformanceOf(t, "-url", s.URL, "-domain", "example.com", "-only", "37", "-o", format)
		if status != findings || stderr != "" {
			t.Errorf("status %d: %s", status, stderr)
		}
		for line := range strings.Lines(stdout) {
			if strings.Contains(line, "passed       everything") && strings.HasPrefix(line, "37") {
				t.Errorf("%s: a forged line in\n%q", format, stdout)
			}
		}
		if strings.ContainsAny(stdout, "\u009b\u202e\x1b") {
			t.Errorf("%s: the output can move the cursor:\n%q", format, stdout)
		}
	}
}
