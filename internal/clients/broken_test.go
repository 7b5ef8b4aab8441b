package clients_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/settings"
)

// fault is one error in a document.
type fault struct {
	name   string
	edits  []string // pairs: the first is replaced by the second, once
	breaks breaks
}

// breaks lists, for each outcome, the clients that end with it: their verdict, or
// how their account differs. All others end as with the right document.
type breaks map[string]string

func edit(pairs ...string) []string { return pairs }

// whole returns settings that every format can express in full.
func whole() settings.Settings {
	service := func(p settings.Protocol, host string, port uint16) settings.Service {
		return settings.Service{Protocol: p, Host: host, Port: port, Security: settings.TLS, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
	}
	dav := func(p settings.Protocol, url string) settings.Service {
		return settings.Service{Protocol: p, URL: url, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
	}
	return settings.Settings{
		Provider: &settings.Provider{
			ID: "p", Name: "Example", ShortName: "Example",
			Services: []settings.Service{
				service(settings.IMAP, "imap.example.com", 993), service(settings.POP3, "pop.example.com", 995), service(settings.Submission, "smtp.example.com", 465),
				dav(settings.CalDAV, "https://dav.example.com/calendars/"), dav(settings.CardDAV, "https://dav.example.com/contacts/"),
			},
			Outlook: settings.OutlookOptions{DAV: true},
		},
		Domain: "example.com", Canonical: "example.com",
		Address: address.Address{Local: "anna", Domain: "example.com"},
	}
}

// TestFaults breaks one rule at a time, and expects exactly the clients with that
// rule to end differently.
func TestFaults(t *testing.T) {
	for format, faults := range map[client.Format][]fault{
		client.Autoconfig: autoconfigFaults(), client.Autodiscover: autodiscoverFaults(),
		client.Profile: profileFaults(), client.PACC: paccFaults(),
	} {
		document, err := render(format, whole())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			t.Run(string(format)+"/"+f.name, func(t *testing.T) {
				broken := string(document)
				for pair := range slices.Chunk(f.edits, 2) {
					if !strings.Contains(broken, pair[0]) {
						t.Fatalf("there is no %q in\n%s", pair[0], broken)
					}
					broken = strings.Replace(broken, pair[0], pair[1], 1)
				}
				outcomes := map[string][]string{}
				for _, c := range readers() {
					if c.Format != format {
						continue
					}
					right, err := c.Read(document, "anna@example.com")
					if err != nil {
						t.Fatal(err)
					}
					wrong, err := c.Read([]byte(broken), "anna@example.com")
					if what := difference(right, wrong, err); what != "" {
						outcomes[what] = append(outcomes[what], c.Name)
					}
				}
				got := breaks{}
				for outcome, names := range outcomes {
					slices.Sort(names)
					got[outcome] = strings.Join(names, ", ")
				}
				if !maps.Equal(got, f.breaks) {
					t.Errorf("got\n%s\nwant\n%s", listed(got), listed(f.breaks))
				}
			})
		}
	}
}

func listed(breaks breaks) string {
	var b strings.Builder
	for _, outcome := range slices.Sorted(maps.Keys(breaks)) {
		fmt.Fprintf(&b, "\t%q: %q,\n", outcome, breaks[outcome])
	}
	return b.String()
}

// difference returns what a client does, or how an account differs from the right
// one; "" when it is the same.
func difference(right, wrong client.Account, err error) string {
	if refusal, ok := errors.AsType[*client.Refusal](err); ok {
		if refusal.To != "" {
			return string(refusal.Does) + ": " + refusal.To
		}
		return string(refusal.Does)
	}
	var differs []string
	for _, part := range []struct {
		name         string
		right, wrong any
	}{
		{"in", right.Incoming, wrong.Incoming}, {"out", right.Outgoing, wrong.Outgoing},
		{"caldav", right.CalDAV, wrong.CalDAV}, {"carddav", right.CardDAV, wrong.CardDAV},
	} {
		a, b := reflect.ValueOf(part.right), reflect.ValueOf(part.wrong)
		if b.IsZero() && !a.IsZero() {
			differs = append(differs, "no "+part.name)
			continue
		}
		for i := range a.NumField() {
			if !a.Field(i).Equal(b.Field(i)) {
				differs = append(differs, fmt.Sprintf("%s %s %v", part.name, strings.ToLower(a.Type().Field(i).Name), b.Field(i)))
			}
		}
	}
	return strings.Join(differs, ", ")
}

const (
	rejects = string(client.Rejects)
	ignores = string(client.Ignores)
	takePOP = "in protocol pop3, in host pop.example.com, in port 995"
)

func autoconfigFaults() []fault {
	return []fault{
		{"an attribute on the only domain", edit("<domain>", `<domain purpose="mx">`), breaks{rejects: "Thunderbird"}},
		{"no domain", edit("<domain>example.com</domain>", ""), breaks{rejects: "Thunderbird, Thunderbird for Android"}},
		{"no id", edit(` id="example.com"`, ""), breaks{rejects: "Thunderbird, Thunderbird for Android"}},
		{"an id in U-labels", edit(`id="example.com"`, `id="bücher.example"`), breaks{rejects: "Thunderbird, Thunderbird for Android"}},
		{"another root", edit("<clientConfig", "<config", "</clientConfig", "</config"), breaks{rejects: "GNOME Online Accounts, Thunderbird, Thunderbird for Android"}},
		{"a prefix", edit("<clientConfig", "<x:clientConfig", "</clientConfig", "</x:clientConfig"), breaks{rejects: "GNOME Online Accounts, Thunderbird, Thunderbird for Android"}},
		{"an attribute on a server besides its type", edit(`<incomingServer type="imap">`, `<incomingServer type="imap" id="1">`), breaks{rejects: "Evolution"}},
		{"a type in upper case", edit(`type="imap"`, `type="IMAP"`), breaks{
			takePOP: "Evolution, KMail, Thunderbird",
			"no in": "GNOME Online Accounts, Nextcloud Mail",
			rejects: "FairEmail, Thunderbird for Android",
		}},
		{"an attribute on a host name", edit("<hostname>", `<hostname x="">`), breaks{takePOP: "Thunderbird"}},
		{"white space round a host name", edit("<hostname>imap.example.com", "<hostname> imap.example.com "), breaks{"in host  imap.example.com ": "Evolution, FairEmail, GNOME Online Accounts, KMail, Nextcloud Mail, SnappyMail, Thunderbird for Android"}},
		{"a comment in a host name", edit("<hostname>imap.", "<hostname>imap.<!-- -->"), breaks{"in host example.com": "Delta Chat, Evolution"}},
		{"a host name as CDATA", edit("<hostname>imap.example.com<", "<hostname><![CDATA[imap.example.com]]><"), breaks{
			"in host ": "Evolution",
			"no in":    "Delta Chat",
		}},
		{"a host name in U-labels", edit("<hostname>imap.example.com", "<hostname>bücher.example"), breaks{
			"in host bücher.example": "Delta Chat, Evolution, FairEmail, GNOME Online Accounts, KMail, Nextcloud Mail, SnappyMail",
			rejects:                  "Thunderbird for Android",
			takePOP:                  "Thunderbird",
		}},
		{"a host name with a placeholder", edit("<hostname>imap.example.com", "<hostname>imap.%EMAILDOMAIN%"), breaks{"in host imap.%EMAILDOMAIN%": "FairEmail, GNOME Online Accounts, Nextcloud Mail, SnappyMail"}},
		{"white space round a port", edit("<port>993", "<port> 993 "), breaks{rejects: "FairEmail, Thunderbird for Android"}},
		{"a port that is none", edit("<port>993", "<port>imaps"), breaks{
			"in port 0": "Delta Chat, Evolution, GNOME Online Accounts, Nextcloud Mail, SnappyMail",
			rejects:     "FairEmail, Thunderbird for Android",
			takePOP:     "KMail, Thunderbird",
		}},
		{"a socketType in lower case", edit("<socketType>SSL", "<socketType>ssl"), breaks{
			"in security plaintext": "Evolution, KMail, SnappyMail",
			rejects:                 "Thunderbird for Android",
			takePOP:                 "Thunderbird",
		}},
		{"a socketType of another vocabulary", edit("<socketType>SSL", "<socketType>TLS"), breaks{
			"in security plaintext":  "Evolution, KMail, SnappyMail",
			"in security ":           "GNOME Online Accounts",
			"in security negotiated": "Delta Chat",
			"in security starttls":   "Nextcloud Mail",
			rejects:                  "Thunderbird for Android",
			takePOP:                  "Thunderbird",
		}},
		{"white space round a socketType", edit("<socketType>SSL", "<socketType>SSL "), breaks{
			"in security plaintext": "Evolution, KMail, Nextcloud Mail, SnappyMail",
			"in security ":          "GNOME Online Accounts",
			rejects:                 "Thunderbird for Android",
			takePOP:                 "Thunderbird",
		}},
		{"no encryption", edit("<socketType>SSL", "<socketType>plain"), breaks{
			"in security plaintext": "Delta Chat, Evolution, GNOME Online Accounts, KMail, Nextcloud Mail, SnappyMail, Thunderbird",
			rejects:                 "Thunderbird for Android",
		}},
		{"no socketType", edit("<socketType>SSL</socketType>", ""), breaks{
			"in security plaintext":  "Evolution, KMail, Nextcloud Mail, SnappyMail",
			"in security ":           "GNOME Online Accounts",
			"in security negotiated": "Delta Chat",
			rejects:                  "Thunderbird for Android",
			takePOP:                  "Thunderbird",
		}},
		{"OAuth2 alone", edit("password-cleartext", "OAuth2"), breaks{
			"in auth ":       "Evolution",
			"in auth oauth2": "KMail",
			rejects:          "Thunderbird for Android",
			takePOP:          "Thunderbird",
		}},
		{"GSSAPI alone", edit("password-cleartext", "GSSAPI"), breaks{
			"in auth gssapi": "KMail, Thunderbird",
			"in auth ":       "Evolution",
			rejects:          "Thunderbird for Android",
		}},
		{"a named SASL mechanism alone", edit("<authentication>password-cleartext", `<authentication system="sasl">PLAIN`), breaks{
			"in auth ": "Evolution, KMail",
			rejects:    "Thunderbird for Android",
			takePOP:    "Thunderbird",
		}},
		{"no way to log in", edit("<authentication>password-cleartext</authentication>", ""), breaks{
			"in auth ": "Evolution, KMail",
			rejects:    "Thunderbird for Android",
			takePOP:    "Thunderbird",
		}},
		{"no user name", edit("<username>%EMAILADDRESS%</username>", ""), breaks{
			"in user ":          "Evolution, GNOME Online Accounts, KMail, Nextcloud Mail",
			"in user undefined": "Thunderbird",
			"no in":             "Delta Chat",
			rejects:             "Thunderbird for Android",
		}},
		{"an empty user name", edit("<username>%EMAILADDRESS%</username>", "<username/>"), breaks{
			"in user ":     "Evolution, GNOME Online Accounts, KMail, Nextcloud Mail, Thunderbird for Android",
			"in user true": "Thunderbird",
			"no in":        "Delta Chat",
		}},
		{"white space round a user name", edit("<username>%EMAILADDRESS%", "<username> %EMAILADDRESS% "), breaks{
			"in user  anna@example.com ": "Evolution, KMail, Nextcloud Mail, Thunderbird, Thunderbird for Android",
			"in user ":                   "GNOME Online Accounts",
		}},
		{"a placeholder in lower case", edit("<username>%EMAILADDRESS%", "<username>%emailaddress%"), breaks{"in user %emailaddress%": "Delta Chat, Evolution, KMail, Nextcloud Mail, Thunderbird, Thunderbird for Android"}},
		{"an echo of the address", edit("<username>%EMAILADDRESS%", "<username>anna@example.com"), breaks{"in user ": "GNOME Online Accounts"}},
		{"an echo of the address, still encoded", edit("<username>%EMAILADDRESS%", "<username>anna%40example.com"), breaks{
			"in user anna%40example.com": "Delta Chat, Evolution, KMail, Nextcloud Mail, Thunderbird, Thunderbird for Android",
			"in user ":                   "GNOME Online Accounts",
		}},
		{"a user name in digits", edit("<username>%EMAILADDRESS%", "<username>0071"), breaks{
			"in user 0071": "Delta Chat, Evolution, KMail, Nextcloud Mail, Thunderbird for Android",
			"in user ":     "GNOME Online Accounts",
			"in user 71":   "Thunderbird",
		}},
		{"a user name that XML escapes", edit("<username>%EMAILADDRESS%", "<username>o&#39;brien"), breaks{
			"in user o'brien": "Evolution, KMail, Nextcloud Mail, Thunderbird, Thunderbird for Android",
			"in user ":        "GNOME Online Accounts",
			"in user brien":   "Delta Chat",
		}},
		{"a user name of several placeholders", edit("<username>%EMAILADDRESS%", "<username>%EMAILLOCALPART%.%EMAILDOMAIN%"), breaks{
			"in user anna.example.com": "Delta Chat, Evolution, KMail, Nextcloud Mail, Thunderbird, Thunderbird for Android",
			"in user ":                 "GNOME Online Accounts",
		}},
		{"two user names in a section", edit("</outgoingServer>", "<username>shared</username></outgoingServer>"), breaks{"out user shared": "Delta Chat, Evolution, KMail, Thunderbird for Android"}},
		{"a calendar with a user name of its own behind the mail", edit("</clientConfig>", "<calendar type=\"caldav\"><username>shared</username></calendar></clientConfig>"), breaks{"in user shared, out user shared": "FairEmail"}},
		{"a second IMAP section", edit(`<incomingServer type="pop3">`, `<incomingServer type="imap"><hostname>old.example.com</hostname><port>143</port><socketType>STARTTLS</socketType><authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></incomingServer><incomingServer type="pop3">`), breaks{"in host old.example.com, in port 143, in security starttls": "Evolution"}},
		{"a plain IMAP section behind the others", edit("</emailProvider>", `<incomingServer type="imap"><hostname>old.example.com</hostname><port>143</port><socketType>plain</socketType><authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></incomingServer></emailProvider>`), breaks{
			"in host old.example.com, in port 143, in security plaintext": "Evolution",
			rejects: "Thunderbird for Android",
		}},
		{"JMAP before IMAP", edit(`<incomingServer type="imap">`, `<incomingServer type="jmap"><url>https://jmap.example.com/</url></incomingServer><incomingServer type="imap">`), breaks{
			"in host , in port 0, in security plaintext": "SnappyMail",
			rejects: "FairEmail",
		}},
		{"no IMAP", edit(`<incomingServer type="imap">`, `<incomingServer type="nothing">`), breaks{
			"no in": "Delta Chat, GNOME Online Accounts, Nextcloud Mail",
			takePOP: "Evolution, KMail, Thunderbird",
			rejects: "FairEmail, Thunderbird for Android",
		}},
		{"no outgoing server", edit(`<outgoingServer type="smtp">`, `<outgoingServer type="nothing">`), breaks{
			"no out": "Delta Chat, Evolution, GNOME Online Accounts, KMail, Nextcloud Mail",
			rejects:  "FairEmail, Thunderbird, Thunderbird for Android",
		}},
		{"an emailProvider before the right one", edit("<emailProvider", "<emailProvider/><emailProvider"), breaks{
			rejects: "Nextcloud Mail, SnappyMail, Thunderbird, Thunderbird for Android",
			ignores: "GNOME Online Accounts, KMail",
		}},
		{"XML that is not well-formed", edit("</emailProvider>", ""), breaks{
			rejects: "Delta Chat, Evolution, FairEmail, GNOME Online Accounts, Nextcloud Mail, SnappyMail, Thunderbird, Thunderbird for Android",
			ignores: "KMail",
		}},
	}
}

func autodiscoverFaults() []fault {
	return []fault{
		{"no LoginName", edit("<LoginName>anna@example.com</LoginName>", ""), breaks{"in user anna": "Outlook, eM Client"}},
		{"an empty LoginName", edit("<LoginName>anna@example.com</LoginName>", "<LoginName></LoginName>"), breaks{
			"in user ":     "Outlook, eM Client",
			"in user true": "Thunderbird's Autodiscover",
		}},
		{"no SPA", edit("<SPA>off</SPA>", ""), breaks{"in auth ntlm": "Outlook, eM Client"}},
		{"SPA switched on", edit("<SPA>off</SPA>", "<SPA>on</SPA>"), breaks{"in auth ntlm": "Outlook, Thunderbird's Autodiscover, eM Client"}},
		{"SSL switched off", edit("<SSL>on</SSL>", "<SSL>off</SSL>"), breaks{"in security plaintext": "Delta Chat's Autodiscover, Thunderbird's Autodiscover"}},
		{"SSL switched off in upper case", edit("<SSL>on</SSL>", "<SSL>OFF</SSL>"), breaks{"in security plaintext": "Thunderbird's Autodiscover"}},
		{"SSL as a boolean", edit("<SSL>on</SSL>", "<SSL>true</SSL>"), breaks{takePOP: "Thunderbird's Autodiscover"}},
		{"Encryption that contradicts the port", edit("<Encryption>SSL", "<Encryption>TLS"), breaks{"in security starttls": "Outlook, eM Client"}},
		{"Encryption left to the client", edit("<Encryption>SSL", "<Encryption>Auto"), breaks{"in security negotiated": "Outlook, eM Client"}},
		{"no Encryption", edit("<Encryption>SSL", "<Encryption>None"), breaks{"in security plaintext": "Outlook, Thunderbird's Autodiscover, eM Client"}},
		{"nobody logs in", edit("<AuthRequired>on", "<AuthRequired>off"), breaks{"in auth none": "Outlook, eM Client"}},
		{"a type in lower case", edit("<Type>IMAP", "<Type>imap"), breaks{
			takePOP: "Outlook, Thunderbird's Autodiscover, eM Client",
			rejects: "FairEmail's Autodiscover",
		}},
		{"STARTTLS on a port of its own", edit("<Port>993", "<Port>1143"), breaks{"in port 1143": "Delta Chat's Autodiscover, FairEmail's Autodiscover, Outlook, Thunderbird's Autodiscover, eM Client"}},
		{"TLS on the port of STARTTLS", edit("<Port>993", "<Port>143"), breaks{
			"in port 143":                       "Delta Chat's Autodiscover, Outlook, eM Client",
			"in port 143, in security starttls": "FairEmail's Autodiscover, Thunderbird's Autodiscover",
		}},
		{"no port", edit("<Port>993</Port>", ""), breaks{
			"in port 143": "Outlook, eM Client",
			"no in":       "Delta Chat's Autodiscover",
			rejects:       "FairEmail's Autodiscover",
			takePOP:       "Thunderbird's Autodiscover",
		}},
		{"white space round a port", edit("<Port>993", "<Port> 993 "), breaks{rejects: "FairEmail's Autodiscover"}},
		{"white space round a host name", edit("<Server>imap.example.com", "<Server> imap.example.com "), breaks{"in host  imap.example.com ": "FairEmail's Autodiscover, Outlook, eM Client"}},
		{"a host name in U-labels", edit("<Server>imap.example.com", "<Server>bücher.example"), breaks{
			"in host bücher.example": "Delta Chat's Autodiscover, FairEmail's Autodiscover, Outlook, eM Client",
			takePOP:                  "Thunderbird's Autodiscover",
		}},
		{"no Server", edit("<Server>imap.example.com</Server>", ""), breaks{
			"in host ": "Outlook, eM Client",
			"no in":    "Delta Chat's Autodiscover",
			rejects:    "FairEmail's Autodiscover",
			takePOP:    "Thunderbird's Autodiscover",
		}},
		{"no AccountType", edit("<AccountType>email</AccountType>", ""), breaks{rejects: "FairEmail's Autodiscover, Outlook, eM Client"}},
		{"an AccountType in upper case", edit("<AccountType>email", "<AccountType>Email"), breaks{rejects: "FairEmail's Autodiscover, Outlook, eM Client"}},
		{"Action behind the protocols", edit("<Action>settings</Action>", "", "</Account>", "<Action>settings</Action></Account>"), breaks{rejects: "FairEmail's Autodiscover"}},
		{"an Exchange block", edit("<Protocol>", "<Protocol><Type>EXCH</Type><Server>ex.example.com</Server></Protocol><Protocol>"), breaks{rejects: "Outlook, eM Client"}},
		{"an Exchange block with its URL", edit("<Protocol>", "<Protocol><Type>EXCH</Type><EwsUrl>https://ex.example.com/</EwsUrl></Protocol><Protocol>"), breaks{rejects: "Outlook, eM Client"}},
		{"an Exchange block behind mail", edit("</Account>", "<Protocol><Type>EXCH</Type><EwsUrl>https://ex.example.com/</EwsUrl></Protocol></Account>"), breaks{rejects: "Outlook, Thunderbird's Autodiscover, eM Client"}},
		{"an Exchange block for outside alone", edit("<Protocol>", "<Protocol><Type>EXPR</Type><ASUrl>https://ex.example.com/</ASUrl></Protocol><Protocol>"), breaks{rejects: "Outlook, eM Client"}},
		{"a second IMAP block", edit("</Account>", "<Protocol><Type>IMAP</Type><Server>old.example.com</Server><Port>143</Port><SPA>off</SPA></Protocol></Account>"), breaks{"in host old.example.com, in port 143, in security starttls": "FairEmail's Autodiscover"}},
		{"POP3 before IMAP", edit("<Protocol>", "<Protocol><Type>POP3</Type><Server>pop.example.com</Server><Port>995</Port><SPA>off</SPA><LoginName>anna@example.com</LoginName></Protocol><Protocol>"), breaks{takePOP: "Outlook, Thunderbird's Autodiscover, eM Client"}},
		{"a calendar without a scheme", edit("<Server>https://dav.example.com/calendars/", "<Server>dav.example.com"), breaks{"no caldav": "eM Client"}},
		{"a namespace with https", edit("http://schemas.microsoft.com/exchange/autodiscover/outlook/", "https://schemas.microsoft.com/exchange/autodiscover/outlook/"), breaks{rejects: "Outlook, eM Client"}},
		{"an error", edit("<Account>", "<Error/><Account>"), breaks{rejects: "Outlook, eM Client"}},
		{"a redirect to an address", edit("<Action>settings</Action>", "<Action>redirectAddr</Action><RedirectAddr>anna@example.net</RedirectAddr>"), breaks{
			"asks again elsewhere: anna@example.net": "Outlook, eM Client",
			rejects:                                  "FairEmail's Autodiscover",
		}},
		{"a redirect to a server", edit("<Action>settings</Action>", "<Action>redirectUrl</Action><RedirectUrl>https://other.example/</RedirectUrl>"), breaks{
			"asks again elsewhere: https://other.example/": "Delta Chat's Autodiscover, Outlook, eM Client",
			rejects: "FairEmail's Autodiscover",
		}},
		{"XML that is not well-formed", edit("</Account>", ""), breaks{rejects: "Delta Chat's Autodiscover, FairEmail's Autodiscover, Outlook, Thunderbird's Autodiscover, eM Client"}},
	}
}

func profileFaults() []fault {
	const uuid = "B36C6229-1590-528E-A52D-1B7592F85ECF"
	return []fault{
		{"a port as a real number", edit("<integer>993</integer>", "<real>993</real>"), breaks{rejects: "Apple Mail"}},
		{"a port as a string", edit("<integer>993</integer>", "<string>993</string>"), breaks{rejects: "Apple Mail"}},
		{"an empty port", edit("<integer>993</integer>", "<integer/>"), breaks{rejects: "Apple Mail"}},
		{"an empty real number", edit("<integer>993</integer>", "<real/>"), breaks{rejects: "Apple Mail"}},
		{"a port out of range", edit("<integer>993</integer>", "<integer>99300</integer>"), breaks{rejects: "Apple Mail"}},
		{"no incoming port", edit("<key>IncomingMailServerPortNumber</key>", "", "<integer>993</integer>", ""), breaks{}},
		{"no outgoing port", edit("<key>OutgoingMailServerPortNumber</key>", "", "<integer>465</integer>", ""), breaks{"out port 25, out security negotiated": "Apple Mail"}},
		{"STARTTLS on a port of its own", edit("<integer>465</integer>", "<integer>587</integer>"), breaks{"out port 587, out security negotiated": "Apple Mail"}},
		{"UseSSL switched off", edit("<key>IncomingMailServerUseSSL</key><true/>", "<key>IncomingMailServerUseSSL</key><false/>"), breaks{"in security plaintext": "Apple Mail"}},
		{"no UseSSL", edit("<key>OutgoingMailServerUseSSL</key><true/>", ""), breaks{"out security plaintext": "Apple Mail"}},
		{"UseSSL as a string", edit("<key>OutgoingMailServerUseSSL</key><true/>", "<key>OutgoingMailServerUseSSL</key><string>true</string>"), breaks{rejects: "Apple Mail"}},
		{"a host name in U-labels", edit("imap.example.com", "bücher.example"), breaks{rejects: "Apple Mail"}},
		{"a URL for a DAV host", edit("<string>dav.example.com", "<string>https://dav.example.com/"), breaks{rejects: "Apple Mail"}},
		{"a URL for the principal", edit("<string>/calendars/", "<string>https://other.example/calendars/"), breaks{"caldav url https://other.example/calendars/": "Apple Mail"}},
		{"an empty path of the principal", edit("<string>/calendars/", "<string>"), breaks{rejects: "Apple Mail"}},
		{"DAV without TLS", edit("<key>CalDAVUseSSL</key><true/>", "<key>CalDAVUseSSL</key><false/>"), breaks{"caldav url http://dav.example.com/calendars/": "Apple Mail"}},
		{"no UseSSL for DAV", edit("<key>CalDAVUseSSL</key><true/>", ""), breaks{}},
		{"no user name", edit("<key>IncomingMailServerUsername</key>", "<key>IncomingUserName</key>"), breaks{"in user ": "Apple Mail"}},
		{"an account type of another vocabulary", edit("EmailTypeIMAP", "IMAP"), breaks{rejects: "Apple Mail"}},
		{"authentication of another vocabulary", edit("EmailAuthPassword", "EmailAuthPlain"), breaks{rejects: "Apple Mail"}},
		{"no host name", edit("<key>OutgoingMailServerHostName</key>", "", "<string>smtp.example.com</string>", ""), breaks{rejects: "Apple Mail"}},
		{"an empty text", edit("<string>Calendars anna@example.com</string>", "<string></string>"), breaks{rejects: "Apple Mail"}},
		{"no UUID", edit("<key>PayloadUUID</key>", "", "<string>"+uuid+"</string>", ""), breaks{rejects: "Apple Mail"}},
		{"one UUID twice", edit("8F1FDD35-6052-5D7B-957F-F58959741AE2", uuid), breaks{rejects: "Apple Mail"}},
		{"one identifier twice", edit(".calendar</string>", ".mail</string>"), breaks{rejects: "Apple Mail"}},
		{"a version as a string", edit("<integer>1</integer>", "<string>1</string>"), breaks{rejects: "Apple Mail"}},
		{"another type", edit("<string>Configuration</string>", "<string>Profile</string>"), breaks{rejects: "Apple Mail"}},
		{"a key twice", edit("<key>EmailAddress</key>", "<key>EmailAccountType</key>"), breaks{rejects: "Apple Mail"}},
		{"a key without a value", edit("<string>EmailTypeIMAP</string>", ""), breaks{rejects: "Apple Mail"}},
		{"another root", edit("<plist version=\"1.0\">", "<plist>"), breaks{rejects: "Apple Mail"}},
		{"XML that is not well-formed", edit("</plist>", ""), breaks{rejects: "Apple Mail"}},
	}
}

func paccFaults() []fault {
	return []fault{
		{"a port behind a host", edit(`"imap.example.com"`, `"imap.example.com:993"`), breaks{rejects: "PACC"}},
		{"a host in U-labels", edit(`"imap.example.com"`, `"bücher.example"`), breaks{rejects: "PACC"}},
		{"a host that is a URL", edit(`"imap.example.com"`, `"imaps://imap.example.com"`), breaks{rejects: "PACC"}},
		{"no host", edit(`"host": "imap.example.com"`, ``), breaks{rejects: "PACC"}},
		{"a port in a URL", edit("https://dav.example.com/calendars/", "https://dav.example.com:443/calendars/"), breaks{rejects: "PACC"}},
		{"a URL without TLS", edit("https://dav.example.com/calendars/", "http://dav.example.com/calendars/"), breaks{rejects: "PACC"}},
		{"a member in upper case", edit(`"imap"`, `"IMAP"`), breaks{takePOP: "PACC"}},
		{"outgoing mail as in version 02 alone", edit(`"submit"`, `"later"`), breaks{}},
		{"outgoing mail as in version 03 alone", edit(`"smtp"`, `"earlier"`), breaks{}},
		{"no protocols", edit(`"protocols"`, `"services"`), breaks{rejects: "PACC"}},
		{"no name", edit(`"name": "Example"`, `"name": ""`), breaks{rejects: "PACC"}},
		{"passwords as a text", edit(`"password": true`, `"password": "yes"`), breaks{rejects: "PACC"}},
		{"no passwords", edit(`"password": true`, `"password": false`), breaks{"in auth , out auth ": "PACC"}},
		{"something behind the object", edit("\n}\n", "\n}\n{}\n"), breaks{rejects: "PACC"}},
	}
}
