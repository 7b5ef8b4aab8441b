package clients_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/clients"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// unsigned is a Signer that leaves profiles as they are.
type unsigned struct{}

func (unsigned) Sign(content []byte) ([]byte, error) { return content, nil }

// TestExamples asks the whole server, run by each example file, for each of its
// domains, as each client would, and holds what they end with against the
// settings.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %d examples: %v", len(files), err)
	}
	for _, file := range files {
		cfg, findings := config.Load(file, config.Environment{})
		if findings.HasErrors() {
			t.Fatal(findings)
		}
		handler := service.Handler(cfg, service.Parts{Signer: unsigned{}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Now: time.Now})
		domains := slices.Sorted(maps.Keys(cfg.Domains))
		if cfg.CatchAll != nil {
			domains = append(domains, "not-listed.example")
		}
		for _, d := range domains {
			for _, local := range []string{"anna", "anna+news", "O'Brien&Co"} {
				a := address.Address{Local: local, Domain: d}
				t.Run(filepath.Base(file)+"/"+a.String(), func(t *testing.T) {
					s, err := service.Resolve(t.Context(), cfg, settings.Query{Domain: d, Address: a})
					if err != nil {
						t.Fatal(err)
					}
					serve(t, handler, s, a)
				})
			}
		}
	}
}

// serve asks as each client does and compares.
func serve(t *testing.T, handler http.Handler, s settings.Settings, a address.Address) {
	for _, c := range clients.Clients() {
		response := ask(handler, c, a)
		nothing := offerOf(c.Format, s) == offer{}
		if response.Code == http.StatusNotFound && nothing {
			continue // the format cannot say it
		}
		if response.Code != http.StatusOK || nothing {
			t.Errorf("%s: status %d for %+v", c.Name, response.Code, offerOf(c.Format, s))
			continue
		}
		got, err := c.Read(response.Body.Bytes(), a.String())
		if !matches(t, c, expect(c, s, func(exception) {}), got, err) {
			t.Logf("the document:\n%s", response.Body)
		}
	}
	for name, p := range map[string]settings.Protocol{"caldav": settings.CalDAV, "carddav": settings.CardDAV} {
		asked := "https://" + string(a.Domain) + "/.well-known/" + name
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, httptest.NewRequest("PROPFIND", asked, nil))
		got, err := clients.DAVDiscovery(asked, response.Code, response.Header().Get("Location"), a.String())
		svc, offered := settings.First(s.Services(), p)
		if offered != (err == nil) || got.URL != svc.URL {
			t.Errorf("%s: leads to %q (%v), want %q", name, got.URL, err, svc.URL)
		}
	}
}

// ask asks the server for a document, as the client does.
func ask(handler http.Handler, c clients.Client, a address.Address) *httptest.ResponseRecorder {
	var r *http.Request
	escaped := url.QueryEscape(a.String())
	switch c.Format {
	case clients.Autoconfig:
		if c.AsksForDomain {
			r = httptest.NewRequest("GET", fmt.Sprintf("http://autoconfig.%s/mail/config-v1.1.xml", a.Domain), nil)
			break
		}
		r = httptest.NewRequest("GET", fmt.Sprintf("https://autoconfig.%s/mail/config-v1.1.xml?emailaddress=%s", a.Domain, escaped), nil)
	case clients.Autodiscover:
		body := `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>` +
			strings.ReplaceAll(a.String(), "&", "&amp;") +
			`</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`
		r = httptest.NewRequest("POST", fmt.Sprintf("https://autodiscover.%s/Autodiscover/Autodiscover.xml", a.Domain), strings.NewReader(body))
	case clients.Profile:
		r = httptest.NewRequest("GET", fmt.Sprintf("https://%s/profile.mobileconfig?email=%s", a.Domain, escaped), nil)
	case clients.PACC:
		r = httptest.NewRequest("GET", fmt.Sprintf("https://ua-auto-config.%s/.well-known/user-agent-configuration.json", a.Domain), nil)
	}
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, r)
	return response
}
