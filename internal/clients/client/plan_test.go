package client_test

import (
	"testing"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

func TestAcceptsStatus(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rules client.Rules
		takes []int
		not   []int
	}{
		{"any success", client.Rules{Final: client.FirstSuccess}, []int{200, 204}, []int{199, 302, 404, 500}},
		{"one status", client.Rules{Status: 200, Final: client.FirstDocument}, []int{200}, []int{201, 204, 404}},
		{"XML with any status", client.Rules{Status: 200, Final: client.FirstXML}, []int{200, 404, 500}, nil},
		{"a redirect", client.Rules{Final: client.FirstRedirect}, []int{301, 302, 303, 307, 308}, []int{200, 304, 404}},
	} {
		for _, status := range tc.takes {
			if !tc.rules.AcceptsStatus(status) {
				t.Errorf("%s: %d is refused", tc.name, status)
			}
		}
		for _, status := range tc.not {
			if tc.rules.AcceptsStatus(status) {
				t.Errorf("%s: %d is accepted", tc.name, status)
			}
		}
	}
}

func TestAcceptsContentType(t *testing.T) {
	xml := client.Rules{MediaTypes: []string{"text/xml", "application/xml"}}
	for contentType, want := range map[string]bool{"text/xml; charset=utf-8": true, "application/xml": true, "text/html": false, "": false} {
		if xml.AcceptsContentType(contentType) != want {
			t.Errorf("%q: %v", contentType, !want)
		}
		if !(client.Rules{}).AcceptsContentType(contentType) {
			t.Errorf("%q is refused by a client that accepts every type", contentType)
		}
	}
}

func TestMXParents(t *testing.T) {
	for host, want := range map[string][2]string{
		"mx.example.com":                {"example.com", "example.com"},
		"MX1.Mail.Example.com":          {"mail.example.com", "example.com"},
		"mx.premium.europe.example.com": {"premium.europe.example.com", "example.com"},
		"mx.example.co.uk":              {"example.co.uk", "example.co.uk"},
		"example.com":                   {"example.com", "example.com"},
		"com":                           {"", ""},
		"":                              {"", ""},
	} {
		if parent, base := client.MXParents(host); parent != want[0] || base != want[1] {
			t.Errorf("%s: %q and %q, want %q", host, parent, base, want)
		}
	}
}

func TestSplitAddress(t *testing.T) {
	for address, want := range map[string][2]string{
		"anna@example.com": {"anna", "example.com"}, `"a@b"@example.com`: {`"a@b"`, "example.com"}, "anna": {"anna", ""}, "": {"", ""},
	} {
		if local, domain := client.SplitAddress(address); local != want[0] || domain != want[1] {
			t.Errorf("%s: %q and %q", address, local, domain)
		}
	}
}
