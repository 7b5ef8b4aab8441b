package clients_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/clients"
	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/davx5"
	"github.com/waymark-mail/waymark/internal/clients/pox"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

var update = flag.Bool("update", false, "write the golden plans instead of comparing them")

// found is what the clients of these tests learn from DNS: hoster.example hosts
// the mail of example.com.
var found = client.DNS{MX: "mx1.mail.hoster.example", SRV: map[string]string{"_autodiscover._tcp": "autodiscover.hoster.example"}}

// TestPlans compares what each client asks for anna@example.com with its golden
// plan.
func TestPlans(t *testing.T) {
	var names []string
	for _, c := range clients.All() {
		name := strings.ReplaceAll(strings.ToLower(c.Name), " ", "-") + ".txt"
		names = append(names, name)
		file := filepath.Join("testdata/plans", name)
		got := printed(c.Ask("anna@example.com", found))
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || got != string(want) {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", c.Name, err, got, want)
		}
	}
	files, err := filepath.Glob("testdata/plans/*.txt")
	if err != nil || len(files) != len(names) {
		t.Errorf("%d plans for %d clients: %v", len(files), len(names), err)
	}
}

// printed writes a plan for people: a line for each stage with its rules, then
// one for each question. Header fields and bodies are written where they occur
// first.
func printed(plan client.Plan) string {
	var b strings.Builder
	seen := map[string]bool{}
	once := func(text string) {
		if text = strings.TrimRight(text, " \n"); text != "" && !seen[text] {
			seen[text] = true
			b.WriteString("             " + strings.TrimLeft(text, " ") + "\n")
		}
	}
	for _, stage := range plan {
		rules := []string{string(stage.Format)}
		if stage.Always {
			rules = append(rules, "always")
		}
		if stage.AtOnce {
			rules = append(rules, "all at once")
		}
		if r := stage.Rules; r.Final != "" {
			status := "2xx"
			if r.Status != 0 {
				status = fmt.Sprint(r.Status)
			}
			rules = append(rules, string(r.Final), status)
			rules = append(rules, r.MediaTypes...)
			if r.Timeout > 0 {
				rules = append(rules, r.Timeout.String())
			}
		}
		fmt.Fprintln(&b, strings.Join(rules, ", "))
		for _, q := range stage.Questions {
			fmt.Fprintf(&b, "  %-9s  %s\n", q.Owner, strings.TrimSpace(q.Record+" "+q.Name+q.Method+" "+q.URL))
			for _, name := range slices.Sorted(maps.Keys(q.Header)) {
				once(name + ": " + strings.TrimSpace(q.Header.Get(name)))
			}
			once(strings.ReplaceAll(q.Body, "\n", "\n             "))
		}
	}
	return b.String()
}

// refusedOnPurpose are the questions that Waymark answers with an error, so that
// the client asks its next question.
var refusedOnPurpose = map[string]int{
	"GET https://example.com/autodiscover/autodiscover.xml":              http.StatusMethodNotAllowed, // Delta Chat
	"GET https://autodiscover.example.com/autodiscover/autodiscover.xml": http.StatusMethodNotAllowed,
}

// TestEveryPlanIsAnswered sends every question of every plan that a Waymark for
// both domains could answer, and wants the servers of the right domain. A question
// with another path must fail.
func TestEveryPlanIsAnswered(t *testing.T) {
	handler := handlerOf(t, `
providers:
  p:
    name: Example
    services:
      - {protocol: imap, host: "imap.{domain}"}
      - {protocol: submission, host: "smtp.{domain}"}
      - {protocol: caldav, url: "https://dav.{domain}/calendars/"}
      - {protocol: carddav, url: "https://dav.{domain}/contacts/"}
domains:
  example.com: {provider: p}
  hoster.example: {provider: p}
`)
	asked := 0
	for _, c := range clients.All() {
		for _, stage := range c.Ask("anna@example.com", found) {
			for _, q := range stage.Questions {
				if q.Method == "" || q.Owner == client.Vendor {
					continue
				}
				asked++
				if err := answered(handler, c, stage, q); err != nil {
					t.Errorf("%s: %s %s: %v", c.Name, q.Method, q.URL, err)
				}
				path, query, _ := strings.Cut(q.URL, "?")
				q.URL = path + "x?" + query
				if err := answered(handler, c, stage, q); err == nil {
					t.Errorf("%s: the wrong URL %s is answered", c.Name, q.URL)
				}
			}
		}
	}
	if asked < 60 {
		t.Errorf("only %d questions were asked", asked)
	}
}

// answered returns an error when the answer to a question is not what the client
// needs.
func answered(handler http.Handler, c client.Client, stage client.Stage, q client.Question) error {
	response := send(handler, q)
	location := response.Header().Get("Location")
	if want, ok := refusedOnPurpose[q.Method+" "+q.URL]; ok {
		if response.Code != want {
			return fmt.Errorf("status %d, want %d", response.Code, want)
		}
		return nil
	}
	domain := "hoster.example"
	if strings.Contains(q.URL+q.Body, "example.com") {
		domain = "example.com"
	}
	if stage.Format == client.WellKnown {
		got, err := davx5.Read(q.URL, response.Code, location, "anna@example.com")
		if err == nil && !strings.HasPrefix(got.URL, "https://dav."+domain+"/") {
			err = fmt.Errorf("leads to %s", got.URL)
		}
		return err
	}
	if stage.Format == client.Autodiscover && location != "" {
		// Thunderbird and Outlook post to the target of a redirect.
		response = send(handler, pox.Post(q.Owner, location, "anna@example.com"))
	}
	if !stage.Rules.AcceptsStatus(response.Code) || response.Code != http.StatusOK || !stage.Rules.AcceptsContentType(response.Header().Get("Content-Type")) {
		return fmt.Errorf("status %d with %q", response.Code, response.Header().Get("Content-Type"))
	}
	if stage.Format == client.JSON {
		var names struct{ URL string }
		if err := json.Unmarshal(response.Body.Bytes(), &names); err != nil || names.URL != "https://autodiscover.example.com"+pox.Path {
			return fmt.Errorf("leads to %q: %w", names.URL, err)
		}
		return nil
	}
	account, err := c.Read[stage.Format](response.Body.Bytes(), "anna@example.com")
	if err == nil && account.Incoming.Host != "imap."+domain {
		err = fmt.Errorf("sets up %q, want imap.%s", account.Incoming.Host, domain)
	}
	return err
}

// TestMailExchangerOfTheSameDomain: clients that ask the parents of the mail
// exchanger leave out those that they have asked already.
func TestMailExchangerOfTheSameDomain(t *testing.T) {
	for _, c := range clients.All() {
		if c.Name == "GNOME Online Accounts" || c.Name == "Nextcloud Mail" {
			continue // which do not compare
		}
		for _, stage := range c.Ask("anna@example.com", client.DNS{MX: "mx.example.com"}) {
			for _, q := range stage.Questions {
				if q.Owner == client.MailHost {
					t.Errorf("%s asks %s again", c.Name, q.URL)
				}
			}
		}
	}
}

// unsigned is a Signer that leaves profiles as they are.
type unsigned struct{}

func (unsigned) Sign(_ *settings.Provider, content []byte) ([]byte, error) { return content, nil }

func handlerOf(t *testing.T, text string) http.Handler {
	t.Helper()
	cfg, findings := config.Parse("waymark.yaml", []byte(text), config.Environment{})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	return serviceOf(cfg)
}

func serviceOf(cfg *config.Config) http.Handler {
	cfg.Limits.StrictPerMinute = 0
	return service.Handler(cfg, service.Deps{Signer: unsigned{}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Now: time.Now})
}

// send sends a question as it goes over the wire.
func send(handler http.Handler, q client.Question) *httptest.ResponseRecorder {
	response := httptest.NewRecorder()
	u, err := url.Parse(q.URL)
	if err != nil {
		response.WriteHeader(http.StatusBadRequest)
		return response
	}
	r := httptest.NewRequest(q.Method, u.String(), strings.NewReader(q.Body))
	maps.Copy(r.Header, q.Header)
	handler.ServeHTTP(response, r)
	return response
}
