package page

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// examiner knows what works for example.com. It examines no other domain.
type examiner struct {
	Diagnosis
	err   error
	asked []string
}

func (e *examiner) Diagnose(_ context.Context, s settings.Settings) (Diagnosis, error) {
	e.asked = append(e.asked, string(s.Domain))
	if s.Domain == "pop.example" {
		return Diagnosis{}, settings.ErrUnknownDomain
	}
	return e.Diagnosis, e.err
}

func examined() *examiner {
	return &examiner{Diagnosis: Diagnosis{
		Clients: []Client{{"Thunderbird", Works, nil}, {"FairEmail", Question, []string{"login-not-named"}}, {"Outlook", Broken, []string{"autodiscover-missing", "tls-expired"}}},
		Records: []Record{{"_imaps._tcp.example.com.", "SRV", "0 1 993 imap.example.com."}, {"_mta-sts.example.com.", "TXT", `v=STSv1; id="<b>"`}},
	}}
}

func ownerOf(t *testing.T, d Doctor, domain, language string) dialect.Response {
	t.Helper()
	p := New(Options{Resolver: house{}, Tokens: testKeys, Doctor: d, Now: testNow})
	query := url.Values{"domain": {domain}, "lang": {language}}
	return served(t, p, httptest.NewRequest(http.MethodGet, "https://setup.example.com/domain?"+query.Encode(), nil))
}

// TestOwnersSeeWhatWorks pins what the owner of a domain sees in every language: what each
// client does, why, and each record.
func TestOwnersSeeWhatWorks(t *testing.T) {
	for _, c := range i18n.All().Languages() {
		page := ownerOf(t, examined(), " Example.COM. ", c.Language)
		contains(t, page, `<html lang="`+c.Language+`">`, "<title>"+c.Text("domain.title_for", "domain", "example.com")+"</title>", c.Text("domain.title_for", "domain", `<span class="whole">example.com</span></h1>`),
			"<strong>Thunderbird</strong> <span class=\"works\">"+c.Text("domain.works")+"</span></li>",
			"<strong>FairEmail</strong> <span class=\"question\">"+c.Text("domain.question")+"</span>", "<code>login-not-named</code>",
			"<strong>Outlook</strong> <span class=\"broken\">"+c.Text("domain.broken")+"</span>", "<code>autodiscover-missing</code> <code>tls-expired</code>",
			`<th scope="row"><code class="value">_imaps._tcp.example.com.</code></th>`, `<code class="value">0 1 993 imap.example.com.</code>`, ">SRV</td>",
			`<code class="value">v=STSv1; id=&#34;&lt;b&gt;&#34;</code>`, c.Text("domain.records_lead"), `<input type="hidden" name="domain" value="Example.COM.">`)
		lacks(t, page, c.Text("domain.absent"))
		form := ownerOf(t, examined(), "", c.Language)
		contains(t, form, "<h1>"+c.Text("domain.title")+"</h1>", c.Text("domain.lead"), `action="/domain"`)
		lacks(t, form, "role=\"alert\"", c.Text("domain.records"))
		nothing := ownerOf(t, &examiner{}, "example.com", c.Language)
		contains(t, nothing, c.Text("domain.absent"))
		lacks(t, nothing, c.Text("domain.apps_lead"))
	}
}

// TestOwnersOfOtherDomains pins that strangers learn nothing: whether nobody knows a domain
// or only the catch-all does, the answer is the same, with the status of the set-up page.
func TestOwnersOfOtherDomains(t *testing.T) {
	unknown := ownerOf(t, examined(), "elsewhere.example", "en")
	contains(t, unknown, "We do not know this domain", `value="elsewhere.example"`)
	if set := post(t, testPage(nil), "/", "", "email", "anna@elsewhere.example"); unknown.Status != http.StatusNotFound || set.Status != unknown.Status {
		t.Errorf("status %d, and %d on the set-up page", unknown.Status, set.Status)
	}
	caught := ownerOf(t, examined(), "pop.example", "en")
	if got := strings.ReplaceAll(string(caught.Body), "pop.example", "elsewhere.example"); got != string(unknown.Body) || caught.Status != unknown.Status {
		t.Errorf("status %d: %s", caught.Status, got)
	}
	for domain, want := range map[string]struct {
		status int
		text   string
	}{
		`"><b>`:                  {http.StatusBadRequest, "That is not a domain"},
		"anna@example.com":       {http.StatusBadRequest, "That is not a domain"},
		strings.Repeat("a", 999): {http.StatusBadRequest, "That is not a domain"},
		"left.example":           {http.StatusNotFound, "moved to another service"},
		"down.example":           {http.StatusServiceUnavailable, "not available at the moment"},
	} {
		e := examined()
		page := ownerOf(t, e, domain, "en")
		contains(t, page, want.text, `aria-invalid="true"`)
		lacks(t, page, "<b>")
		if page.Status != want.status || len(e.asked) > 0 {
			t.Errorf("%.20s: status %d, and %s examined", domain, page.Status, e.asked)
		}
	}
}

// TestOwnersWait pins the page while too many others are being examined, and that there is
// none unless it is enabled.
func TestOwnersWait(t *testing.T) {
	for kind, d := range map[settings.Kind]Doctor{
		settings.Overloaded: &examiner{err: settings.Errorf(settings.Overloaded, "busy")},
		settings.NotOffered: nil,
	} {
		p := New(Options{Resolver: house{}, Tokens: testKeys, Doctor: d, Now: testNow})
		r := httptest.NewRequest(http.MethodGet, "https://setup.example.com/domain?domain=example.com", nil)
		r.Header.Set("Accept", "text/html")
		_, err := ask(t, p, r)
		if settings.KindOf(err) != kind {
			t.Errorf("%v, want the kind %v", err, kind)
		}
		resp := p.Failure(r, err)
		if want := "Set up your email"; !strings.Contains(string(resp.Body), want) || resp.Status < 400 {
			t.Errorf("status %d: %s", resp.Status, resp.Body)
		}
	}
	broken := errors.New("broken")
	p := New(Options{Resolver: house{}, Tokens: testKeys, Doctor: &examiner{err: broken}, Now: testNow})
	if resp, err := ask(t, p, httptest.NewRequest(http.MethodGet, "https://setup.example.com/domain?domain=example.com", nil)); !errors.Is(err, broken) || resp.Status != 0 {
		t.Errorf("status %d, %v", resp.Status, err)
	}
	for _, e := range p.Endpoints {
		if e.Path == "/domain" && !e.Strict {
			t.Error("the strict rate limit does not apply")
		}
	}
}
