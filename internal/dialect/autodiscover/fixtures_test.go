package autodiscover

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// resolver is a fake: the providers of some domains. A nil provider stands for
// a source that is down.
type resolver map[address.Domain]*settings.Provider

func (rs resolver) Resolve(_ context.Context, q settings.Query) (settings.Settings, error) {
	domain := q.Domain
	if domain == "" {
		domain = q.Host
	}
	p, ok := rs[domain]
	switch {
	case !ok:
		return settings.Settings{}, settings.ErrUnknownDomain
	case p == nil:
		return settings.Settings{}, settings.Errorf(settings.Unavailable, "the settings cannot be read at the moment")
	}
	return settings.Settings{Provider: p, Domain: domain, Canonical: domain, Address: q.Address}, nil
}

func mail(p settings.Protocol, port uint16, sec settings.Security, auth ...settings.Auth) settings.Service {
	if auth == nil {
		auth = []settings.Auth{settings.Password}
	}
	return settings.Service{Protocol: p, Host: "mail.example.net", Port: port, Security: sec, Login: settings.LoginAddress, Auth: auth}
}

func web(p settings.Protocol, url string) settings.Service {
	return settings.Service{Protocol: p, URL: url, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
}

func providers() resolver {
	full := []settings.Service{
		mail(settings.Submission, 465, settings.TLS),
		mail(settings.Submission, 587, settings.STARTTLS),
		mail(settings.POP3, 995, settings.TLS),
		mail(settings.IMAP, 993, settings.TLS),
		mail(settings.IMAP, 143, settings.STARTTLS),
		web(settings.CardDAV, "https://dav.example.net/card/"),
		web(settings.CalDAV, "https://dav.example.net/cal/"),
	}
	sync := web(settings.ActiveSync, "https://sync.example.net/Microsoft-Server-ActiveSync")
	return resolver{
		"example.com":            {Services: full},
		"xn--bcher-kva.example":  {Services: full[:4]},
		"dav.example.com":        {Services: full, Outlook: settings.OutlookOptions{DAV: true}},
		"starttls.example.com":   {Services: []settings.Service{full[4], full[1]}},
		"sync.example.com":       {Services: []settings.Service{full[3], full[0], sync}},
		"only-sync.example.com":  {Services: []settings.Service{sync}},
		"only-dav.example.com":   {Services: full[5:], Outlook: settings.OutlookOptions{DAV: true}},
		"no-json.example.com":    {Services: full, Outlook: settings.OutlookOptions{NoJSON: true}},
		"subaddress.example.com": {Services: []settings.Service{full[3], full[0]}, Subaddress: "+"},
		"exchange.example.com":   {Services: []settings.Service{full[3], web(settings.EWS, ewsURL)}},
		"down.example.com":       nil,
	}
}

func clock() time.Time {
	return time.Date(2026, 8, 23, 10, 4, 5, 678_901_200, time.FixedZone("CEST", 7200))
}

// dialectOfTests is shared, as it is between the requests of a server.
var dialectOfTests = sync.OnceValue(func() dialect.Dialect { return New(providers(), clock) })

// ask sends a request through the protocol as the server does: an error of
// Serve is worded by Fail. path is the pattern of the endpoint.
func ask(t testing.TB, path string, r *http.Request) (dialect.Response, error) {
	t.Helper()
	p := dialectOfTests()
	for _, e := range p.Endpoints {
		if e.Path != path || e.Methods[0] != r.Method && (e.Methods[0] != http.MethodGet || r.Method != http.MethodHead) {
			continue
		}
		resp, err := e.Serve(r)
		if err != nil && resp.Status == 0 {
			resp = p.Fail(r, err)
		}
		return resp, err
	}
	t.Fatalf("no endpoint for %s %s", r.Method, path)
	return dialect.Response{}, nil
}

func post(t testing.TB, body string) (dialect.Response, error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "https://autodiscover.example.com"+xmlPath, strings.NewReader(body))
	return ask(t, xmlPath, r)
}

// request2006 returns a request as Outlook writes it.
func request2006(addr, acceptable string) string {
	return `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">` +
		`<Request><EMailAddress>` + addr + `</EMailAddress><AcceptableResponseSchema>` + acceptable + `</AcceptableResponseSchema></Request></Autodiscover>`
}
