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

// fault is one thing wrong with a document that is right otherwise.
type fault struct {
	name   string
	edits  []string // pairs: the first place of the one becomes the other
	breaks breaks
}

// breaks says what becomes of each client that minds: its verdict, or how its
// account differs. All others end as with the right document.
type breaks map[string]string

func edit(pairs ...string) []string { return pairs }

// whole returns settings of which every format can say everything.
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

// TestFaults breaks one rule at a time and wants exactly the clients to mind
// that have the rule.
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
				got := breaks{}
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
						got[c.Name] = what
					}
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
	for _, name := range slices.Sorted(maps.Keys(breaks)) {
		fmt.Fprintf(&b, "\t%q: %q,\n", name, breaks[name])
	}
	return b.String()
}

// difference says what a client does, or how an account differs from the right
// one; "" when it does not.
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
		{"an attribute on the only domain", edit("<domain>", `<domain purpose="mx">`), breaks{
			"Thunderbird": rejects,
		}},
		{"no domain", edit("<domain>example.com</domain>", ""), breaks{
			"Thunderbird":             rejects,
			"Thunderbird for Android": rejects,
		}},
		{"no id", edit(` id="example.com"`, ""), breaks{
			"Thunderbird":             rejects,
			"Thunderbird for Android": rejects,
		}},
		{"an id in U-labels", edit(`id="example.com"`, `id="bücher.example"`), breaks{
			"Thunderbird":             rejects,
			"Thunderbird for Android": rejects,
		}},
		{"another root", edit("<clientConfig", "<config", "</clientConfig", "</config"), breaks{
			"GNOME Online Accounts":   rejects,
			"Thunderbird":             rejects,
			"Thunderbird for Android": rejects,
		}},
		{"a prefix", edit("<clientConfig", "<x:clientConfig", "</clientConfig", "</x:clientConfig"), breaks{
			"GNOME Online Accounts":   rejects,
			"Thunderbird":             rejects,
			"Thunderbird for Android": rejects,
		}},
		{"an attribute on a server besides its type", edit(`<incomingServer type="imap">`, `<incomingServer type="imap" id="1">`), breaks{
			"Evolution": rejects,
		}},
		{"a type in upper case", edit(`type="imap"`, `type="IMAP"`), breaks{
			"Evolution":               takePOP,
			"FairEmail":               rejects,
			"GNOME Online Accounts":   "no in",
			"KMail":                   takePOP,
			"Nextcloud Mail":          "no in",
			"Thunderbird":             takePOP,
			"Thunderbird for Android": rejects,
		}},
		{"an attribute on a host name", edit("<hostname>", `<hostname x="">`), breaks{
			"Thunderbird": takePOP,
		}},
		{"white space round a host name", edit("<hostname>imap.example.com", "<hostname> imap.example.com "), breaks{
			"Evolution":               "in host  imap.example.com ",
			"FairEmail":               "in host  imap.example.com ",
			"GNOME Online Accounts":   "in host  imap.example.com ",
			"KMail":                   "in host  imap.example.com ",
			"Nextcloud Mail":          "in host  imap.example.com ",
			"SnappyMail":              "in host  imap.example.com ",
			"Thunderbird for Android": "in host  imap.example.com ",
		}},
		{"a comment in a host name", edit("<hostname>imap.", "<hostname>imap.<!-- -->"), breaks{
			"Delta Chat": "in host example.com",
			"Evolution":  "in host example.com",
		}},
		{"a host name as CDATA", edit("<hostname>imap.example.com<", "<hostname><![CDATA[imap.example.com]]><"), breaks{
			"Delta Chat": "no in",
			"Evolution":  "in host ",
		}},
		{"a host name in U-labels", edit("<hostname>imap.example.com", "<hostname>bücher.example"), breaks{
			"Delta Chat":              "in host bücher.example",
			"Evolution":               "in host bücher.example",
			"FairEmail":               "in host bücher.example",
			"GNOME Online Accounts":   "in host bücher.example",
			"KMail":                   "in host bücher.example",
			"Nextcloud Mail":          "in host bücher.example",
			"SnappyMail":              "in host bücher.example",
			"Thunderbird":             takePOP,
			"Thunderbird for Android": rejects,
		}},
		{"a host name with a placeholder", edit("<hostname>imap.example.com", "<hostname>imap.%EMAILDOMAIN%"), breaks{
			"FairEmail":             "in host imap.%EMAILDOMAIN%",
			"GNOME Online Accounts": "in host imap.%EMAILDOMAIN%",
			"Nextcloud Mail":        "in host imap.%EMAILDOMAIN%",
			"SnappyMail":            "in host imap.%EMAILDOMAIN%",
		}},
		{"white space round a port", edit("<port>993", "<port> 993 "), breaks{
			"FairEmail":               rejects,
			"Thunderbird for Android": rejects,
		}},
		{"a port that is none", edit("<port>993", "<port>imaps"), breaks{
			"Delta Chat":              "in port 0",
			"Evolution":               "in port 0",
			"FairEmail":               rejects,
			"GNOME Online Accounts":   "in port 0",
			"KMail":                   takePOP,
			"Nextcloud Mail":          "in port 0",
			"SnappyMail":              "in port 0",
			"Thunderbird":             takePOP,
			"Thunderbird for Android": rejects,
		}},
		{"a socketType in lower case", edit("<socketType>SSL", "<socketType>ssl"), breaks{
			"Evolution":               "in security plaintext",
			"KMail":                   "in security plaintext",
			"SnappyMail":              "in security plaintext",
			"Thunderbird":             takePOP,
			"Thunderbird for Android": rejects,
		}},
		{"a socketType of another vocabulary", edit("<socketType>SSL", "<socketType>TLS"), breaks{
			"Delta Chat":              "in security negotiated",
			"Evolution":               "in security plaintext",
			"GNOME Online Accounts":   "in security ",
			"KMail":                   "in security plaintext",
			"Nextcloud Mail":          "in security starttls",
			"SnappyMail":              "in security plaintext",
			"Thunderbird":             takePOP,
			"Thunderbird for Android": rejects,
		}},
		{"white space round a socketType", edit("<socketType>SSL", "<socketType>SSL "), breaks{
			"Evolution":               "in security plaintext",
			"GNOME Online Accounts":   "in security ",
			"KMail":                   "in security plaintext",
			"Nextcloud Mail":          "in security plaintext",
			"SnappyMail":              "in security plaintext",
			"Thunderbird":             takePOP,
			"Thunderbird for Android": rejects,
		}},
		{"no encryption", edit("<socketType>SSL", "<socketType>plain"), breaks{
			"Delta Chat":              "in security plaintext",
			"Evolution":               "in security plaintext",
			"GNOME Online Accounts":   "in security plaintext",
			"KMail":                   "in security plaintext",
			"Nextcloud Mail":          "in security plaintext",
			"SnappyMail":              "in security plaintext",
			"Thunderbird":             "in security plaintext",
			"Thunderbird for Android": rejects,
		}},
		{"no socketType", edit("<socketType>SSL</socketType>", ""), breaks{
			"Delta Chat":              "in security negotiated",
			"Evolution":               "in security plaintext",
			"GNOME Online Accounts":   "in security ",
			"KMail":                   "in security plaintext",
			"Nextcloud Mail":          "in security plaintext",
			"SnappyMail":              "in security plaintext",
			"Thunderbird":             takePOP,
			"Thunderbird for Android": rejects,
		}},
		{"OAuth2 alone", edit("password-cleartext", "OAuth2"), breaks{
			"Evolution":               "in auth ",
			"KMail":                   "in auth oauth2",
			"Thunderbird":             takePOP,
			"Thunderbird for Android": rejects,
		}},
		{"GSSAPI alone", edit("password-cleartext", "GSSAPI"), breaks{
			"Evolution":               "in auth ",
			"KMail":                   "in auth gssapi",
			"Thunderbird":             "in auth gssapi",
			"Thunderbird for Android": rejects,
		}},
		{"a named SASL mechanism alone", edit("<authentication>password-cleartext", `<authentication system="sasl">PLAIN`), breaks{
			"Evolution":               "in auth ",
			"KMail":                   "in auth ",
			"Thunderbird":             takePOP,
			"Thunderbird for Android": rejects,
		}},
		{"no way to log in", edit("<authentication>password-cleartext</authentication>", ""), breaks{
			"Evolution":               "in auth ",
			"KMail":                   "in auth ",
			"Thunderbird":             takePOP,
			"Thunderbird for Android": rejects,
		}},
		{"no user name", edit("<username>%EMAILADDRESS%</username>", ""), breaks{
			"Delta Chat":              "no in",
			"Evolution":               "in user ",
			"GNOME Online Accounts":   "in user ",
			"KMail":                   "in user ",
			"Nextcloud Mail":          "in user ",
			"Thunderbird":             "in user undefined",
			"Thunderbird for Android": rejects,
		}},
		{"an empty user name", edit("<username>%EMAILADDRESS%</username>", "<username/>"), breaks{
			"Delta Chat":              "no in",
			"Evolution":               "in user ",
			"GNOME Online Accounts":   "in user ",
			"KMail":                   "in user ",
			"Nextcloud Mail":          "in user ",
			"Thunderbird":             "in user true",
			"Thunderbird for Android": "in user ",
		}},
		{"white space round a user name", edit("<username>%EMAILADDRESS%", "<username> %EMAILADDRESS% "), breaks{
			"Evolution":               "in user  anna@example.com ",
			"GNOME Online Accounts":   "in user ",
			"KMail":                   "in user  anna@example.com ",
			"Nextcloud Mail":          "in user  anna@example.com ",
			"Thunderbird":             "in user  anna@example.com ",
			"Thunderbird for Android": "in user  anna@example.com ",
		}},
		{"a placeholder in lower case", edit("<username>%EMAILADDRESS%", "<username>%emailaddress%"), breaks{
			"Delta Chat":              "in user %emailaddress%",
			"Evolution":               "in user %emailaddress%",
			"KMail":                   "in user %emailaddress%",
			"Nextcloud Mail":          "in user %emailaddress%",
			"Thunderbird":             "in user %emailaddress%",
			"Thunderbird for Android": "in user %emailaddress%",
		}},
		{"an echo of the address", edit("<username>%EMAILADDRESS%", "<username>anna@example.com"), breaks{
			"GNOME Online Accounts": "in user ",
		}},
		{"an echo of the address, still encoded", edit("<username>%EMAILADDRESS%", "<username>anna%40example.com"), breaks{
			"Delta Chat":              "in user anna%40example.com",
			"Evolution":               "in user anna%40example.com",
			"GNOME Online Accounts":   "in user ",
			"KMail":                   "in user anna%40example.com",
			"Nextcloud Mail":          "in user anna%40example.com",
			"Thunderbird":             "in user anna%40example.com",
			"Thunderbird for Android": "in user anna%40example.com",
		}},
		{"a user name in digits", edit("<username>%EMAILADDRESS%", "<username>0071"), breaks{
			"Delta Chat":              "in user 0071",
			"Evolution":               "in user 0071",
			"GNOME Online Accounts":   "in user ",
			"KMail":                   "in user 0071",
			"Nextcloud Mail":          "in user 0071",
			"Thunderbird":             "in user 71",
			"Thunderbird for Android": "in user 0071",
		}},
		{"a user name that XML escapes", edit("<username>%EMAILADDRESS%", "<username>o&#39;brien"), breaks{
			"Delta Chat":              "in user brien",
			"Evolution":               "in user o'brien",
			"GNOME Online Accounts":   "in user ",
			"KMail":                   "in user o'brien",
			"Nextcloud Mail":          "in user o'brien",
			"Thunderbird":             "in user o'brien",
			"Thunderbird for Android": "in user o'brien",
		}},
		{"a user name of several placeholders", edit("<username>%EMAILADDRESS%", "<username>%EMAILLOCALPART%.%EMAILDOMAIN%"), breaks{
			"Delta Chat":              "in user anna.example.com",
			"Evolution":               "in user anna.example.com",
			"GNOME Online Accounts":   "in user ",
			"KMail":                   "in user anna.example.com",
			"Nextcloud Mail":          "in user anna.example.com",
			"Thunderbird":             "in user anna.example.com",
			"Thunderbird for Android": "in user anna.example.com",
		}},
		{"two user names in a section", edit("</outgoingServer>", "<username>shared</username></outgoingServer>"), breaks{
			"Delta Chat":              "out user shared",
			"Evolution":               "out user shared",
			"KMail":                   "out user shared",
			"Thunderbird for Android": "out user shared",
		}},
		{"a calendar with a user name of its own behind the mail", edit("</clientConfig>", "<calendar type=\"caldav\"><username>shared</username></calendar></clientConfig>"), breaks{
			"FairEmail": "in user shared, out user shared",
		}},
		{"a second IMAP section", edit(`<incomingServer type="pop3">`, `<incomingServer type="imap"><hostname>old.example.com</hostname><port>143</port><socketType>STARTTLS</socketType><authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></incomingServer><incomingServer type="pop3">`), breaks{
			"Evolution": "in host old.example.com, in port 143, in security starttls",
		}},
		{"a plain IMAP section behind the others", edit("</emailProvider>", `<incomingServer type="imap"><hostname>old.example.com</hostname><port>143</port><socketType>plain</socketType><authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></incomingServer></emailProvider>`), breaks{
			"Evolution":               "in host old.example.com, in port 143, in security plaintext",
			"Thunderbird for Android": rejects,
		}},
		{"JMAP before IMAP", edit(`<incomingServer type="imap">`, `<incomingServer type="jmap"><url>https://jmap.example.com/</url></incomingServer><incomingServer type="imap">`), breaks{
			"FairEmail":  rejects,
			"SnappyMail": "in host , in port 0, in security plaintext",
		}},
		{"no IMAP", edit(`<incomingServer type="imap">`, `<incomingServer type="nothing">`), breaks{
			"Delta Chat":              "no in",
			"Evolution":               takePOP,
			"FairEmail":               rejects,
			"GNOME Online Accounts":   "no in",
			"KMail":                   takePOP,
			"Nextcloud Mail":          "no in",
			"Thunderbird":             takePOP,
			"Thunderbird for Android": rejects,
		}},
		{"no outgoing server", edit(`<outgoingServer type="smtp">`, `<outgoingServer type="nothing">`), breaks{
			"Delta Chat":              "no out",
			"Evolution":               "no out",
			"FairEmail":               rejects,
			"GNOME Online Accounts":   "no out",
			"KMail":                   "no out",
			"Nextcloud Mail":          "no out",
			"Thunderbird":             rejects,
			"Thunderbird for Android": rejects,
		}},
		{"an emailProvider before the right one", edit("<emailProvider", "<emailProvider/><emailProvider"), breaks{
			"GNOME Online Accounts":   ignores,
			"KMail":                   ignores,
			"Nextcloud Mail":          rejects,
			"SnappyMail":              rejects,
			"Thunderbird":             rejects,
			"Thunderbird for Android": rejects,
		}},
		{"XML that is not well-formed", edit("</emailProvider>", ""), breaks{
			"Delta Chat":              rejects,
			"Evolution":               rejects,
			"FairEmail":               rejects,
			"GNOME Online Accounts":   rejects,
			"KMail":                   ignores,
			"Nextcloud Mail":          rejects,
			"SnappyMail":              rejects,
			"Thunderbird":             rejects,
			"Thunderbird for Android": rejects,
		}},
	}
}

func autodiscoverFaults() []fault {
	return []fault{
		{"no LoginName", edit("<LoginName>anna@example.com</LoginName>", ""), breaks{
			"Outlook":   "in user anna",
			"eM Client": "in user anna",
		}},
		{"an empty LoginName", edit("<LoginName>anna@example.com</LoginName>", "<LoginName></LoginName>"), breaks{
			"Outlook":                    "in user ",
			"Thunderbird's Autodiscover": "in user true",
			"eM Client":                  "in user ",
		}},
		{"no SPA", edit("<SPA>off</SPA>", ""), breaks{
			"Outlook":   "in auth ntlm",
			"eM Client": "in auth ntlm",
		}},
		{"SPA switched on", edit("<SPA>off</SPA>", "<SPA>on</SPA>"), breaks{
			"Outlook":                    "in auth ntlm",
			"Thunderbird's Autodiscover": "in auth ntlm",
			"eM Client":                  "in auth ntlm",
		}},
		{"SSL switched off", edit("<SSL>on</SSL>", "<SSL>off</SSL>"), breaks{
			"Delta Chat's Autodiscover":  "in security plaintext",
			"Thunderbird's Autodiscover": "in security plaintext",
		}},
		{"SSL switched off in upper case", edit("<SSL>on</SSL>", "<SSL>OFF</SSL>"), breaks{
			"Thunderbird's Autodiscover": "in security plaintext",
		}},
		{"SSL as a boolean", edit("<SSL>on</SSL>", "<SSL>true</SSL>"), breaks{
			"Thunderbird's Autodiscover": takePOP,
		}},
		{"Encryption that contradicts the port", edit("<Encryption>SSL", "<Encryption>TLS"), breaks{
			"Outlook":   "in security starttls",
			"eM Client": "in security starttls",
		}},
		{"Encryption left to the client", edit("<Encryption>SSL", "<Encryption>Auto"), breaks{
			"Outlook":   "in security negotiated",
			"eM Client": "in security negotiated",
		}},
		{"no Encryption", edit("<Encryption>SSL", "<Encryption>None"), breaks{
			"Outlook":                    "in security plaintext",
			"Thunderbird's Autodiscover": "in security plaintext",
			"eM Client":                  "in security plaintext",
		}},
		{"nobody logs in", edit("<AuthRequired>on", "<AuthRequired>off"), breaks{
			"Outlook":   "in auth none",
			"eM Client": "in auth none",
		}},
		{"a type in lower case", edit("<Type>IMAP", "<Type>imap"), breaks{
			"FairEmail's Autodiscover":   rejects,
			"Outlook":                    takePOP,
			"Thunderbird's Autodiscover": takePOP,
			"eM Client":                  takePOP,
		}},
		{"STARTTLS on a port of its own", edit("<Port>993", "<Port>1143"), breaks{
			"Delta Chat's Autodiscover":  "in port 1143",
			"FairEmail's Autodiscover":   "in port 1143",
			"Outlook":                    "in port 1143",
			"Thunderbird's Autodiscover": "in port 1143",
			"eM Client":                  "in port 1143",
		}},
		{"TLS on the port of STARTTLS", edit("<Port>993", "<Port>143"), breaks{
			"Delta Chat's Autodiscover":  "in port 143",
			"FairEmail's Autodiscover":   "in port 143, in security starttls",
			"Outlook":                    "in port 143",
			"Thunderbird's Autodiscover": "in port 143, in security starttls",
			"eM Client":                  "in port 143",
		}},
		{"no port", edit("<Port>993</Port>", ""), breaks{
			"Delta Chat's Autodiscover":  "no in",
			"FairEmail's Autodiscover":   rejects,
			"Outlook":                    "in port 143",
			"Thunderbird's Autodiscover": takePOP,
			"eM Client":                  "in port 143",
		}},
		{"white space round a port", edit("<Port>993", "<Port> 993 "), breaks{
			"FairEmail's Autodiscover": rejects,
		}},
		{"white space round a host name", edit("<Server>imap.example.com", "<Server> imap.example.com "), breaks{
			"FairEmail's Autodiscover": "in host  imap.example.com ",
			"Outlook":                  "in host  imap.example.com ",
			"eM Client":                "in host  imap.example.com ",
		}},
		{"a host name in U-labels", edit("<Server>imap.example.com", "<Server>bücher.example"), breaks{
			"Delta Chat's Autodiscover":  "in host bücher.example",
			"FairEmail's Autodiscover":   "in host bücher.example",
			"Outlook":                    "in host bücher.example",
			"Thunderbird's Autodiscover": takePOP,
			"eM Client":                  "in host bücher.example",
		}},
		{"no Server", edit("<Server>imap.example.com</Server>", ""), breaks{
			"Delta Chat's Autodiscover":  "no in",
			"FairEmail's Autodiscover":   rejects,
			"Outlook":                    "in host ",
			"Thunderbird's Autodiscover": takePOP,
			"eM Client":                  "in host ",
		}},
		{"no AccountType", edit("<AccountType>email</AccountType>", ""), breaks{
			"FairEmail's Autodiscover": rejects,
			"Outlook":                  rejects,
			"eM Client":                rejects,
		}},
		{"an AccountType in upper case", edit("<AccountType>email", "<AccountType>Email"), breaks{
			"FairEmail's Autodiscover": rejects,
			"Outlook":                  rejects,
			"eM Client":                rejects,
		}},
		{"Action behind the protocols", edit("<Action>settings</Action>", "", "</Account>", "<Action>settings</Action></Account>"), breaks{
			"FairEmail's Autodiscover": rejects,
		}},
		{"an Exchange block", edit("<Protocol>", "<Protocol><Type>EXCH</Type><Server>ex.example.com</Server></Protocol><Protocol>"), breaks{
			"Outlook":                    rejects,
			"Thunderbird's Autodiscover": rejects,
			"eM Client":                  rejects,
		}},
		{"a second IMAP block", edit("</Account>", "<Protocol><Type>IMAP</Type><Server>old.example.com</Server><Port>143</Port><SPA>off</SPA></Protocol></Account>"), breaks{
			"FairEmail's Autodiscover": "in host old.example.com, in port 143, in security starttls",
		}},
		{"POP3 before IMAP", edit("<Protocol>", "<Protocol><Type>POP3</Type><Server>pop.example.com</Server><Port>995</Port><SPA>off</SPA><LoginName>anna@example.com</LoginName></Protocol><Protocol>"), breaks{
			"Outlook":                    takePOP,
			"Thunderbird's Autodiscover": takePOP,
			"eM Client":                  takePOP,
		}},
		{"a calendar without a scheme", edit("<Server>https://dav.example.com/calendars/", "<Server>dav.example.com"), breaks{
			"eM Client": "no caldav",
		}},
		{"a namespace with https", edit("http://schemas.microsoft.com/exchange/autodiscover/outlook/", "https://schemas.microsoft.com/exchange/autodiscover/outlook/"), breaks{
			"Outlook":   rejects,
			"eM Client": rejects,
		}},
		{"an error", edit("<Account>", "<Error/><Account>"), breaks{
			"Outlook":   rejects,
			"eM Client": rejects,
		}},
		{"a redirect to an address", edit("<Action>settings</Action>", "<Action>redirectAddr</Action><RedirectAddr>anna@example.net</RedirectAddr>"), breaks{
			"FairEmail's Autodiscover": rejects,
			"Outlook":                  "asks again elsewhere: anna@example.net",
			"eM Client":                "asks again elsewhere: anna@example.net",
		}},
		{"a redirect to a server", edit("<Action>settings</Action>", "<Action>redirectUrl</Action><RedirectUrl>https://other.example/</RedirectUrl>"), breaks{
			"Delta Chat's Autodiscover": "asks again elsewhere: https://other.example/",
			"FairEmail's Autodiscover":  rejects,
			"Outlook":                   "asks again elsewhere: https://other.example/",
			"eM Client":                 "asks again elsewhere: https://other.example/",
		}},
		{"XML that is not well-formed", edit("</Account>", ""), breaks{
			"Delta Chat's Autodiscover":  rejects,
			"FairEmail's Autodiscover":   rejects,
			"Outlook":                    rejects,
			"Thunderbird's Autodiscover": rejects,
			"eM Client":                  rejects,
		}},
	}
}

func profileFaults() []fault {
	const uuid = "B36C6229-1590-528E-A52D-1B7592F85ECF"
	return []fault{
		{"a port as a real number", edit("<integer>993</integer>", "<real>993</real>"), breaks{"Apple Mail": rejects}},
		{"a port as a string", edit("<integer>993</integer>", "<string>993</string>"), breaks{"Apple Mail": rejects}},
		{"an empty port", edit("<integer>993</integer>", "<integer/>"), breaks{"Apple Mail": rejects}},
		{"an empty real number", edit("<integer>993</integer>", "<real/>"), breaks{"Apple Mail": rejects}},
		{"a port out of range", edit("<integer>993</integer>", "<integer>99300</integer>"), breaks{"Apple Mail": rejects}},
		{"no incoming port", edit("<key>IncomingMailServerPortNumber</key>", "", "<integer>993</integer>", ""), breaks{}},
		{"no outgoing port", edit("<key>OutgoingMailServerPortNumber</key>", "", "<integer>465</integer>", ""), breaks{"Apple Mail": "out port 25, out security negotiated"}},
		{"STARTTLS on a port of its own", edit("<integer>465</integer>", "<integer>587</integer>"), breaks{"Apple Mail": "out port 587, out security negotiated"}},
		{"UseSSL switched off", edit("<key>IncomingMailServerUseSSL</key><true/>", "<key>IncomingMailServerUseSSL</key><false/>"), breaks{"Apple Mail": "in security plaintext"}},
		{"no UseSSL", edit("<key>OutgoingMailServerUseSSL</key><true/>", ""), breaks{"Apple Mail": "out security plaintext"}},
		{"UseSSL as a string", edit("<key>OutgoingMailServerUseSSL</key><true/>", "<key>OutgoingMailServerUseSSL</key><string>true</string>"), breaks{"Apple Mail": rejects}},
		{"a host name in U-labels", edit("imap.example.com", "bücher.example"), breaks{"Apple Mail": rejects}},
		{"a URL for a DAV host", edit("<string>dav.example.com", "<string>https://dav.example.com/"), breaks{"Apple Mail": rejects}},
		{"a URL for the principal", edit("<string>/calendars/", "<string>https://other.example/calendars/"), breaks{"Apple Mail": "caldav url https://other.example/calendars/"}},
		{"an empty path of the principal", edit("<string>/calendars/", "<string>"), breaks{"Apple Mail": rejects}},
		{"DAV without TLS", edit("<key>CalDAVUseSSL</key><true/>", "<key>CalDAVUseSSL</key><false/>"), breaks{"Apple Mail": "caldav url http://dav.example.com/calendars/"}},
		{"no UseSSL for DAV", edit("<key>CalDAVUseSSL</key><true/>", ""), breaks{}},
		{"no user name", edit("<key>IncomingMailServerUsername</key>", "<key>IncomingUserName</key>"), breaks{"Apple Mail": "in user "}},
		{"an account type of another vocabulary", edit("EmailTypeIMAP", "IMAP"), breaks{"Apple Mail": rejects}},
		{"authentication of another vocabulary", edit("EmailAuthPassword", "EmailAuthPlain"), breaks{"Apple Mail": rejects}},
		{"no host name", edit("<key>OutgoingMailServerHostName</key>", "", "<string>smtp.example.com</string>", ""), breaks{"Apple Mail": rejects}},
		{"an empty text", edit("<string>Calendars anna@example.com</string>", "<string></string>"), breaks{"Apple Mail": rejects}},
		{"no UUID", edit("<key>PayloadUUID</key>", "", "<string>"+uuid+"</string>", ""), breaks{"Apple Mail": rejects}},
		{"one UUID twice", edit("8F1FDD35-6052-5D7B-957F-F58959741AE2", uuid), breaks{"Apple Mail": rejects}},
		{"one identifier twice", edit(".calendar</string>", ".mail</string>"), breaks{"Apple Mail": rejects}},
		{"a version as a string", edit("<integer>1</integer>", "<string>1</string>"), breaks{"Apple Mail": rejects}},
		{"another type", edit("<string>Configuration</string>", "<string>Profile</string>"), breaks{"Apple Mail": rejects}},
		{"a key twice", edit("<key>EmailAddress</key>", "<key>EmailAccountType</key>"), breaks{"Apple Mail": rejects}},
		{"a key without a value", edit("<string>EmailTypeIMAP</string>", ""), breaks{"Apple Mail": rejects}},
		{"another root", edit("<plist version=\"1.0\">", "<plist>"), breaks{"Apple Mail": rejects}},
		{"XML that is not well-formed", edit("</plist>", ""), breaks{"Apple Mail": rejects}},
	}
}

func paccFaults() []fault {
	return []fault{
		{"a port behind a host", edit(`"imap.example.com"`, `"imap.example.com:993"`), breaks{"PACC": rejects}},
		{"a host in U-labels", edit(`"imap.example.com"`, `"bücher.example"`), breaks{"PACC": rejects}},
		{"a host that is a URL", edit(`"imap.example.com"`, `"imaps://imap.example.com"`), breaks{"PACC": rejects}},
		{"no host", edit(`"host": "imap.example.com"`, ``), breaks{"PACC": rejects}},
		{"a port in a URL", edit("https://dav.example.com/calendars/", "https://dav.example.com:443/calendars/"), breaks{"PACC": rejects}},
		{"a URL without TLS", edit("https://dav.example.com/calendars/", "http://dav.example.com/calendars/"), breaks{"PACC": rejects}},
		{"a member in upper case", edit(`"imap"`, `"IMAP"`), breaks{"PACC": takePOP}},
		{"outgoing mail as in version 02 alone", edit(`"submit"`, `"later"`), breaks{}},
		{"outgoing mail as in version 03 alone", edit(`"smtp"`, `"earlier"`), breaks{}},
		{"no protocols", edit(`"protocols"`, `"services"`), breaks{"PACC": rejects}},
		{"no name", edit(`"name": "Example"`, `"name": ""`), breaks{"PACC": rejects}},
		{"passwords as a text", edit(`"password": true`, `"password": "yes"`), breaks{"PACC": rejects}},
		{"no passwords", edit(`"password": true`, `"password": false`), breaks{"PACC": "in auth , out auth "}},
		{"something behind the object", edit("\n}\n", "\n}\n{}\n"), breaks{"PACC": rejects}},
	}
}
