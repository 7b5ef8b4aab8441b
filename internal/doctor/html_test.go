package doctor

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// TestHTML: the page shows what the report has.
func TestHTML(t *testing.T) {
	at := time.Date(2026, 11, 28, 9, 30, 0, 0, time.UTC)
	w := shownWorld(t)
	w.options.Clients = []string{"Thunderbird", "Outlook", "Apple Mail", "PACC"}
	report := w.examine()
	var page bytes.Buffer
	if err := report.WriteHTML(&page, HTMLOptions{At: at}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<h1>Mail set-up of example.com</h1>", ">28 November 2026, 09:30 UTC<", "<p>0 of 4 clients work, 4 do not work.</p>",
		`<strong>Fix first:</strong> <a href="#f0">tls-name-mismatch</a> at <code>smtp smtp.example.com:465</code>. Get a certificate that names smtp.example.com.</p>`,
		`<th scope="row">PACC</th><td><span class="badge broken">broken</span></td><td><code>pacc-digest-mismatch</code>, <code>tls-name-mismatch</code></td>`,
		"<dt>Breaks</dt><dd>Thunderbird, Apple Mail, PACC</dd>", "<summary>Outlook</summary>", "<code>SRV _autodiscover._tcp.example.com</code>",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q", want)
		}
	}
	if n := strings.Count(page.String(), `<section class="card"`); n != len(report.Findings) {
		t.Errorf("%d findings are shown, want %d", n, len(report.Findings))
	}
	wellFormed(t, page.String())
	page.Reset()
	if err := (Report{Domain: "example.com"}).WriteHTML(&page, HTMLOptions{At: at}); err != nil || !strings.Contains(page.String(), "Nothing to report.") || strings.Contains(page.String(), "<table") || strings.Contains(page.String(), "<form") {
		t.Errorf("%v: %s", err, &page)
	}
}

// TestHTMLIsEscaped: no server can add markup, styles or links to the page, or load
// something into it.
func TestHTMLIsEscaped(t *testing.T) {
	const hostile = "</code><script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>\"'\x1b[2J\u202e{{.}}"
	r := Report{Domain: hostile, FixFirst: hostile, Findings: []Finding{{ID: hostile, Severity: Error, Where: "javascript:alert(1)" + hostile, Seen: hostile, Breaks: []string{hostile}, Fix: hostile}},
		Verdicts: []Verdict{{Client: hostile, Verdict: Broken, Findings: []string{hostile}, Steps: []Step{{hostile, hostile}}}}}
	var page bytes.Buffer
	if err := r.WriteHTML(&page, HTMLOptions{At: time.Now(), Form: true}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", "\x1b", "\u202e", "href=\"javascript"} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if n := strings.Count(page.String(), "alert(1)"); n < 10 {
		t.Errorf("the text is shown only %d times", n)
	}
	for _, loads := range []string{" src=", "<link", "url(", "@import", "href=\"http"} {
		if strings.Contains(strings.ReplaceAll(page.String(), "&lt;img src=", ""), loads) {
			t.Errorf("the page loads something: %q", loads)
		}
	}
	wellFormed(t, page.String())
}

// wellFormed requires every element of a page to be closed.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta", "br"}, xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, page)
		}
	}
}
