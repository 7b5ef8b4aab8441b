package main

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/conformance"
)

// server answers an unknown domain as it should be, and everything else with
// 401.
func server(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		if strings.HasSuffix(r.Host, ".invalid") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(s.Close)
	return s
}

func conformanceOf(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, complaints strings.Builder
	status = run(t.Context(), args, &out, &complaints)
	return status, out.String(), complaints.String()
}

func TestReports(t *testing.T) {
	s := server(t)
	const unknown = "06  passed       an unknown domain gets 404 as plain text, without markup\n"
	for _, tc := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"nothing found", []string{"-only", "6"}, 0, unknown + "1 passed, 0 failed, 0 not checked\n"},
		{"something found", []string{"-only", "6, 21"}, 1, unknown +
			"21  failed       Autodiscover answers a POST with status 200 and XML in Microsoft's two namespaces\n" +
			"      POST http://example.com/autodiscover/autodiscover.xml as text/xml; charset=utf-8\n" +
			"        the status is 401; it must be 200\n" +
			"      POST http://autodiscover.example.com/autodiscover/autodiscover.xml as text/xml; charset=utf-8\n" +
			"        the status is 401; it must be 200\n" +
			"1 passed, 1 failed, 0 not checked\n"},
		{"not checked", []string{"-only", "18"}, 0, "18  not checked  autoconfig.MXDOMAIN returns a customer's own config, and the hoster's to everybody else\n" +
			"      this check needs the domain of a hoster's mail exchangers and a customer's domain\n" +
			"0 passed, 0 failed, 1 not checked\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, stdout, stderr := conformanceOf(t, append([]string{"-url", s.URL, "-domain", "example.com"}, tc.args...)...)
			if status != tc.status || stdout != tc.want || stderr != "" {
				t.Errorf("status %d, %q, %q; want %d, %q", status, stdout, stderr, tc.status, tc.want)
			}
		})
	}
}

func TestReportInJSON(t *testing.T) {
	status, stdout, _ := conformanceOf(t, "-http-url", server(t).URL, "-domain", "example.com", "-o", "json", "-only", "1,6,18")
	var report conformance.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || status != findings || len(report.Results) != 3 {
		t.Fatalf("status %d, %v: %s", status, err, stdout)
	}
	for i, want := range []conformance.Verdict{conformance.Failed, conformance.Passed, conformance.NotChecked} {
		if got := report.Results[i].Verdict; got != want {
			t.Errorf("check %d %s, want %s", report.Results[i].Number, got, want)
		}
	}
	if !strings.Contains(stdout, `"text": "the status is 401; it must be 200"`) || !strings.Contains(stdout, `"why": "this check needs`) {
		t.Error(stdout)
	}
}

func TestFlags(t *testing.T) {
	s := server(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	defer tls.Close()
	root := file("root.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw})))
	for _, tc := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"all files", []string{"-ca-file", root, "-zone", file("zone", "@ A 192.0.2.1\n"), "-only", "6"}, fine, ""},
		{"no URL", []string{"-url", ""}, usage, "waymark-conformance: a base URL is needed, such as https://127.0.0.1:8443\n"},
		{"no certificate", []string{"-ca-file", file("text", "x")}, usage, "waymark-conformance: " + dir + "/text: no PEM certificate found\n"},
		{"no file", []string{"-zone", dir + "/none"}, usage, "waymark-conformance: open " + dir + "/none: no such file or directory\n"},
		{"no number", []string{"-only", "x"}, usage, "waymark-conformance: -only must be numbers separated by commas, not \"x\"\n"},
		{"no such check", []string{"-only", "0"}, usage, "waymark-conformance: there is no check 0; use 1 to 40\n"},
		{"no such form", []string{"-o", "xml"}, usage, "waymark-conformance: -o must be text or json, not \"xml\"\n"},
		{"a word too many", []string{"x"}, usage, "waymark-conformance: unexpected argument \"x\"; see waymark-conformance -h\n"},
		{"no such flag", []string{"-x"}, usage, "waymark-conformance: see waymark-conformance -h\n"},
		{"help", []string{"-h"}, fine, "every flag: -activesync -alternatives -ca-file -customer -domain -ews -http-url -idn -known -login -mx -no-json -o -only -outlook-dav -profile -unknown -unserved -url -zone"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, _, stderr := conformanceOf(t, append([]string{"-url", s.URL, "-domain", "example.com"}, tc.args...)...)
			if list, ok := strings.CutPrefix(tc.want, "every flag: "); ok {
				for name := range strings.FieldsSeq(list) {
					if !strings.Contains(stderr, "\n  "+name) {
						t.Errorf("%s is not in the help", name)
					}
				}
			} else if !strings.HasSuffix(stderr, tc.want) {
				t.Errorf("it says %q, want %q", stderr, tc.want)
			}
			if status != tc.status {
				t.Errorf("status %d, want %d", status, tc.status)
			}
		})
	}
}
