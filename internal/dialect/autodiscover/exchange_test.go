package autodiscover

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

const ewsURL = "https://ex.example.net/EWS/Exchange.asmx"

func wantExchange(addr string) string {
	block := `      <Protocol>
        <Type>EXCH</Type>
        <ASUrl>` + ewsURL + `</ASUrl>
        <EwsUrl>` + ewsURL + `</EwsUrl>
        <LoginName>` + addr + `</LoginName>
        <DomainRequired>off</DomainRequired>
      </Protocol>
`
	outside := strings.NewReplacer("EXCH", "EXPR", "off</DomainRequired>\n", "off</DomainRequired>\n        <SSL>on</SSL>\n").Replace(block)
	return block + outside
}

// TestExchangeBlocks: Outlook must not find Exchange where it can use mail servers,
// unless the operator wants it.
func TestExchangeBlocks(t *testing.T) {
	imap, smtp := mail(settings.IMAP, 993, settings.TLS), mail(settings.Submission, 465, settings.TLS)
	pop3, ews := mail(settings.POP3, 995, settings.TLS), web(settings.EWS, ewsURL)
	ntlm := ews
	ntlm.Auth = []settings.Auth{settings.NTLM}
	oauth := mail(settings.IMAP, 993, settings.TLS, settings.OAuth2)
	const addr = "anna@example.com"
	exchange, in, out := wantExchange(addr), wantBlock("IMAP", "993", "SSL"), wantBlock("SMTP", "465", "SSL")
	for _, tc := range []struct {
		name     string
		options  settings.OutlookOptions
		services []settings.Service
		want     string // "" for no answer
	}{
		{"beside IMAP", settings.OutlookOptions{}, []settings.Service{ews, imap, smtp}, in + out},
		{"beside POP3", settings.OutlookOptions{}, []settings.Service{ews, pop3}, wantBlock("POP3", "995", "SSL")},
		{"beside IMAP, on request", settings.OutlookOptions{EWS: true}, []settings.Service{imap, smtp, ews}, exchange + in + out},
		{"alone", settings.OutlookOptions{}, []settings.Service{ews}, exchange},
		{"alone, with NTLM", settings.OutlookOptions{}, []settings.Service{ntlm}, exchange},
		{"beside a server that sends", settings.OutlookOptions{}, []settings.Service{smtp, ews}, exchange + out},
		{"beside IMAP that Autodiscover cannot express", settings.OutlookOptions{}, []settings.Service{oauth, ews}, exchange},
		{"requested, but not there", settings.OutlookOptions{EWS: true}, []settings.Service{imap}, in},
		{"requested, and nothing is there", settings.OutlookOptions{EWS: true}, []settings.Service{oauth}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := settingsOf(t, addr, tc.services...)
			s.Provider.Outlook = tc.options
			body, err := Render(s)
			if tc.want == "" {
				if err == nil || settings.KindOf(err) != settings.NotOffered {
					t.Errorf("%v\n%s", err, body)
				}
				return
			}
			if err != nil || string(body) != wantSettings(addr, tc.want) {
				t.Errorf("%v\nhave %s\nwant %s", err, body, wantSettings(addr, tc.want))
			}
		})
	}
}

// TestRedirectBeforeExchange: a redirect leads to the server that knows the values
// of each mailbox.
func TestRedirectBeforeExchange(t *testing.T) {
	s := settingsOf(t, "anna@example.com", web(settings.EWS, ewsURL))
	s.Provider.Outlook = settings.OutlookOptions{EWS: true, Redirect: &settings.Redirect{URL: "https://ex.example.net/autodiscover"}}
	body, err := Render(s)
	if err != nil || strings.Contains(string(body), "EXCH") || !strings.Contains(string(body), "<RedirectUrl>https://ex.example.net/autodiscover<") {
		t.Errorf("%v\n%s", err, body)
	}
}

func TestExchangeInJSON(t *testing.T) {
	for protocol, want := range map[string]string{
		"EWS":  `200 {"Protocol":"EWS","Url":"` + ewsURL + `"}`,
		"ews":  `200 {"Protocol":"EWS","Url":"` + ewsURL + `"}`,
		"REST": `400 {"ErrorCode":"InvalidProtocol","ErrorMessage":"The given protocol value is invalid. Supported values are 'AutodiscoverV1,EWS'."}`,
	} {
		status, _, body := askJSON(t, "", "/autodiscover/autodiscover.json/v1.0/anna@exchange.example.com?Protocol="+protocol)
		if got := fmt.Sprintf("%d %s", status, strings.TrimSpace(body)); got != want {
			t.Errorf("%s: %s, want %s", protocol, got, want)
		}
	}
}
