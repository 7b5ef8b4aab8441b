package autodiscover

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// moved is a fake: domains whose mailboxes are elsewhere now.
type moved struct{}

func (moved) Resolve(_ context.Context, q settings.Query) (settings.Settings, error) {
	switch q.Domain {
	case "here.example":
		a := q.Address
		a.Domain = "new.example"
		return settings.Settings{
			Provider: &settings.Provider{Services: []settings.Service{mail(settings.IMAP, 993, settings.TLS)}},
			Domain:   q.Domain, Canonical: "new.example", MovedTo: "new.example", Address: a,
		}, nil
	case "away.example":
		return settings.Settings{}, &settings.MovedError{To: settings.Redirect{Domain: "new.example"}}
	case "service.example":
		return settings.Settings{}, &settings.MovedError{To: settings.Redirect{URL: "https://autodiscover.new.example/autodiscover/autodiscover.xml"}}
	}
	return settings.Settings{}, settings.ErrUnknownDomain
}

func endpoint(t *testing.T, method, path string) dialect.Endpoint {
	t.Helper()
	for _, e := range New(moved{}, func() time.Time { return time.Time{} }).Endpoints {
		if e.Path == path && e.Methods[0] == method {
			return e
		}
	}
	t.Fatalf("no %s %s", method, path)
	return dialect.Endpoint{}
}

const toNewAddress = `<?xml version="1.0" encoding="UTF-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <Account>
      <AccountType>email</AccountType>
      <Action>redirectAddr</Action>
      <RedirectAddr>o&#39;neil+x@new.example</RedirectAddr>
    </Account>
  </Response>
</Autodiscover>
`

// TestMovedDomains pins how Outlook is sent after a mailbox that moved.
func TestMovedDomains(t *testing.T) {
	toService := strings.Replace(strings.Replace(toNewAddress, "redirectAddr", "redirectUrl", 1),
		"<RedirectAddr>o&#39;neil+x@new.example</RedirectAddr>", "<RedirectUrl>https://autodiscover.new.example/autodiscover/autodiscover.xml</RedirectUrl>", 1)
	for _, tc := range []struct{ name, address, schema, want string }{
		{"to a domain that is answered for here", "o'neil+x@here.example", outlookSchema, toNewAddress},
		{"to a domain that nobody here knows", "o'neil+x@away.example", outlookSchema, toNewAddress},
		{"to another service", "o'neil+x@service.example", outlookSchema, toService},
		{"ActiveSync", "o'neil+x@here.example", mobileSyncSchema, `<?xml version="1.0" encoding="UTF-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006">
    <Culture>en:us</Culture>
    <User>
      <EMailAddress>o&#39;neil+x@new.example</EMailAddress>
    </User>
    <Action>
      <Redirect>o&#39;neil+x@new.example</Redirect>
    </Action>
  </Response>
</Autodiscover>
`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := `<Autodiscover><Request><EMailAddress>` + tc.address + `</EMailAddress><AcceptableResponseSchema>` + tc.schema + `</AcceptableResponseSchema></Request></Autodiscover>`
			resp, err := endpoint(t, http.MethodPost, xmlPath).Serve(httptest.NewRequest(http.MethodPost, "https://autodiscover.example"+xmlPath, strings.NewReader(body)))
			if err != nil || resp.Status != http.StatusOK || resp.ContentType != xmlType || string(resp.Body) != tc.want {
				t.Errorf("%v, %d\n%s\nwant\n%s", err, resp.Status, resp.Body, tc.want)
			}
		})
	}
}

// ActiveSync has no response for another service, so it gets the one for an unknown
// domain.
func TestMovedDomainsForActiveSync(t *testing.T) {
	for _, domain := range []string{"away.example", "service.example"} {
		body := `<Autodiscover><Request><EMailAddress>anna@` + domain + `</EMailAddress><AcceptableResponseSchema>` + mobileSyncSchema + `</AcceptableResponseSchema></Request></Autodiscover>`
		_, err := endpoint(t, http.MethodPost, xmlPath).Serve(httptest.NewRequest(http.MethodPost, "https://autodiscover.example"+xmlPath, strings.NewReader(body)))
		if settings.KindOf(err) != settings.UnknownDomain {
			t.Errorf("%s: %v", domain, err)
		}
	}
}

func TestMovedDomainsInJSON(t *testing.T) {
	for domain, want := range map[string]string{
		"here.example":    `{"Protocol":"AutodiscoverV1","Url":"https://autodiscover.example/autodiscover/autodiscover.xml"}` + "\n",
		"service.example": `{"Protocol":"AutodiscoverV1","Url":"https://autodiscover.new.example/autodiscover/autodiscover.xml"}` + "\n",
		"away.example":    "",
	} {
		resp, err := endpoint(t, http.MethodGet, jsonPath).Serve(httptest.NewRequest(http.MethodGet, "https://autodiscover.example"+jsonPath+"?Email=anna%40"+domain+"&Protocol=AutodiscoverV1", nil))
		if string(resp.Body) != want || (want == "") != (settings.KindOf(err) == settings.UnknownDomain) {
			t.Errorf("%s: %v, %s, want %s", domain, err, resp.Body, want)
		}
	}
	_, err := endpoint(t, http.MethodGet, jsonPath).Serve(httptest.NewRequest(http.MethodGet, "https://autodiscover.example"+jsonPath+"?Email=anna%40service.example&Protocol=EWS", nil))
	if err == nil {
		t.Error("EWS is answered with the URL of another protocol")
	}
}

// A user name that only the directory knows must not get into the document that
// is remembered for the domain.
func TestLoginThatTheDirectoryKnowsIsNotRemembered(t *testing.T) {
	memo := cached{dialect.NewMemo()}
	s := settings.Settings{
		Provider: &settings.Provider{Services: []settings.Service{mail(settings.IMAP, 993, settings.TLS)}},
		Domain:   "example.com", Canonical: "example.com", Address: address.Address{Local: "anna", Domain: "example.com"}, LoginName: "web12p3",
	}
	own, err := memo.render(s)
	if err != nil || !strings.Contains(string(own), "<LoginName>web12p3</LoginName>") {
		t.Fatalf("%v\n%s", err, own)
	}
	s.LoginName, s.Address.Local = "", "bert"
	other, err := memo.render(s)
	if err != nil || !strings.Contains(string(other), "<LoginName>bert@example.com</LoginName>") {
		t.Fatalf("%v\n%s", err, other)
	}
	s.LoginName = "web9"
	third, err := memo.render(s)
	if err != nil || !strings.Contains(string(third), "<LoginName>web9</LoginName>") {
		t.Fatalf("%v\n%s", err, third)
	}
}
