package conformance_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/conformance"
	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig"
	"github.com/waymark-mail/waymark/internal/dialect/pacc"
	"github.com/waymark-mail/waymark/internal/dnsrecords"
	"github.com/waymark-mail/waymark/internal/service"
	canonical "github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// settings make every check applicable: a hoster with all services, and
// customers with host names of their own, one of them with an international
// name.
const settings = `
autodiscover: {dav: true}
providers:
  hoster:
    name: Example & Söhne <Mail>
    short_name: Example
    help_url: https://www.example.com/help
    services:
      - {protocol: imap, host: imap.example.com}
      - {protocol: imap, host: imap.example.com, port: 143, security: starttls}
      - {protocol: pop3, host: pop.example.com}
      - {protocol: submission, host: smtp.example.com}
      - {protocol: submission, host: smtp.example.com, port: 587, security: starttls}
      - {protocol: managesieve, host: imap.example.com}
      - {protocol: jmap, url: "https://jmap.example.com/.well-known/jmap"}
      - {protocol: caldav, url: "https://dav.example.com/calendars/"}
      - {protocol: carddav, url: "https://dav.example.com/contacts/"}
      - {protocol: webdav, url: "https://dav.example.com/files/"}
  customers:
    services:
      - {protocol: imap, host: "imap.{domain}"}
      - {protocol: submission, host: "smtp.{domain}"}
domains:
  example.com: {provider: hoster}
  hosting.example: {provider: hoster}
  customer.example: {provider: customers}
  bücher.example: {provider: customers}
`

// handler returns what Waymark answers with.
func handler(t testing.TB, text string, signer mobileconfig.Signer, log *zap.Logger) http.Handler {
	t.Helper()
	cfg, problems := config.Parse("waymark.yaml", []byte(text), config.Environment{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	cfg.Limits.StrictPerMinute = 0 // the checks ask for many profiles
	return service.Handler(cfg, service.Deps{Signer: signer, Metrics: telemetry.NewMetrics("", ""), Log: log, Now: time.Now})
}

// serve answers with a handler over https and http, and returns it as a target.
func serve(t testing.TB, h http.Handler, pki *pki) conformance.Target {
	t.Helper()
	secure, open := httptest.NewUnstartedServer(h), httptest.NewServer(h)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	t.Cleanup(open.Close)
	return conformance.Target{
		HTTPS: secure.URL, HTTP: open.URL,
		Domain: "example.com", Unserved: "elsewhere.example", IDN: "bücher.example",
		MX: "hosting.example", Customer: "customer.example",
		Roots: pki.roots, OutlookDAV: true,
	}
}

// printedZone returns the records of example.com that Waymark prints. They deny no
// service, as those that are written by hand do.
func printedZone(t testing.TB, text string) string {
	t.Helper()
	cfg, _ := config.Parse("waymark.yaml", []byte(text), config.Environment{})
	found, err := service.Resolve(t.Context(), cfg, canonical.Query{Domain: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	document, err := pacc.Render(found)
	if err != nil && canonical.KindOf(err) != canonical.NotOffered {
		t.Fatal(err)
	}
	set, err := dnsrecords.For(found, dnsrecords.Options{Hosts: dnsrecords.Hosts{Name: "waymark.hosting.example"}, PACC: document})
	if err != nil {
		t.Fatal(err)
	}
	zone, err := set.Print("zone")
	if err != nil {
		t.Fatal(err)
	}
	return string(zone)
}

// zoneFor returns records of example.com that are written by hand, with the
// digest of the handler's PACC document.
func zoneFor(t testing.TB, h http.Handler) string {
	t.Helper()
	text, err := os.ReadFile("testdata/example.com.zone")
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "https://ua-auto-config.example.com/.well-known/user-agent-configuration.json", nil)
	h.ServeHTTP(rec, r)
	sum := sha256.Sum256(rec.Body.Bytes())
	return strings.ReplaceAll(string(text), "DIGEST", base64.StdEncoding.EncodeToString(sum[:]))
}

// TestWaymark runs every check against Waymark. A skipped check is a failure: the
// settings lack something.
func TestWaymark(t *testing.T) {
	pki := newPKI(t)
	h := handler(t, settings, pki.signer, zap.NewNop())
	target := serve(t, h, pki)
	target.Zone = printedZone(t, settings)
	report, err := conformance.Run(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Results) != 40 {
		t.Fatalf("%d checks were made", len(report.Results))
	}
	for i, r := range report.Results {
		t.Run(conformance.All()[i].String(), func(t *testing.T) {
			for _, f := range r.Findings {
				t.Errorf("%s\n%s", f.Request, f.Text)
			}
			if r.Verdict == conformance.NotChecked {
				t.Errorf("not checked: %s", r.Why)
			}
		})
	}
}

// TestNoAuthorizationIsLogged is the part of check 8 that is not visible from
// outside.
func TestNoAuthorizationIsLogged(t *testing.T) {
	var log bytes.Buffer
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.Lock(zapcore.AddSync(&log)), zap.DebugLevel)
	pki := newPKI(t)
	target := serve(t, handler(t, settings, pki.signer, zap.New(core)), pki)
	if _, err := conformance.Run(t.Context(), target, 8); err != nil {
		t.Fatal(err)
	}
	basic := base64.StdEncoding.EncodeToString([]byte("anna@example.com:Secret4711"))
	for _, private := range []string{"Secret4711", basic, "Authorization", "anna"} {
		if strings.Contains(log.String(), private) {
			t.Errorf("the log holds %q", private)
		}
	}
	if !strings.Contains(log.String(), `"protocol":"autodiscover"`) {
		t.Error("nothing was logged")
	}
}
