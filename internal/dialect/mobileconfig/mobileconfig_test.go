package mobileconfig

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// house answers for example.com and example.org, and envelope replaces
// a signature.
type (
	house    struct{}
	envelope struct{ broken bool }
)

func (house) Resolve(_ context.Context, q settings.Query) (settings.Settings, error) {
	if q.Domain != "example.com" && q.Domain != "example.org" {
		return settings.Settings{}, settings.ErrUnknownDomain
	}
	s := offering(append(both(), dav(settings.CalDAV, "https://dav.example.net/"), dav(settings.CardDAV, "https://dav.example.net/"))...)
	s.Address = q.Address
	return s, nil
}

func (e envelope) Sign(_ *settings.Provider, content []byte) ([]byte, error) {
	if e.broken {
		return nil, errors.New("the key is gone")
	}
	return append([]byte("signed:"), content...), nil
}

func serve(r *http.Request, s Signer) (dialect.Response, error) {
	for _, e := range New(house{}, s, nil, nil).Endpoints {
		if e.Path == r.URL.Path {
			return e.Serve(r)
		}
	}
	return dialect.Response{}, errors.New("no endpoint")
}

func TestServe(t *testing.T) {
	form := func(body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/profile.mobileconfig", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	get := func(target string) *http.Request { return httptest.NewRequest(http.MethodGet, target, nil) }
	for _, tc := range []struct {
		name     string
		r        *http.Request
		payloads int
	}{
		{"by link", get("/profile.mobileconfig?email=anna%40example.com"), 3},
		{"another spelling", get("/email.mobileconfig?Email=anna%40example.com"), 3},
		{"and another", get("/mobileconfig/?emailaddress=anna@example.com"), 3},
		{"without its slash", get("/mobileconfig?emailaddress=anna@example.com"), 3},
		{"mail only", get("/profile.mobileconfig?email=anna%40example.com&services=mail"), 1},
		{"two of them", get("/profile.mobileconfig?email=anna%40example.com&services=calendar,%20contacts"), 2},
		{"posted", form("email=anna%2Bnews%40example.com&services=mail,contacts"), 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, err := serve(tc.r, envelope{})
			if err != nil {
				t.Fatal(err)
			}
			profile, signed := bytes.CutPrefix(resp.Body, []byte("signed:"))
			_, payloads := checkProfile(t, profile)
			if !signed || len(payloads) != tc.payloads || resp.ContentType != "application/x-apple-aspen-config" ||
				resp.Header.Get("Content-Disposition") != `attachment; filename="example.com.mobileconfig"` ||
				resp.Header.Get("Cache-Control") != "no-store" || resp.Domain != "example.com" {
				t.Errorf("%d payloads, %+v", len(payloads), resp.Header)
			}
		})
	}
}

// TestSeveralAddresses reads the accounts and the addresses of each out of one
// profile.
func TestSeveralAddresses(t *testing.T) {
	ten := strings.Repeat("&email=a%40example.com", 10)
	for _, tc := range []struct {
		name, query string
		want        []string // EmailAddress of each mail payload; nil for a refusal
	}{
		{"two mailboxes", "email=anna%40example.com&email=info%40example.org", []string{"anna@example.com", "info@example.org"}},
		{"the same mailbox twice is one", "email=anna%40example.com&email=ANNA%40example.com&email=anna%40EXAMPLE.com", []string{"anna@example.com"}},
		{"an alias", "email=anna%40example.com&alias=a.smith%40example.com", []string{"anna@example.com, a.smith@example.com"}},
		{"aliases belong to the first mailbox", "alias=a%40example.org&email=anna%40example.com&email=info%40example.org", []string{"anna@example.com, a@example.org", "info@example.org"}},
		{"an alias that is the mailbox", "email=anna%40example.com&alias=anna%40example.com", []string{"anna@example.com"}},
		{"an empty one is none", "email=&email=anna%40example.com&alias=", []string{"anna@example.com"}},
		{"a mailbox of nobody's domain", "email=anna%40example.com&email=anna%40elsewhere.example", nil},
		{"an alias of nobody's domain", "email=anna%40example.com&alias=anna%40elsewhere.example", nil},
		{"an alias that is no address", "email=anna%40example.com&alias=anna", nil},
		{"only an alias", "alias=anna%40example.com", nil},
		{"ten times the same", ten[1:], []string{"a@example.com"}},
		{"eleven", ten[1:] + "&email=b%40example.com", nil},
		{"twenty-one aliases", "email=a%40example.com" + strings.Repeat("&alias=a%40example.com", 21), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			posted := httptest.NewRequest(http.MethodPost, "/profile.mobileconfig", strings.NewReader(tc.query+"&services=mail"))
			posted.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for _, r := range []*http.Request{httptest.NewRequest(http.MethodGet, "/profile.mobileconfig?"+tc.query+"&services=mail", nil), posted} {
				resp, err := serve(r, envelope{})
				if tc.want == nil {
					if kind := settings.KindOf(err); kind != settings.BadRequest && kind != settings.UnknownDomain {
						t.Errorf("%s: got %v, %s", r.Method, err, resp.Body)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, m := range regexp.MustCompile(`<key>EmailAddress</key>\s*<string>([^<]*)</string>`).FindAllStringSubmatch(string(resp.Body), -1) {
					got = append(got, m[1])
				}
				if !slices.Equal(got, tc.want) {
					t.Errorf("%s: got %q, want %q", r.Method, got, tc.want)
				}
			}
		})
	}
}

func TestHostileRequests(t *testing.T) {
	for _, target := range []string{
		"", "?email=", "?email=anna", "?email=a@b@c", "?email=a%0d%0ab@example.com", "?email=%ff@example.com", "?email=%zz",
		"?email=" + strings.Repeat("a", 10_000) + "@example.com", "?email=%3C/string%3E@example.com",
		"?email=anna@example.com&services=everything", "?email=anna@example.com&services=mail,,", "?email=anna@example.com&x=%zz",
	} {
		if _, err := serve(httptest.NewRequest(http.MethodGet, "/profile.mobileconfig"+target, nil), envelope{}); settings.KindOf(err) != settings.BadRequest || err == nil {
			t.Errorf("%.50s: %v", target, err)
		}
	}
	long := httptest.NewRequest(http.MethodPost, "/profile.mobileconfig", nil)
	long.Body = http.MaxBytesReader(httptest.NewRecorder(), readCloser{strings.NewReader(strings.Repeat("x", 100))}, 10)
	long.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if _, err := serve(long, envelope{}); settings.KindOf(err) != settings.TooLarge {
		t.Errorf("a form that is too large: %v", err)
	}
	if _, err := serve(httptest.NewRequest(http.MethodGet, "/profile.mobileconfig?email=anna@unknown.example", nil), envelope{}); settings.KindOf(err) != settings.UnknownDomain {
		t.Errorf("an unknown domain: %v", err)
	}
	if _, err := serve(httptest.NewRequest(http.MethodGet, "/profile.mobileconfig?email=anna@example.com", nil), envelope{broken: true}); err == nil || settings.KindOf(err) != settings.Internal {
		t.Errorf("a signer that fails: %v", err)
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
