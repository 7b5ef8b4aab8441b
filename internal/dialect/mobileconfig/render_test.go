package mobileconfig

import (
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

func mailService(p settings.Protocol, port uint16, s settings.Security, auth ...settings.Auth) settings.Service {
	if auth == nil {
		auth = []settings.Auth{settings.Password}
	}
	return settings.Service{Protocol: p, Host: "mail.example.net", Port: port, Security: s, Login: settings.LoginAddress, Auth: auth}
}

func dav(p settings.Protocol, at string) settings.Service {
	return settings.Service{Protocol: p, URL: at, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
}

func offering(services ...settings.Service) settings.Settings {
	return settings.Settings{
		Provider: &settings.Provider{ID: "example", Name: "Example", ShortName: "Example", Services: services},
		Domain:   "example.com", Canonical: "example.com",
		Address: address.Address{Local: "anna", Domain: "example.com"},
	}
}

// both is a mail service that lacks nothing.
func both() []settings.Service {
	return []settings.Service{mailService(settings.IMAP, 993, settings.TLS), mailService(settings.Submission, 465, settings.TLS)}
}

func render(t *testing.T, s settings.Settings, o Options) (top map[string]any, payloads map[string]map[string]any) {
	t.Helper()
	profile, err := Render(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return checkProfile(t, profile)
}

// wants compares some keys of a payload; nil means that the key is not there.
func wants(t *testing.T, payload map[string]any, want map[string]any) {
	t.Helper()
	for name, value := range want {
		got, there := payload[name]
		if value == nil && there || value != nil && got != value {
			t.Errorf("%s is %v, want %v", name, got, value)
		}
	}
}

func TestMailPayload(t *testing.T) {
	for _, tc := range []struct {
		name     string
		services []settings.Service
		want     map[string]any
	}{
		{"TLS from the first byte", both(), map[string]any{
			"EmailAccountType": "EmailTypeIMAP", "EmailAddress": "anna@example.com",
			"IncomingMailServerHostName": "mail.example.net", "IncomingMailServerPortNumber": uint64(993), "IncomingMailServerUseSSL": true,
			"OutgoingMailServerHostName": "mail.example.net", "OutgoingMailServerPortNumber": uint64(465), "OutgoingMailServerUseSSL": true,
			"IncomingMailServerUsername": "anna@example.com", "OutgoingMailServerUsername": "anna@example.com",
			"IncomingMailServerAuthentication": "EmailAuthPassword", "OutgoingMailServerAuthentication": "EmailAuthPassword",
			"OutgoingPasswordSameAsIncomingPassword": true,
		}},
		// There is one switch, and a device negotiates STARTTLS with it on 587.
		{"submission with STARTTLS only", []settings.Service{
			mailService(settings.IMAP, 993, settings.TLS), mailService(settings.Submission, 587, settings.STARTTLS),
		}, map[string]any{"OutgoingMailServerPortNumber": uint64(587), "OutgoingMailServerUseSSL": true}},
		{"the order of the provider", []settings.Service{
			mailService(settings.IMAP, 993, settings.TLS), mailService(settings.IMAP, 143, settings.STARTTLS),
			mailService(settings.Submission, 587, settings.STARTTLS), mailService(settings.Submission, 465, settings.TLS),
		}, map[string]any{"IncomingMailServerPortNumber": uint64(993), "OutgoingMailServerPortNumber": uint64(587)}},
		// There the device decides what the switch means.
		{"TLS before STARTTLS on another port", []settings.Service{
			mailService(settings.IMAP, 1143, settings.STARTTLS), mailService(settings.IMAP, 993, settings.TLS),
			mailService(settings.Submission, 2525, settings.STARTTLS), mailService(settings.Submission, 465, settings.TLS),
		}, map[string]any{"IncomingMailServerPortNumber": uint64(993), "OutgoingMailServerPortNumber": uint64(465)}},
		{"encryption before plaintext", []settings.Service{
			mailService(settings.IMAP, 143, settings.Plaintext), mailService(settings.IMAP, 993, settings.TLS),
			mailService(settings.Submission, 587, settings.Plaintext), mailService(settings.Submission, 2525, settings.STARTTLS),
		}, map[string]any{"IncomingMailServerPortNumber": uint64(993), "OutgoingMailServerPortNumber": uint64(2525)}},
		{"POP3 when there is nothing else", []settings.Service{
			mailService(settings.POP3, 995, settings.TLS), mailService(settings.Submission, 465, settings.TLS),
		}, map[string]any{"EmailAccountType": "EmailTypePOP", "IncomingMailServerPortNumber": uint64(995)}},
		{"IMAP before POP3", append(both(), mailService(settings.POP3, 995, settings.TLS)), map[string]any{"EmailAccountType": "EmailTypeIMAP"}},
		{"ports of one's own", []settings.Service{
			mailService(settings.IMAP, 1993, settings.TLS), mailService(settings.Submission, 1465, settings.TLS),
		}, map[string]any{"IncomingMailServerPortNumber": uint64(1993), "OutgoingMailServerPortNumber": uint64(1465)}},
		{"plaintext is said to be plaintext", []settings.Service{
			mailService(settings.IMAP, 143, settings.Plaintext), mailService(settings.Submission, 587, settings.Plaintext),
		}, map[string]any{"IncomingMailServerUseSSL": false, "OutgoingMailServerUseSSL": false}},
		{"the password as it is, whatever stands before it", []settings.Service{
			mailService(settings.IMAP, 993, settings.TLS, settings.OAuth2, settings.PasswordChallenge, settings.Password),
			mailService(settings.Submission, 465, settings.TLS, settings.PasswordChallenge),
		}, map[string]any{"IncomingMailServerAuthentication": "EmailAuthPassword", "OutgoingMailServerAuthentication": "EmailAuthCRAMMD5"}},
		{"a relay that asks for nothing", []settings.Service{
			mailService(settings.IMAP, 993, settings.TLS), mailService(settings.Submission, 465, settings.TLS, settings.NoAuth),
		}, map[string]any{"OutgoingMailServerAuthentication": "EmailAuthNone", "OutgoingMailServerUsername": nil, "OutgoingPasswordSameAsIncomingPassword": false}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, payloads := render(t, offering(tc.services...), Options{})
			wants(t, payloads["com.apple.mail.managed"], tc.want)
		})
	}
}

func TestDAVPayloads(t *testing.T) {
	for _, tc := range []struct {
		url  string
		want map[string]any
	}{
		{"https://dav.example.net", map[string]any{"CalDAVHostName": "dav.example.net", "CalDAVUseSSL": true, "CalDAVPort": nil, "CalDAVPrincipalURL": nil, "CalDAVUsername": "anna@example.com"}},
		{"https://dav.example.net/", map[string]any{"CalDAVHostName": "dav.example.net", "CalDAVPrincipalURL": nil}},
		{"https://dav.example.net:8443/cal/", map[string]any{"CalDAVHostName": "dav.example.net", "CalDAVPort": uint64(8443), "CalDAVPrincipalURL": "/cal/"}},
		{"http://dav.example.net/", map[string]any{"CalDAVUseSSL": false}},
	} {
		_, payloads := render(t, offering(dav(settings.CalDAV, tc.url)), Options{}) // calendars without mail
		wants(t, payloads["com.apple.caldav.account"], tc.want)
	}
	_, payloads := render(t, offering(dav(settings.CardDAV, "https://dav.example.net:8443/card/")), Options{})
	wants(t, payloads["com.apple.carddav.account"], map[string]any{
		"CardDAVHostName": "dav.example.net", "CardDAVPort": uint64(8443), "CardDAVPrincipalURL": "/card/", "CardDAVUseSSL": true, "CardDAVUsername": "anna@example.com",
	})
}

func TestWhatCannotBeSaid(t *testing.T) {
	for name, services := range map[string][]settings.Service{
		"OAuth2 only: Apple has no key for it":            {mailService(settings.IMAP, 993, settings.TLS, settings.OAuth2), mailService(settings.Submission, 465, settings.TLS, settings.OAuth2)},
		"no outgoing server: the schema demands one":      {mailService(settings.IMAP, 993, settings.TLS)},
		"nothing but what Apple does not set up this way": {mailService(settings.ManageSieve, 4190, settings.STARTTLS)},
	} {
		if _, err := Render(offering(services...), Options{}); settings.KindOf(err) != settings.NotOffered {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Render(offering(both()...), Options{Selection: Selection{Calendar: true}}); settings.KindOf(err) != settings.NotOffered {
		t.Errorf("calendars were chosen where there are none: %v", err)
	}
	nobody := offering(both()...)
	nobody.Address = address.Address{}
	if _, err := Render(nobody, Options{}); settings.KindOf(err) != settings.BadRequest {
		t.Errorf("without an address: %v", err)
	}
}

func TestOptionalParts(t *testing.T) {
	s := offering(both()...)
	top, _ := render(t, s, Options{})
	wants(t, top, map[string]any{"ConsentText": nil, "RemovalDate": nil, "PayloadOrganization": "Example", "PayloadScope": "User", "PayloadDisplayName": "Example (anna@example.com)"})

	s.Provider.Profile = settings.ProfileOptions{
		Organization: "Example Ltd",
		ConsentText:  map[string]string{"default": "Agree?", "de": "Einverstanden?"},
		RemovalDate:  time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	top, _ = render(t, s, Options{})
	wants(t, top, map[string]any{"PayloadOrganization": "Example Ltd", "RemovalDate": s.Provider.Profile.RemovalDate})
	if consent, _ := top["ConsentText"].(map[string]any); consent["de"] != "Einverstanden?" || consent["default"] != "Agree?" {
		t.Errorf("ConsentText is %v", top["ConsentText"])
	}
}
