package browser

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// madeHere begins every password that the endpoint creates.
const madeHere = "made-for-this-app-"

// startHook creates another password for each request. It returns the URL of the endpoint.
func startHook(t *testing.T) string {
	t.Helper()
	var count atomic.Int32
	hook := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"password": "%s%d"}`, madeHere, count.Add(1))
	}))
	hook.TLS = &tls.Config{Certificates: []tls.Certificate{authority().Server("localhost").TLS()}}
	hook.StartTLS()
	t.Cleanup(hook.Close)
	return strings.Replace(hook.URL, "127.0.0.1", "localhost", 1)
}

// anAppPasswordIsShownOnce looks for a created password where it must not be: in a URL,
// and on the page after anything that the person does next.
func (p *pages) anAppPasswordIsShownOnce(t *testing.T) {
	var visits []map[string]any
	for name, visit := range map[string]map[string]any{
		"Android":                  {"userAgent": devices[1].userAgent, "scripts": true, "width": 320},
		"Android, without scripts": {"userAgent": devices[1].userAgent, "scripts": false, "width": 320},
		"iPhone, German":           {"userAgent": devices[0].userAgent, "scripts": true, "language": "de", "scheme": "dark"},
		"iPad":                     {"userAgent": devices[2].userAgent, "scripts": true, "touch": true},
		"Mac, without scripts":     {"userAgent": devices[2].userAgent, "scripts": false, "language": "fr"},
	} {
		visit["name"], visit["address"] = name, fmt.Sprintf("emma.%d@made.example", len(visits))
		if visit["language"] == nil {
			visit["language"] = "en"
		}
		visits = append(visits, visit)
	}
	p.run(t, "apppassword.mjs", map[string]any{"visits": visits, "rightPassword": rightPassword, "madeHere": madeHere}, clean)
}
