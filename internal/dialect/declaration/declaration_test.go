package declaration

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// key is a key of Apple's schema (apple/device-management, declarative/declarations).
type key struct {
	required bool
	number   bool
	values   []string
	keys     map[string]key // of a dictionary
}

func schema() map[string]map[string]key {
	text, required, port := key{}, key{required: true}, key{number: true}
	auth := key{required: true, values: []string{"None", "Password", "CRAMMD5", "NTLM", "HTTPMD5"}}
	out := map[string]key{"HostName": required, "Port": port, "AuthenticationMethod": auth, "AuthenticationCredentialsAssetReference": text}
	in := map[string]key{"ServerType": {required: true, values: []string{"IMAP", "POP"}}, "IMAPPathPrefix": text}
	for name, k := range out {
		in[name] = k
	}
	dav := map[string]key{"VisibleName": text, "HostName": required, "Port": port, "Path": text, "AuthenticationCredentialsAssetReference": text}
	return map[string]map[string]key{
		"com.apple.asset.useridentity": {"FullName": text, "EmailAddress": text},
		"com.apple.configuration.account.mail": {
			"VisibleName": text, "UserIdentityAssetReference": text,
			"IncomingServer": {required: true, keys: in}, "OutgoingServer": {required: true, keys: out},
		},
		"com.apple.configuration.account.caldav":  dav,
		"com.apple.configuration.account.carddav": dav,
	}
}

// check compares a dictionary with its keys in the schema.
func check(t *testing.T, where string, d map[string]any, keys map[string]key) {
	t.Helper()
	for name, k := range keys {
		if _, ok := d[name]; k.required && !ok {
			t.Errorf("%s: %s is missing", where, name)
		}
	}
	for name, value := range d {
		k, known := keys[name]
		if !known {
			t.Errorf("%s: %s is not a key", where, name)
			continue
		}
		switch value := value.(type) {
		case map[string]any:
			check(t, where+"."+name, value, k.keys)
		case float64:
			if !k.number || value < 1 || value > 65535 {
				t.Errorf("%s: %s is %v", where, name, value)
			}
		case string:
			if k.number || k.keys != nil || value == "" || k.values != nil && !slices.Contains(k.values, value) {
				t.Errorf("%s: %s is %q", where, name, value)
			}
		default:
			t.Errorf("%s: %s is %v", where, name, value)
		}
	}
	if method, reference := d["AuthenticationMethod"], d["AuthenticationCredentialsAssetReference"]; method != nil && (method == "None") != (reference == nil) {
		t.Errorf("%s: the method %v with the credentials %v", where, method, reference)
	}
}

func service(p settings.Protocol, port uint16, s settings.Security, auth ...settings.Auth) settings.Service {
	return settings.Service{Protocol: p, Host: "mail.example.com", Port: port, Security: s, Login: settings.LoginAddress, Auth: append(auth, settings.OAuth2)}
}

func web(p settings.Protocol, url string) settings.Service {
	return settings.Service{Protocol: p, URL: url, Login: "{local}", Auth: []settings.Auth{settings.Password}}
}

func of(services ...settings.Service) settings.Settings {
	return settings.Settings{
		Provider: &settings.Provider{ID: "example", Name: "Example", Services: services},
		Domain:   "example.com", Canonical: "example.com", Address: address.Address{Local: "Anna", Domain: "example.com"},
	}
}

// TestDeclarations pins what is declared, and checks it by Apple's schema.
func TestDeclarations(t *testing.T) {
	const pw = settings.Password
	smtp := service(settings.Submission, 465, settings.TLS, pw)
	for _, tc := range []struct {
		name     string
		services []settings.Service
		want     []string // parts of the JSON without spaces; none for no answer
	}{
		{"everything", []settings.Service{service(settings.IMAP, 993, settings.TLS, pw), smtp, web(settings.CalDAV, "https://dav.example.com:8443/cal%20a/"), web(settings.CardDAV, "https://dav.example.com/")}, []string{
			`"EmailAddress":"Anna@example.com"`, `"ServerType":"IMAP","HostName":"mail.example.com","Port":993,"AuthenticationMethod":"Password"`,
			`.credentials.Anna@example.com"`, `"Port":8443,"Path":"/cal%20a/"`, `.credentials.Anna"`, `account.carddav`,
		}},
		{"the order of the provider", []settings.Service{service(settings.IMAP, 143, settings.STARTTLS, pw), service(settings.IMAP, 993, settings.TLS, pw), smtp}, []string{`"Port":143`}},
		{"POP3 and a challenge", []settings.Service{service(settings.POP3, 995, settings.TLS, settings.PasswordChallenge), smtp}, []string{`"ServerType":"POP"`, `"CRAMMD5"`}},
		{"no authentication to send", []settings.Service{service(settings.IMAP, 993, settings.TLS, pw), service(settings.Submission, 465, settings.TLS, settings.NoAuth)}, []string{`"AuthenticationMethod":"None"}`}},
		{"STARTTLS on the port of implicit TLS", []settings.Service{service(settings.IMAP, 993, settings.STARTTLS, pw), smtp}, nil},
		{"plaintext", []settings.Service{service(settings.IMAP, 143, settings.Plaintext, pw), smtp, web(settings.CalDAV, "http://dav.example.com/")}, nil},
		{"OAuth2 alone", []settings.Service{service(settings.IMAP, 993, settings.TLS), service(settings.Submission, 465, settings.TLS)}, nil},
		{"contacts alone", []settings.Service{web(settings.CardDAV, "https://dav.example.com/")}, []string{`account.carddav`}},
	} {
		body, err := Render(of(tc.services...))
		if tc.want == nil {
			if settings.KindOf(err) != settings.NotOffered {
				t.Errorf("%s: %s, %v", tc.name, body, err)
			}
			continue
		}
		var all []struct {
			Type, Identifier, ServerToken string
			Payload                       map[string]any
		}
		reader := json.NewDecoder(bytes.NewReader(body))
		reader.DisallowUnknownFields()
		if err := reader.Decode(&all); err != nil {
			t.Fatalf("%s: %v in %s", tc.name, err, body)
		}
		known := map[string]bool{}
		for _, d := range all {
			if known[d.Identifier] || d.Identifier == "" || d.ServerToken == "" {
				t.Errorf("%s: the identifier %q with the token %q", tc.name, d.Identifier, d.ServerToken)
			}
			known[d.Identifier] = true
			keys, ok := schema()[d.Type]
			if !ok {
				t.Errorf("%s: unknown type %s", tc.name, d.Type)
			}
			check(t, tc.name+", "+d.Type, d.Payload, keys)
			if reference, ok := d.Payload["UserIdentityAssetReference"].(string); ok && !known[reference] {
				t.Errorf("%s: %s is not declared", tc.name, reference)
			}
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, body); err != nil {
			t.Fatal(err)
		}
		for _, want := range tc.want {
			if !strings.Contains(compact.String(), want) {
				t.Errorf("%s: no %s in %s", tc.name, want, &compact)
			}
		}
	}
	if _, err := Render(settings.Settings{Provider: of().Provider, Domain: "example.com"}); settings.KindOf(err) != settings.BadRequest {
		t.Errorf("without an address: %v", err)
	}
}

// TestIdentifiersStay pins that a device replaces its account when settings change: the
// identifier stays, and the token changes.
func TestIdentifiersStay(t *testing.T) {
	read := func(host string) (identifier, token string) {
		calendars := web(settings.CalDAV, "https://"+host+"/")
		body, err := Render(of(calendars))
		var all []declaration
		if err == nil {
			err = json.Unmarshal(body, &all)
		}
		if err != nil || len(all) != 1 {
			t.Fatal(err, all)
		}
		return all[0].Identifier, all[0].ServerToken
	}
	before, first := read("dav.example.com")
	after, second := read("new.example.com")
	if before != after || first == second {
		t.Errorf("%s %s, then %s %s", before, first, after, second)
	}
	if want := "org.waymark-mail.example."; !strings.HasPrefix(before, want) || !strings.HasSuffix(before, ".caldav") {
		t.Errorf("the identifier is %s", before)
	}
}
