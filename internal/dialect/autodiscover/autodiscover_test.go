package autodiscover

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

const settingsHead = `<?xml version="1.0" encoding="UTF-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <User>
      <AutoDiscoverSMTPAddress>ADDRESS</AutoDiscoverSMTPAddress>
    </User>
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
`

const settingsFoot = `    </Account>
  </Response>
</Autodiscover>
`

func wantBlock(kind, port, encryption string) string {
	return `      <Protocol>
        <Type>` + kind + `</Type>
        <Server>mail.example.net</Server>
        <Port>` + port + `</Port>
        <LoginName>ADDRESS</LoginName>
        <DomainRequired>off</DomainRequired>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>` + encryption + `</Encryption>
        <AuthRequired>on</AuthRequired>
      </Protocol>
`
}

func wantDAV(kind, url string) string {
	return `      <Protocol>
        <Type>` + kind + `</Type>
        <Server>` + url + `</Server>
        <LoginName>ADDRESS</LoginName>
        <DomainRequired>off</DomainRequired>
        <SPA>off</SPA>
        <AuthRequired>on</AuthRequired>
      </Protocol>
`
}

func wantSettings(addr string, blocks ...string) string {
	return strings.ReplaceAll(settingsHead+strings.Join(blocks, "")+settingsFoot, "ADDRESS", addr)
}

// TestClients has the request of each client as it writes it, and every byte
// of the answer.
func TestClients(t *testing.T) {
	threeBlocks := []string{wantBlock("IMAP", "993", "SSL"), wantBlock("POP3", "995", "SSL"), wantBlock("SMTP", "465", "SSL")}
	for _, tc := range []struct{ name, contentType, body, want string }{
		{
			"Outlook", "text/xml", request2006("anna@example.com", outlookSchema),
			wantSettings("anna@example.com", threeBlocks...),
		},
		{
			"Outlook with the LegacyDN of an old account", "text/xml",
			strings.Replace(request2006("anna@example.com", outlookSchema), "<Request>", "<Request><LegacyDN>/o=Old/cn=anna</LegacyDN>", 1),
			wantSettings("anna@example.com", threeBlocks...),
		},
		{
			"older Outlook, two schemas", "text/xml",
			strings.Replace(request2006("anna@example.com", outlookSchema), "<AcceptableResponseSchema>",
				"<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006</AcceptableResponseSchema><AcceptableResponseSchema>", 1),
			wantSettings("anna@example.com", threeBlocks...),
		},
		{
			"Thunderbird", "text/xml; charset=utf-8", `<?xml version="1.0" encoding="utf-8"?>
      <Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
        <Request>
          <EMailAddress>anna@example.com</EMailAddress>
          <AcceptableResponseSchema>` + outlookSchema + `</AcceptableResponseSchema>
        </Request>
      </Autodiscover>`,
			wantSettings("anna@example.com", threeBlocks...),
		},
		{
			"FairEmail, sent as a form", "application/x-www-form-urlencoded", request2006("anna+shop@example.com", outlookSchema),
			wantSettings("anna+shop@example.com", threeBlocks...),
		},
		{
			"evolution-ews, declaration and prefix of its own", "", `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
				`<a:Autodiscover xmlns:a="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><a:Request><a:EMailAddress>anna@example.com</a:EMailAddress><a:AcceptableResponseSchema>` + outlookSchema + `</a:AcceptableResponseSchema></a:Request></a:Autodiscover>`,
			wantSettings("anna@example.com", threeBlocks...),
		},
		{
			"eM Client, where DAV is switched on", "text/xml", request2006("anna@dav.example.com", outlookSchema),
			wantSettings("anna@dav.example.com", append(threeBlocks,
				wantDAV("CalDAV", "https://dav.example.net/cal/"), wantDAV("CardDAV", "https://dav.example.net/card/"))...),
		},
		{
			"STARTTLS alone, no POP3", "text/xml", request2006("anna@starttls.example.com", outlookSchema),
			wantSettings("anna@starttls.example.com", wantBlock("IMAP", "143", "TLS"), wantBlock("SMTP", "587", "TLS")),
		},
		{
			"sub-address that does not log in", "text/xml", request2006("anna+news@subaddress.example.com", outlookSchema),
			wantSettings("anna@subaddress.example.com", wantBlock("IMAP", "993", "SSL"), wantBlock("SMTP", "465", "SSL")),
		},
		{
			"domain in upper case with U-labels", "text/xml", request2006("Anna@BÜCHER.example.", outlookSchema),
			wantSettings("Anna@xn--bcher-kva.example", threeBlocks...),
		},
		{
			"address with every character that XML escapes", "text/xml", request2006("a&amp;b'c@example.com", outlookSchema),
			wantSettings("a&amp;b&#39;c@example.com", threeBlocks...),
		},
		{
			"schema spelt with https as in Microsoft's documentation", "text/xml",
			request2006("anna@example.com", strings.Replace(outlookSchema, "http:", "https:", 1)),
			wantSettings("anna@example.com", threeBlocks...),
		},
		{
			"no AcceptableResponseSchema", "text/xml", `<Autodiscover><Request><EMailAddress>anna@example.com</EMailAddress></Request></Autodiscover>`,
			wantSettings("anna@example.com", threeBlocks...),
		},
		{
			"iOS and Gmail, where there is ActiveSync", "text/xml", request2006("anna@sync.example.com", mobileSyncSchema),
			`<?xml version="1.0" encoding="UTF-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006">
    <Culture>en:us</Culture>
    <User>
      <EMailAddress>anna@sync.example.com</EMailAddress>
    </User>
    <Action>
      <Settings>
        <Server>
          <Type>MobileSync</Type>
          <Url>https://sync.example.net/Microsoft-Server-ActiveSync</Url>
          <Name>https://sync.example.net/Microsoft-Server-ActiveSync</Name>
        </Server>
      </Settings>
    </Action>
  </Response>
</Autodiscover>
`,
		},
		{
			"ActiveSync first and mail second, where there is only mail", "text/xml",
			strings.Replace(request2006("anna@example.com", mobileSyncSchema), "</Request>", "<AcceptableResponseSchema>"+outlookSchema+"</AcceptableResponseSchema></Request>", 1),
			wantSettings("anna@example.com", threeBlocks...),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "https://autodiscover.example.com"+xmlPath, strings.NewReader(tc.body))
			r.Header.Set("Content-Type", tc.contentType)
			r.Header.Set("Authorization", "Basic YW5uYTpzZWNyZXQ=")
			resp, err := ask(t, xmlPath, r)
			if err != nil {
				t.Fatal(err)
			}
			if resp.Status != http.StatusOK || resp.ContentType != "text/xml; charset=utf-8" || resp.Domain == "" {
				t.Errorf("status %d, type %q, domain %q", resp.Status, resp.ContentType, resp.Domain)
			}
			if string(resp.Body) != tc.want {
				t.Errorf("have\n%s\nwant\n%s", resp.Body, tc.want)
			}
		})
	}
}

func TestPostOverPlainHTTPIsAnswered(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "http://autodiscover.example.com"+xmlPath, strings.NewReader(request2006("anna@example.com", outlookSchema)))
	if resp, err := ask(t, xmlPath, r); err != nil || resp.Status != http.StatusOK {
		t.Errorf("status %d, %v", resp.Status, err)
	}
}

func wantError(code, message, debug string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response>
    <Error Time="08:04:05.6789012" Id="1">
      <ErrorCode>` + code + `</ErrorCode>
      <Message>` + message + `</Message>
      <DebugData>` + debug + `</DebugData>
    </Error>
  </Response>
</Autodiscover>
`
}

func TestErrorDocuments(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		kind       settings.Kind
		want       string
	}{
		{
			"unknown domain", request2006("anna@elsewhere.example", outlookSchema), settings.UnknownDomain,
			wantError("500", "The e-mail address cannot be found", "this server does not answer for that domain"),
		},
		{
			"unknown domain that asks for ActiveSync", request2006("anna@elsewhere.example", mobileSyncSchema), settings.UnknownDomain,
			wantError("500", "The e-mail address cannot be found", "this server does not answer for that domain"),
		},
		{
			"nothing that Outlook could use", request2006("anna@only-sync.example.com", outlookSchema), settings.NotOffered,
			wantError("501", "There are no settings for this e-mail address", "there is no mail service for that domain that Outlook could use"),
		},
		{
			"calendars without mail", request2006("anna@only-dav.example.com", outlookSchema), settings.NotOffered,
			wantError("501", "There are no settings for this e-mail address", "there is no mail service for that domain that Outlook could use"),
		},
		{
			"empty body", "", settings.BadRequest,
			wantError("600", "Invalid Request", "the request is not a complete XML document"),
		},
		{
			"Thunderbird with an unescaped ampersand", request2006("a&b@example.com", outlookSchema), settings.BadRequest,
			wantError("600", "Invalid Request", "the request is not well-formed XML in a known encoding"),
		},
		{
			"LegacyDN alone", "<Autodiscover><Request><LegacyDN>/o=Old/cn=anna</LegacyDN></Request></Autodiscover>", settings.BadRequest,
			wantError("600", "Invalid Request", "the request has no EMailAddress"),
		},
		{
			"unknown schema", request2006("anna@example.com", "http://evil.example/&lt;schema&gt;"), settings.NotOffered,
			wantError("601", "Provider is not available", "no known response schema is acceptable to the request"),
		},
		{
			"iOS and Gmail, where there is no ActiveSync", request2006("anna@example.com", mobileSyncSchema), settings.NotOffered,
			wantError("601", "Provider is not available", "there is no ActiveSync service for that domain"),
		},
		{
			"two at signs", request2006("a@b@example.com", outlookSchema), settings.BadRequest,
			wantError("602", "The e-mail address is not valid", "the address has more than one @"),
		},
		{
			"local part of 3 kB", request2006(strings.Repeat("a", 3_000)+"@example.com", outlookSchema), settings.BadRequest,
			wantError("602", "The e-mail address is not valid", "the part before the @ is longer than 64 octets"),
		},
		{
			"markup in the address", request2006("a&lt;/LoginName&gt;@example.com", outlookSchema), settings.BadRequest,
			wantError("602", "The e-mail address is not valid", "the part before the @ contains a character that is not allowed there"),
		},
		{
			"line break in the address", request2006("a&#13;&#10;b@example.com", outlookSchema), settings.BadRequest,
			wantError("602", "The e-mail address is not valid", "the part before the @ contains a character that is not allowed there"),
		},
		{
			"character that stands for anybody", request2006(anybody+"@example.com", outlookSchema), settings.BadRequest,
			wantError("602", "The e-mail address is not valid", "the part before the @ contains a character that is not allowed there"),
		},
		{
			"IP address", request2006("anna@192.0.2.1", outlookSchema), settings.BadRequest,
			wantError("602", "The e-mail address is not valid", "the domain is an IP address or ends in a number"),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, err := post(t, tc.body)
			if settings.KindOf(err) != tc.kind || err == nil {
				t.Errorf("error %v has kind %d, want %d", err, settings.KindOf(err), tc.kind)
			}
			if resp.Status != http.StatusOK || resp.ContentType != "text/xml; charset=utf-8" {
				t.Errorf("status %d, type %q", resp.Status, resp.ContentType)
			}
			if string(resp.Body) != tc.want {
				t.Errorf("have\n%s\nwant\n%s", resp.Body, tc.want)
			}
		})
	}
}

// TestTroubleIsNoErrorDocument: a status other than 200 sends the client to
// its next candidate; an error document would be its last word.
func TestTroubleIsNoErrorDocument(t *testing.T) {
	for _, tc := range []struct {
		name   string
		body   io.Reader
		status int
		want   string
	}{
		{"a source of settings is down", strings.NewReader(request2006("anna@down.example.com", outlookSchema)), http.StatusServiceUnavailable, "the settings cannot be read at the moment\n"},
		{"body over the cap", http.MaxBytesReader(nil, io.NopCloser(strings.NewReader(strings.Repeat("<a>", 1000))), 64), http.StatusRequestEntityTooLarge, "the request is too large\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, err := ask(t, xmlPath, httptest.NewRequest(http.MethodPost, xmlPath, tc.body))
			if err == nil || resp.Status != tc.status || string(resp.Body) != tc.want || resp.ContentType != "text/plain; charset=utf-8" {
				t.Errorf("%d %s %q, error %v", resp.Status, resp.ContentType, resp.Body, err)
			}
		})
	}
}

func TestClientThatBreaksOff(t *testing.T) {
	cause := errors.New("connection reset")
	resp, err := ask(t, xmlPath, httptest.NewRequest(http.MethodPost, xmlPath, iotest.ErrReader(cause)))
	if settings.KindOf(err) != settings.BadRequest || !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
	if want := wantError("600", "Invalid Request", "the request could not be read"); string(resp.Body) != want {
		t.Errorf("have\n%s\nwant\n%s", resp.Body, want)
	}
}

func TestUnsortedErrorIsNotShown(t *testing.T) {
	resp := New(providers(), clock).Fail(nil, errors.New("password=secret"))
	if resp.Status != http.StatusInternalServerError || string(resp.Body) != "something went wrong on this server\n" {
		t.Errorf("%d %q", resp.Status, resp.Body)
	}
}

func TestGet(t *testing.T) {
	for _, tc := range []struct {
		name, method, url, host string
		status                  int
		header                  http.Header
	}{
		{"Delta Chat over https", "GET", "https://example.com" + xmlPath, "", 405, http.Header{"Allow": {"POST"}}},
		{"HEAD over https", "HEAD", "https://example.com" + xmlPath, "", 405, http.Header{"Allow": {"POST"}}},
		{"Outlook over http", "GET", "http://autodiscover.example.com" + xmlPath, "", 302, http.Header{"Location": {"https://autodiscover.example.com/autodiscover/autodiscover.xml"}}},
		{"port and query are left behind", "GET", "http://autodiscover.example.com:8080" + xmlPath + "?x=y", "", 302, http.Header{"Location": {"https://autodiscover.example.com/autodiscover/autodiscover.xml"}}},
		{"IP address over http", "GET", "http://192.0.2.1" + xmlPath, "", 405, http.Header{"Allow": {"POST"}}},
		{"hostile Host", "GET", "http://x" + xmlPath, "evil.example/\r\nX: y", 405, http.Header{"Allow": {"POST"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, tc.url, nil)
			if tc.host != "" {
				r.Host = tc.host
			}
			resp, err := ask(t, xmlPath, r)
			if resp.Status != tc.status || (tc.status == 405) != (settings.KindOf(err) == settings.MethodNotAllowed) || tc.status == 302 && err != nil {
				t.Fatalf("status %d, error %v", resp.Status, err)
			}
			for name := range tc.header {
				if have := resp.Header.Get(name); have != tc.header.Get(name) {
					t.Errorf("%s: %q, want %q", name, have, tc.header.Get(name))
				}
			}
			if len(resp.Header) != len(tc.header) {
				t.Errorf("header %v, want %v", resp.Header, tc.header)
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	p := New(providers(), clock)
	if p.Name != "autodiscover" {
		t.Errorf("name %q", p.Name)
	}
	have := map[string]bool{}
	for _, e := range p.Endpoints {
		have[e.Methods[0]+" "+e.Path] = e.FoldCase && len(e.Methods) == 1
	}
	for _, want := range []string{
		"POST /autodiscover/autodiscover.xml",
		"GET /autodiscover/autodiscover.xml",
		"GET /autodiscover/autodiscover.json",
		"GET /autodiscover/autodiscover.json/v1.0/{address}",
	} {
		if !have[want] {
			t.Errorf("%s is missing or heeds the case of the path", want)
		}
	}
}

var _ dialect.Resolver = resolver{}
