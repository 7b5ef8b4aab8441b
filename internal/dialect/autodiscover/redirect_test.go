package autodiscover

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

// redirects have services for other dialects; Autodiscover leads elsewhere.
func redirects() resolver {
	services := []settings.Service{mail(settings.IMAP, 993, settings.TLS), mail(settings.Submission, 465, settings.TLS)}
	sync := web(settings.ActiveSync, "https://sync.example.net/Microsoft-Server-ActiveSync")
	to := func(to settings.Redirect, more ...settings.Service) *settings.Provider {
		return &settings.Provider{Services: append(services, more...), Subaddress: "+", Outlook: settings.OutlookOptions{Redirect: &to}}
	}
	return resolver{
		"url.example":       to(settings.Redirect{URL: "https://outlook.example/autodiscover/autodiscover.xml"}),
		"address.example":   to(settings.Redirect{Domain: "tenant.example"}),
		"tenant.example":    to(settings.Redirect{Domain: "tenant.example"}),
		"sync.example":      to(settings.Redirect{URL: "https://outlook.example/autodiscover/autodiscover.xml"}, sync),
		"loop.example":      to(settings.Redirect{URL: "https://autodiscover.loop.example/Autodiscover/Autodiscover.xml"}),
		"port.loop.example": to(settings.Redirect{URL: "https://autodiscover.port.loop.example:443/autodiscover/autodiscover.xml"}),
	}
}

// TestRedirect pins what the domains of Microsoft 365 and Exchange get: twice each,
// because documents are cached.
func TestRedirect(t *testing.T) {
	d := New(redirects(), clock)
	ask := func(r *http.Request) string {
		for _, e := range d.Endpoints {
			if strings.EqualFold(e.Path, r.URL.Path) && e.Methods[0] == r.Method {
				resp, err := e.Serve(r)
				if err != nil {
					resp = d.Fail(r, err)
				}
				return string(resp.Body)
			}
		}
		t.Fatalf("no endpoint for %s %s", r.Method, r.URL.Path)
		return ""
	}
	for _, tc := range []struct{ name, domain, schema, protocol, want, never string }{
		{"a URL", "url.example", outlookSchema, "", "<Action>redirectUrl</Action>\n      <RedirectUrl>https://outlook.example/autodiscover/autodiscover.xml</RedirectUrl>", "<Protocol>"},
		{"an address without its tag", "address.example", outlookSchema, "", "<Action>redirectAddr</Action>\n      <RedirectAddr>anna@tenant.example</RedirectAddr>", "<Protocol>"},
		{"a URL, in JSON", "url.example", "", "AutodiscoverV1", `{"Protocol":"AutodiscoverV1","Url":"https://outlook.example/autodiscover/autodiscover.xml"}`, ""},
		{"an address, in JSON", "address.example", "", "AutodiscoverV1", `{"Protocol":"AutodiscoverV1","Url":"https://autodiscover.address.example/autodiscover/autodiscover.xml"}`, ""},
		{"ActiveSync, a URL", "url.example", mobileSyncSchema, "", "<ErrorCode>601</ErrorCode>", "outlook.example"},
		{"ActiveSync, an address", "address.example", mobileSyncSchema, "", "<Redirect>anna@tenant.example</Redirect>", "<Server>"},
		{"ActiveSync of the provider", "sync.example", mobileSyncSchema, "", "<Url>https://sync.example.net/Microsoft-Server-ActiveSync</Url>", ""},
		{"ActiveSync of the provider, in JSON", "sync.example", "", "ActiveSync", `{"Protocol":"ActiveSync","Url":"https://sync.example.net/Microsoft-Server-ActiveSync"}`, ""},
		{"a URL of this server", "loop.example", outlookSchema, "", "<ErrorCode>501</ErrorCode>", "<RedirectUrl>"},
		{"a URL of this server with a port", "port.loop.example", outlookSchema, "", "<ErrorCode>501</ErrorCode>", "<RedirectUrl>"},
		{"a URL of this server, in JSON", "loop.example", "", "AutodiscoverV1", `"ErrorCode":"NotFound"`, "Url"},
		{"the address itself", "tenant.example", outlookSchema, "", "<ErrorCode>501</ErrorCode>", "<RedirectAddr>"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at := "https://autodiscover." + tc.domain
			for range 2 {
				r := httptest.NewRequest(http.MethodPost, at+xmlPath, strings.NewReader(request2006("anna+news@"+tc.domain, tc.schema)))
				if tc.protocol != "" {
					r = httptest.NewRequest(http.MethodGet, at+jsonPath+"?Email=anna%40"+tc.domain+"&Protocol="+tc.protocol, nil)
				}
				if got := ask(r); !strings.Contains(got, tc.want) || tc.never != "" && strings.Contains(got, tc.never) {
					t.Errorf("have\n%s\nwant %s", got, tc.want)
				}
			}
		})
	}
}
