package clients_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/davx5"
	"github.com/waymark-mail/waymark/internal/clients/emclient"
	"github.com/waymark-mail/waymark/internal/clients/markup"
	"github.com/waymark-mail/waymark/internal/clients/outlook"
	"github.com/waymark-mail/waymark/internal/dialect/autodiscover"
	"github.com/waymark-mail/waymark/internal/dialect/settingsjson"
	"github.com/waymark-mail/waymark/internal/dialect/wellknown"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TestOutputsParseBack reads every output with parsers that share nothing with the
// renderers, and requires every value that the format can express, not only those that
// clients read.
func TestOutputsParseBack(t *testing.T) {
	t.Parallel()
	read := map[string]int{}
	for seed := range seeds() {
		for name := range parseBack(t, random(uint64(seed))) {
			read[name]++
		}
		if t.Failed() {
			t.Fatalf("with the seed %d", seed)
		}
	}
	for _, name := range []string{"autoconfig", "autodiscover", "redirect", "json", "profile", "pacc", "settings", "wellknown"} {
		if read[name] < seeds()/25 {
			t.Errorf("%s was read back only %d times", name, read[name])
		}
	}
}

// FuzzOutputsParseBack does the same for the settings that the fuzzer finds.
func FuzzOutputsParseBack(f *testing.F) {
	for seed := range uint64(16) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { parseBack(t, random(seed)) })
}

// parseBack reads each output and returns the names of those that exist.
func parseBack(t *testing.T, s settings.Settings) map[string]bool {
	t.Helper()
	read := map[string]bool{}
	for name, back := range map[string]func(*testing.T, settings.Settings) bool{
		"autoconfig": autoconfigBack, "autodiscover": autodiscoverBack, "redirect": redirectBack, "json": jsonBack,
		"profile": profileBack, "pacc": paccBack, "settings": settingsBack, "wellknown": wellknownBack,
	} {
		if back(t, s) {
			read[name] = true
		}
	}
	return read
}

// same compares a value with the expected one.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: read back\n%+v, want\n%+v", what, got, want)
	}
}

// section is any server of an autoconfig document.
type section struct {
	Type       string   `xml:"type,attr"`
	Hostname   string   `xml:"hostname"`
	Port       string   `xml:"port"`
	SocketType string   `xml:"socketType"`
	Words      []word   `xml:"authentication"`
	Username   string   `xml:"username"`
	URL        string   `xml:"url"`
	POP3       *popBack `xml:"pop3"`
}

type word struct {
	System string `xml:"system,attr"`
	Text   string `xml:",chardata"`
}

type popBack struct {
	Leave    *bool `xml:"leaveMessagesOnServer"`
	Download *bool `xml:"downloadOnBiff"`
	Days     int   `xml:"daysToLeaveMessagesOnServer"`
}

func autoconfigBack(t *testing.T, s settings.Settings) bool {
	t.Helper()
	document, err := render(client.Autoconfig, s)
	if err != nil {
		return false
	}
	type oauth2 struct {
		AuthURL  string `xml:"authURL"`
		TokenURL string `xml:"tokenURL"`
		Issuer   string `xml:"issuer"`
		Scope    string `xml:"scope"`
		ClientID string `xml:"clientID"`
	}
	var got struct {
		Version  string `xml:"version,attr"`
		Provider struct {
			ID        string    `xml:"id,attr"`
			Domains   []string  `xml:"domain"`
			Names     []string  `xml:"displayName"`
			ShortName string    `xml:"displayShortName"`
			Incoming  []section `xml:"incomingServer"`
			Outgoing  []section `xml:"outgoingServer"`
			Help      []struct {
				URL string `xml:"url,attr"`
			} `xml:"documentation"`
		} `xml:"emailProvider"`
		Calendars    []section `xml:"calendar"`
		AddressBooks []section `xml:"addressbook"`
		FileShares   []section `xml:"fileShare"`
		SetupServers []section `xml:"setupServer"`
		OAuth2       *oauth2   `xml:"oAuth2"`
	}
	if err := xml.Unmarshal(document, &got); err != nil {
		t.Errorf("autoconfig: %v", err)
		return false
	}
	if !s.MailboxLookup && s.LoginName == "" && s.MovedTo == "" && s.LoginDomain == "" {
		whole := s
		whole.Address = address.Address{}
		if forAll, err := render(client.Autoconfig, whole); err != nil || !bytes.Equal(forAll, document) {
			t.Errorf("autoconfig: the document of a domain depends on the address: %v\n%s\n%s", err, forAll, document)
		}
	}
	same(t, "version", got.Version, "1.1")
	same(t, "id", got.Provider.ID, string(s.Canonical))
	for _, d := range []string{string(s.Domain), string(s.Canonical)} {
		if !slices.Contains(got.Provider.Domains, d) {
			t.Errorf("domain %s is not in %q", d, got.Provider.Domains)
		}
	}
	same(t, "displayName", got.Provider.Names[0], s.Provider.Name)
	same(t, "displayShortName", got.Provider.ShortName, s.Provider.ShortName)
	if (s.Provider.HelpURL == "") != (len(got.Provider.Help) == 0) || s.Provider.HelpURL != "" && got.Provider.Help[0].URL != s.Provider.HelpURL {
		t.Errorf("documentation: %+v, want %q", got.Provider.Help, s.Provider.HelpURL)
	}
	var o *oauth2
	if p := s.Provider.OAuth2; p != nil {
		o = &oauth2{p.AuthURL, p.TokenURL, p.Issuer, p.Scope, p.ClientID}
	}
	same(t, "oAuth2", got.OAuth2, o)
	offered := offerOf(client.Autoconfig, s)
	sections(t, s, got.Provider.Incoming, offered.imap, offered.pop3, offered.jmap, offered.ews)
	sections(t, s, got.Provider.Outgoing, offered.smtp)
	for _, extra := range []struct {
		got []section
		p   settings.Protocol
	}{
		{got.Calendars, settings.CalDAV}, {got.AddressBooks, settings.CardDAV},
		{got.FileShares, settings.WebDAV}, {got.SetupServers, settings.ManageSieve},
	} {
		// FairEmail uses the last user name of the document for mail, so no user
		// name of another form may follow.
		mail := offered.mailForm()
		sameForm := func(svc settings.Service) bool { return svc.Login == mail }
		suits := []test{both(sameForm, both(https, takesPassword)), both(sameForm, https), sameForm}
		if !extra.p.ByURL() {
			suits = []test{both(sameForm, both(encrypted, takesPassword)), both(sameForm, encrypted), sameForm}
		}
		sections(t, s, extra.got, choose(s.Services(), extra.p, suits...))
	}
	return true
}

// mailForm returns the form of the last user name of the mail servers.
func (o offer) mailForm() settings.Login {
	for _, svc := range []*settings.Service{o.smtp, o.pop3, o.imap, o.jmap, o.ews} {
		if svc != nil {
			return svc.Login
		}
	}
	return ""
}

// sections compares sections with services; nil stands for none.
func sections(t *testing.T, s settings.Settings, got []section, services ...*settings.Service) {
	t.Helper()
	services = slices.DeleteFunc(services, func(svc *settings.Service) bool { return svc == nil })
	if len(got) != len(services) {
		t.Errorf("%d sections %+v, want %d", len(got), got, len(services))
		return
	}
	for i, svc := range services {
		want := section{Type: string(svc.Protocol), URL: svc.URL, Words: got[i].Words, Username: (&expectation{settings: s, forAll: s.Address.IsZero()}).form(svc)}
		if svc.Protocol == settings.Submission {
			want.Type = "smtp"
		}
		if svc.Host != "" {
			want.Hostname, want.Port = svc.Host, strconv.Itoa(int(svc.Port))
			want.SocketType = map[settings.Security]string{settings.TLS: "SSL", settings.STARTTLS: "STARTTLS", settings.Plaintext: "plain"}[svc.Security]
		}
		if o := svc.POP; o != (settings.POPOptions{}) {
			want.POP3 = &popBack{o.LeaveMessagesOnServer, o.DownloadOnBiff, o.DaysToLeaveMessagesOnServer}
		}
		same(t, string(svc.Protocol), got[i], want)
		words(t, got[i].Words, *svc)
	}
}

// words requires the authentication methods of a service in their order. OAuth2
// after a password, and what the format cannot express, are left out; a password
// is the last resort.
func words(t *testing.T, got []word, svc settings.Service) {
	t.Helper()
	known := map[settings.Auth]word{
		settings.OAuth2: {"", "OAuth2"}, settings.Password: {"", "password-cleartext"}, settings.PasswordChallenge: {"", "password-encrypted"},
		settings.ClientCert: {"", "TLS-client-cert"}, settings.GSSAPI: {"", "GSSAPI"}, settings.NTLM: {"", "NTLM"}, settings.NoAuth: {"", "none"},
	}
	inMail := svc.URL == "" || svc.Protocol == settings.EWS // the words of mail servers
	if !inMail {
		known = map[settings.Auth]word{settings.OAuth2: {"", "OAuth2"}, settings.Password: {"http", "Basic"}, settings.PasswordChallenge: {"http", "Digest"}}
	}
	var want []word
	behind := false
	for _, a := range svc.Auth {
		w, ok := known[a]
		if !ok || behind && a == settings.OAuth2 {
			continue
		}
		behind = behind || a == settings.Password || a == settings.PasswordChallenge
		want = append(want, w)
	}
	if !behind && inMail && encrypted(svc) {
		want = append(want, known[settings.Password])
	}
	same(t, "authentication of "+string(svc.Protocol), got, want)
}

// poxDocument is an Autodiscover document; elements that are absent are "".
type poxDocument struct {
	XMLName  xml.Name
	Response struct {
		XMLName xml.Name
		Primary string `xml:"User>AutoDiscoverSMTPAddress"`
		Account struct {
			AccountType, Action, RedirectAddr string
			Blocks                            []poxBlock `xml:"Protocol"`
		}
	}
}

type poxBlock struct {
	Type, Server, Port, ASUrl, EwsUrl, LoginName, DomainRequired, SPA, SSL, Encryption, AuthRequired string
}

func poxOf(t *testing.T, s settings.Settings) (poxDocument, bool) {
	t.Helper()
	document, err := render(client.Autodiscover, s)
	if err != nil {
		return poxDocument{}, false
	}
	var got poxDocument
	if err := xml.Unmarshal(document, &got); err != nil {
		t.Errorf("autodiscover: %v", err)
		return poxDocument{}, false
	}
	const schema = "http://schemas.microsoft.com/exchange/autodiscover/"
	same(t, "root", got.XMLName, xml.Name{Space: schema + "responseschema/2006", Local: "Autodiscover"})
	same(t, "response", got.Response.XMLName, xml.Name{Space: schema + "outlook/responseschema/2006a", Local: "Response"})
	same(t, "AccountType", got.Response.Account.AccountType, "email")
	return got, true
}

func autodiscoverBack(t *testing.T, s settings.Settings) bool {
	t.Helper()
	got, ok := poxOf(t, s)
	if !ok || s.MovedTo != "" {
		return false
	}
	same(t, "Action", got.Response.Account.Action, "settings")
	same(t, "AutoDiscoverSMTPAddress", got.Response.Primary, s.Address.WithoutTag(s.Provider.Subaddress).String())
	o := offerOf(client.Autodiscover, s)
	var want []poxBlock
	if o.ews != nil {
		login, _ := s.Login(*o.ews)
		b := poxBlock{Type: "EXCH", ASUrl: o.ews.URL, EwsUrl: o.ews.URL, LoginName: login, DomainRequired: "off"}
		outside := b
		outside.Type, outside.SSL = "EXPR", "on"
		want = append(want, b, outside)
	}
	for _, p := range []struct {
		kind string
		svc  *settings.Service
	}{{"IMAP", o.imap}, {"POP3", o.pop3}, {"SMTP", o.smtp}, {"CalDAV", o.caldav}, {"CardDAV", o.carddav}} {
		if p.svc == nil {
			continue
		}
		login, _ := s.Login(*p.svc)
		b := poxBlock{Type: p.kind, Server: p.svc.Host + p.svc.URL, LoginName: login, DomainRequired: "off", SPA: "off", AuthRequired: "off"}
		if takesPassword(*p.svc) {
			b.AuthRequired = "on"
		}
		if p.svc.Host != "" {
			b.Port = strconv.Itoa(int(p.svc.Port))
			b.SSL = map[settings.Security]string{settings.TLS: "on", settings.STARTTLS: "on", settings.Plaintext: "off"}[p.svc.Security]
			b.Encryption = map[settings.Security]string{settings.TLS: "SSL", settings.STARTTLS: "TLS", settings.Plaintext: "None"}[p.svc.Security]
		}
		want = append(want, b)
	}
	same(t, "autodiscover", got.Response.Account.Blocks, want)
	return true
}

func redirectBack(t *testing.T, s settings.Settings) bool {
	t.Helper()
	got, ok := poxOf(t, s)
	if !ok || s.MovedTo == "" {
		return false
	}
	same(t, "Action", got.Response.Account.Action, "redirectAddr")
	same(t, "RedirectAddr", got.Response.Account.RedirectAddr, s.Address.String())
	same(t, "protocols", len(got.Response.Account.Blocks), 0)
	return true
}

// TestMovedElsewhere reads redirects to domains that this server does not serve.
func TestMovedElsewhere(t *testing.T) {
	anna := address.Address{Local: "a&na", Domain: "example.com"}
	for _, tc := range []struct {
		to   settings.Redirect
		want string
	}{
		{settings.Redirect{Domain: "example.net"}, "a&na@example.net"},
		{settings.Redirect{URL: "https://autodiscover.example.net/?a=1&b=2"}, "https://autodiscover.example.net/?a=1&b=2"},
	} {
		document, err := autodiscover.RenderRedirect(tc.to, anna)
		if err != nil {
			t.Fatal(err)
		}
		for _, read := range []func([]byte, string) (client.Account, error){outlook.Read, emclient.Read} {
			_, err := read(document, anna.String())
			refusal, ok := errors.AsType[*client.Refusal](err)
			if !ok || refusal.Does != client.AsksAgain || refusal.To != tc.want {
				t.Errorf("%v, want a question at %s\n%s", err, tc.want, document)
			}
		}
	}
}

// wellknownBack follows the redirects as DAV clients do.
func wellknownBack(t *testing.T, s settings.Settings) bool {
	t.Helper()
	offered := false
	for _, endpoint := range wellknown.New(always(s)).Endpoints {
		p := settings.Protocol(strings.TrimPrefix(endpoint.Path, "/.well-known/"))
		asked := "https://" + string(s.Domain) + endpoint.Path
		response, err := endpoint.Serve(httptest.NewRequest("PROPFIND", asked, nil))
		want := choose(s.Services(), p, both(https, takesPassword), https, anything)
		if s.MovedTo != "" {
			want = nil // clients would log in with the old address
		}
		if (want == nil) != (err != nil) {
			t.Errorf("%s: %v, want %+v", endpoint.Path, err, want)
		}
		if want == nil || err != nil {
			continue
		}
		offered = true
		got, err := davx5.Read(asked, response.Status, response.Header.Get("Location"), typed(s))
		if err != nil || got != (client.DAV{URL: want.URL, User: typed(s)}) {
			t.Errorf("%s: leads to %+v, %v; want %s", endpoint.Path, got, err, want.URL)
		}
	}
	return offered
}

// always answers every query with the same settings.
type always settings.Settings

func (a always) Resolve(context.Context, settings.Query) (settings.Settings, error) {
	return settings.Settings(a), nil
}

// jsonBack requests Autodiscover JSON, which names the URL of the XML or of
// ActiveSync.
func jsonBack(t *testing.T, s settings.Settings) bool {
	t.Helper()
	if s.Address.IsZero() || s.Provider.Outlook.NoJSON {
		return false
	}
	want := map[string]string{"AutodiscoverV1": "https://autodiscover." + string(s.Domain) + "/autodiscover/autodiscover.xml"}
	if svc, ok := settings.First(s.Services(), settings.ActiveSync); ok && s.MovedTo == "" {
		want["ActiveSync"] = svc.URL
	}
	if svc, ok := settings.First(s.Services(), settings.EWS); ok && s.MovedTo == "" {
		want["EWS"] = svc.URL
	}
	dialect := autodiscover.New(always(s), func() time.Time { return time.Time{} })
	for _, endpoint := range dialect.Endpoints {
		if endpoint.Path != "/autodiscover/autodiscover.json" {
			continue
		}
		for protocol, at := range want {
			r := httptest.NewRequest(http.MethodGet, "https://autodiscover."+string(s.Domain)+endpoint.Path+"?Email="+url.QueryEscape(s.Address.String())+"&Protocol="+protocol, nil)
			response, err := endpoint.Serve(r)
			if err != nil {
				t.Errorf("json: %v", err)
				return false
			}
			var got map[string]string
			if err := json.Unmarshal(response.Body, &got); err != nil {
				t.Errorf("json: %v", err)
			}
			same(t, "json", got, map[string]string{"Protocol": protocol, "Url": at})
		}
		return true
	}
	t.Error("there is no JSON endpoint")
	return false
}

func profileBack(t *testing.T, s settings.Settings) bool {
	t.Helper()
	document, err := render(client.Profile, s)
	if err != nil {
		return false
	}
	list, err := markup.ReadPropertyList(document)
	if err != nil {
		t.Errorf("profile: %v", err)
		return false
	}
	top, _ := list.(map[string]any)
	content, _ := top["PayloadContent"].([]any)
	organization := s.Provider.Profile.Organization
	if organization == "" {
		organization = s.Provider.Name
	}
	same(t, "PayloadOrganization", top["PayloadOrganization"], organization)
	same(t, "PayloadDisplayName", top["PayloadDisplayName"], s.Provider.Name+" ("+s.Address.String()+")")
	consent, _ := top["ConsentText"].(map[string]any)
	same(t, "ConsentText", len(consent), len(s.Provider.Profile.ConsentText))
	for tag, text := range s.Provider.Profile.ConsentText {
		same(t, "ConsentText", consent[tag], text)
	}
	removal, _ := top["RemovalDate"].(time.Time)
	same(t, "RemovalDate", removal, s.Provider.Profile.RemovalDate)
	o := offerOf(client.Profile, s)
	var want []map[string]any
	if o.smtp != nil {
		want = append(want, mailPayload(s, o))
	}
	if o.caldav != nil {
		want = append(want, davPayload(s, o.caldav, "CalDAV"))
	}
	if o.carddav != nil {
		want = append(want, davPayload(s, o.carddav, "CardDAV"))
	}
	if len(content) != len(want) {
		t.Errorf("profile: %d payloads, want %d", len(content), len(want))
		return false
	}
	for i, item := range content {
		got, _ := item.(map[string]any)
		for key := range got {
			label, _ := got[key].(string)
			switch {
			case strings.HasPrefix(key, "Payload") && key != "PayloadType":
				delete(got, key)
			case strings.HasSuffix(key, "DAVAccountDescription") && strings.HasSuffix(label, " "+s.Address.String()):
				delete(got, key) // a label, not a setting
			}
		}
		same(t, "payload", got, want[i])
	}
	return true
}

func mailPayload(s settings.Settings, o offer) map[string]any {
	in := o.incoming()
	p := map[string]any{
		"PayloadType":                            "com.apple.mail.managed",
		"EmailAccountType":                       map[settings.Protocol]string{settings.IMAP: "EmailTypeIMAP", settings.POP3: "EmailTypePOP"}[in.Protocol],
		"EmailAccountDescription":                s.Address.String(),
		"EmailAddress":                           s.Address.String(),
		"OutgoingPasswordSameAsIncomingPassword": false,
	}
	users := map[string]string{}
	for prefix, svc := range map[string]*settings.Service{"IncomingMailServer": in, "OutgoingMailServer": o.smtp} {
		p[prefix+"HostName"], p[prefix+"PortNumber"], p[prefix+"UseSSL"] = svc.Host, int64(svc.Port), encrypted(*svc)
		p[prefix+"Authentication"] = applesWord(*svc)
		if p[prefix+"Authentication"] != "EmailAuthNone" {
			user, _ := s.Login(*svc)
			p[prefix+"Username"], users[prefix] = user, user
		}
	}
	if user, logsIn := users["OutgoingMailServer"]; logsIn {
		p["OutgoingPasswordSameAsIncomingPassword"] = user == users["IncomingMailServer"]
	}
	return p
}

// applesWord returns the value for passwords when the service accepts them, else
// for the first way to log in that Apple has a value for.
func applesWord(svc settings.Service) string {
	if svc.Accepts(settings.Password) {
		return "EmailAuthPassword"
	}
	known := map[settings.Auth]string{settings.PasswordChallenge: "EmailAuthCRAMMD5", settings.NTLM: "EmailAuthNTLM", settings.NoAuth: "EmailAuthNone"}
	for _, a := range svc.Auth {
		if w, ok := known[a]; ok {
			return w
		}
	}
	return ""
}

func davPayload(s settings.Settings, svc *settings.Service, prefix string) map[string]any {
	user, _ := s.Login(*svc)
	p := map[string]any{
		"PayloadType":       "com.apple." + strings.ToLower(prefix) + ".account",
		prefix + "Username": user,
		prefix + "UseSSL":   https(*svc),
	}
	_, rest, _ := strings.Cut(svc.URL, "://")
	host, path, _ := strings.Cut(rest, "/")
	host, port, hasPort := strings.Cut(host, ":")
	p[prefix+"HostName"] = host
	if hasPort {
		n, _ := strconv.ParseInt(port, 10, 64)
		p[prefix+"Port"] = n
	}
	if path != "" {
		p[prefix+"PrincipalURL"] = "/" + path
	}
	return p
}

func paccBack(t *testing.T, s settings.Settings) bool {
	t.Helper()
	document, err := render(client.PACC, s)
	if err != nil {
		return false
	}
	var got map[string]any
	if err := json.Unmarshal(document, &got); err != nil {
		t.Errorf("pacc: %v", err)
		return false
	}
	o := offerOf(client.PACC, s)
	protocols := map[string]any{}
	password, public := true, s.Provider.OAuth2 != nil // of every service that is named
	for name, svc := range map[string]*settings.Service{
		"imap": o.imap, "pop3": o.pop3, "submit": o.smtp, "smtp": o.smtp,
		"jmap": o.jmap, "caldav": o.caldav, "carddav": o.carddav, "webdav": o.webdav,
	} {
		switch {
		case svc == nil:
			continue
		case svc.URL != "":
			protocols[name] = map[string]any{"url": svc.URL}
		default:
			protocols[name] = map[string]any{"host": svc.Host}
		}
		password = password && takesPassword(*svc)
		public = public && svc.Accepts(settings.OAuth2)
	}
	authentication := map[string]any{"password": password}
	if public {
		authentication["oauth-public"] = map[string]any{"issuer": s.Provider.OAuth2.Issuer}
	}
	info := map[string]any{"provider": map[string]any{"name": s.Provider.Name, "shortName": s.Provider.ShortName}}
	if s.Provider.HelpURL != "" {
		info["help"] = map[string]any{"documentation": s.Provider.HelpURL}
	}
	same(t, "pacc", got, map[string]any{"protocols": protocols, "authentication": authentication, "info": info})
	return true
}

func settingsBack(t *testing.T, s settings.Settings) bool {
	t.Helper()
	document, err := settingsjson.Render(s)
	if err != nil {
		t.Errorf("settings: %v", err)
		return false
	}
	type service struct {
		Protocol, Host, Security, URL, Login string
		Port                                 uint16
		Auth                                 []string
		Leave                                *bool `json:"leave_messages_on_server"`
		Days                                 int   `json:"days_to_leave_messages_on_server"`
		Download                             *bool `json:"download_on_biff"`
	}
	var got struct {
		Domain    string
		Canonical string `json:"canonical_domain"`
		Address   string
		MovedTo   string `json:"moved_to"`
		Provider  struct {
			ID, Name  string
			Names     map[string]string
			ShortName string `json:"short_name"`
			HelpURL   string `json:"help_url"`
		}
		Services []service
		OAuth2   *struct {
			Issuer, Scope string
			AuthURL       string `json:"auth_url"`
			TokenURL      string `json:"token_url"`
			ClientID      string `json:"client_id"`
		}
	}
	if err := json.Unmarshal(document, &got); err != nil {
		t.Errorf("settings: %v", err)
		return false
	}
	same(t, "domains", []string{got.Domain, got.Canonical, got.MovedTo}, []string{string(s.Domain), string(s.Canonical), string(s.MovedTo)})
	same(t, "address", got.Address, s.Address.String())
	p := s.Provider
	same(t, "provider", []string{got.Provider.ID, got.Provider.Name, got.Provider.ShortName, got.Provider.HelpURL}, []string{p.ID, p.Name, p.ShortName, p.HelpURL})
	same(t, "names", got.Provider.Names, p.Names)
	if (got.OAuth2 == nil) != (p.OAuth2 == nil) {
		t.Errorf("oauth2: %+v, want %+v", got.OAuth2, p.OAuth2)
	} else if got.OAuth2 != nil {
		same(t, "oauth2", settings.OAuth2Endpoints{
			Issuer: got.OAuth2.Issuer, AuthURL: got.OAuth2.AuthURL, TokenURL: got.OAuth2.TokenURL, Scope: got.OAuth2.Scope, ClientID: got.OAuth2.ClientID,
		}, *p.OAuth2)
	}
	var back, want []settings.Service
	for _, svc := range got.Services {
		var auth []settings.Auth
		for _, a := range svc.Auth {
			auth = append(auth, settings.Auth(a))
		}
		back = append(back, settings.Service{
			Protocol: settings.Protocol(svc.Protocol), Host: svc.Host, Port: svc.Port, Security: settings.Security(svc.Security), URL: svc.URL,
			Login: settings.Login(svc.Login), Auth: auth,
			POP: settings.POPOptions{LeaveMessagesOnServer: svc.Leave, DaysToLeaveMessagesOnServer: svc.Days, DownloadOnBiff: svc.Download},
		})
	}
	for _, svc := range s.Services() {
		if login, known := s.Login(svc); known {
			svc.Login = settings.Login(login)
		}
		svc.HostFromOutside = false // only the password check needs to know where a host is written
		want = append(want, svc)
	}
	same(t, "services", back, want)
	return true
}
