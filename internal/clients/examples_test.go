package clients_test

import (
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/davx5"
	"github.com/waymark-mail/waymark/internal/clients/markup"
	"github.com/waymark-mail/waymark/internal/clients/pox"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TestExamples asks a server for each domain of each example file, as each client
// would, and compares the accounts with the settings.
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
		handler := serviceOf(cfg)
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

// serve asks as each client does first, and compares.
func serve(t *testing.T, handler http.Handler, s settings.Settings, a address.Address) {
	for _, r := range readers() {
		question := questions(r, a.String())[0]
		if question.Method == http.MethodGet && r.Format == client.Autodiscover {
			question = pox.Post(client.Domain, question.URL, a.String()) // Delta Chat's GET is refused
		}
		response := send(handler, question)
		nothing := offerOf(r.Format, s) == offer{}
		if response.Code == http.StatusNotFound && nothing {
			continue // the format cannot express it
		}
		if response.Code != http.StatusOK || nothing {
			t.Errorf("%s: status %d for %+v", r.Name, response.Code, offerOf(r.Format, s))
			continue
		}
		if strings.Contains(question.URL, "&Co@") {
			r.AsksForDomain = true // the client does not escape the address, so only the host name names the domain
		}
		got, err := r.Read(response.Body.Bytes(), a.String())
		want := expect(r, s, func(exception) {})
		if _, err := markup.Events([]byte(question.Body)); question.Body != "" && err != nil {
			want.verdict = client.Rejects // Thunderbird does not escape the address
		}
		if !matches(t, r, want, got, err) {
			t.Logf("the document:\n%s", response.Body)
		}
	}
	for name, p := range map[string]settings.Protocol{"caldav": settings.CalDAV, "carddav": settings.CardDAV} {
		asked := "https://" + string(a.Domain) + "/.well-known/" + name
		response := send(handler, client.Question{Method: "PROPFIND", URL: asked})
		got, err := davx5.Read(asked, response.Code, response.Header().Get("Location"), a.String())
		svc, offered := settings.First(s.Services(), p)
		if offered != (err == nil) || got.URL != svc.URL {
			t.Errorf("%s: leads to %q (%v), want %q", name, got.URL, err, svc.URL)
		}
	}
}
