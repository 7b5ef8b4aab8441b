package conformance

import (
	"slices"
	"strings"
	"testing"
)

// everything is a config with each element that the draft knows, and some that
// it does not.
const everything = `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.2" xmlns:x="urn:x">
  <emailProvider id="example.com" note="x">
    <domain>example.com</domain>
    <domain purpose="mx">mx.example.com</domain>
    <displayName>Example</displayName>
    <displayShortName>Ex</displayShortName>
    <incomingServer type="imap">
      <hostname>imap.example.com</hostname>
      <port> 993 </port>
      <socketType>SSL</socketType>
      <authentication system="sasl">SCRAM-SHA-256</authentication>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
      <future><port>x</port></future>
    </incomingServer>
    <incomingServer type="jmap"><url>https://jmap.example.com</url></incomingServer>
    <outgoingServer type="smtp"></outgoingServer>
    <documentation url="https://example.com"><descr lang="en">Help</descr><descr>x</descr></documentation>
    <x:domain><b/></x:domain>
  </emailProvider>
  <calendar type="caldav"><url>https://dav.example.com</url></calendar>
  <addressbook type="carddav"/><fileShare type="webdav"/><chatServer type="xmpp"/><videoConference type="x"/><setupServer type="managesieve"/>
  <oAuth2><authURL>a</authURL><tokenURL>t</tokenURL><issuer>i</issuer><scope>s</scope><clientID>c</clientID><clientSecret>s</clientSecret></oAuth2>
  <clientConfigUpdate url="https://example.com/update"/>
  <webMail><loginPage url="x"/></webMail>
</clientConfig>`

func TestTheDraftAcceptsEverythingItKnowsAndPassesOverTheRest(t *testing.T) {
	root, err := parseXML([]byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	if problems := againstDraft(root); len(problems) > 0 {
		t.Error(problems)
	}
}

// TestEachRuleOfTheDraft breaks one rule at a time.
func TestEachRuleOfTheDraft(t *testing.T) {
	for _, tc := range []struct{ name, old, new, want string }{
		{"another root", "clientConfig", "clientconfig", "the root element must be clientConfig, in no namespace"},
		{"a root in a namespace", `version="1.2"`, `version="1.2" xmlns="urn:y"`, "the root element must be clientConfig, in no namespace"},
		{"no provider", "emailProvider", "emailprovider", "there is no emailProvider"},
		{"no version", ` version="1.2"`, "", "clientConfig has no attribute version"},
		{"a version in a namespace", ` version="1.2" xmlns:x="urn:x"`, ` xmlns:x="urn:x" x:version="1.2"`, "clientConfig has no attribute version"},
		{"no id", ` id="example.com"`, "", "emailProvider has no attribute id"},
		{"no type", ` type="caldav"`, "", "calendar has no attribute type"},
		{"no url of the documentation", `documentation url="https://example.com"`, "documentation", "documentation has no attribute url"},
		{"no url of the update", ` url="https://example.com/update"`, "", "clientConfigUpdate has no attribute url"},
		{"a port that is a word", " 993 ", "imaps", `port "imaps" is not a positive integer`},
		{"a port that is negative", " 993 ", "-993", `port "-993" is not a positive integer`},
		{"no port in the port", " 993 ", "", `port "" is not a positive integer`},
		{"a provider in a provider", "<domain>", "<emailProvider/><domain>", "emailProvider is not allowed in emailProvider"},
		{"a server at the root", "<webMail>", "<incomingServer type=\"imap\"/><webMail>", "incomingServer is not allowed in clientConfig"},
		{"a calendar in a provider", "<domain>", "<calendar/><domain>", "calendar is not allowed in emailProvider"},
		{"a value in the update", `update"/>`, `update"><url>x</url></clientConfigUpdate>`, "url is not allowed in clientConfigUpdate"},
		{"an element in a value", "<issuer>i", "<issuer><i/>", "issuer has child elements; it must be text only"},
		{"text in a section", `<outgoingServer type="smtp">`, `<outgoingServer type="smtp">smtp`, "outgoingServer has text between its elements"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			broken := strings.ReplaceAll(everything, tc.old, tc.new)
			root, err := parseXML([]byte(broken))
			if err != nil || broken == everything {
				t.Fatalf("nothing was broken, or too much: %v", err)
			}
			if problems := againstDraft(root); !slices.Equal(problems, []string{tc.want}) {
				t.Errorf("got %q, want %q", problems, tc.want)
			}
		})
	}
}

// FuzzConfig pins that no document makes a check of the config panic, and that
// what is said about one does not change.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{everything, "<clientConfig/>", "<a/>", "<!DOCTYPE a><a/>", "<a><![CDATA[x]]></a>", "\xef\xbb\xbf<a/>", "<a", "<a></b>", "<a/><b/>", strings.Repeat("<a>", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, k := range []Kind{Autoconfig, Autodiscover, Profile, PACC} {
			for _, r := range Judge(Document{k, []byte(s), "anna@example.com"}) {
				if len(r.Findings) > maxFindings || (r.Verdict == Failed) != (len(r.Findings) > 0) {
					t.Errorf("%+v", r)
				}
			}
		}
		root, err := parseXML([]byte(s))
		if err != nil {
			return
		}
		depth(t, root, 1)
		if first, again := againstDraft(root), againstDraft(root); !slices.Equal(first, again) {
			t.Errorf("first %q, then %q", first, again)
		}
		target, err := Target{HTTPS: "https://127.0.0.1", Domain: "example.com"}.complete()
		if err != nil {
			t.Fatal(err)
		}
		for _, look := range []look{
			draftStructure, namesOfConfig, orderOfSections, attributesOfSections, plainValues, completeSections, lengthOfNames, userNames, lowerCaseHosts,
			orderOfAccount, wordsOfBlocks, encryptionOfBlocks, kindsOfBlocks,
		} {
			p := &probe{target: target}
			look(target, root, func(format string, args ...any) { p.find(request{}, format, args...) })
			if len(p.findings) > maxFindings {
				t.Errorf("%d findings", len(p.findings))
			}
		}
		mailRecords(zone{}, root, func(string, ...any) {})
	})
}

// depth sees that documents are bounded.
func depth(t *testing.T, e *element, n int) {
	if n > maxDepth {
		t.Fatalf("an element is %d deep", n)
	}
	for _, c := range e.children {
		depth(t, c, n+1)
	}
}

// FuzzZone pins that no zone makes reading it panic, and that the names it
// gives out are plain.
func FuzzZone(f *testing.F) {
	for _, s := range []string{
		"_imaps._tcp SRV 0 1 993 imap", "a CNAME b\n", "@ TXT \"a\" \"b\"", "_ua-auto-config TXT \"v=UAAC1; a=sha256; d=x\"", "$ORIGIN x.\n$INCLUDE /etc/passwd\n",
		"$GENERATE 1-9 a$ A 192.0.2.$", "$GENERATE 1-65535 a$ CNAME b$", "; nothing", "_caldavs._tcp SRV 0 0 0 .", "\\255 A 192.0.2.1", "a 1 IN SRV 1 2 3", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		z, err := readZone(s, "example.com")
		if err != nil {
			return
		}
		ownerNames(z, func(string, ...any) {})
		for _, service := range services() {
			serviceRecords(z, service, func(string, ...any) {})
			for _, r := range z.services(service.name) {
				if target := plain(r.Target); strings.HasSuffix(target, ".") && !strings.HasSuffix(target, `\.`) || target != strings.ToLower(target) {
					t.Errorf("%q is not plain", target)
				}
			}
		}
		davRecords(z, "_caldavs._tcp", nil, func(string, ...any) {})
	})
}

func TestPACCDigest(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"as the draft writes it", "v=UAAC1; a=sha256; d=YWJj", "YWJj"},
		{"another order, a final semicolon, unknown tags", "d=YWJj;x=1 ;a=sha256;  v=UAAC1;", "YWJj"},
		{"padding", "v=UAAC1; a=sha256; d=YWI=", "YWI="},
		{"another version", "v=UAAC2; a=sha256; d=YWJj", ""},
		{"another algorithm", "v=UAAC1; a=sha512; d=YWJj", ""},
		{"a digest twice", "v=UAAC1; a=sha256; d=YWJj; d=YWJj", ""},
		{"a version twice", "v=UAAC1; v=UAAC1; a=sha256; d=YWJj", ""},
		{"an unknown tag twice", "v=UAAC1; x=1; x=2; a=sha256; d=YWJj", "YWJj"},
		{"something else", "v=spf1 -all", ""},
		{"nothing", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := paccDigest(tc.text); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	for _, tc := range []struct{ base, want string }{
		{"https://127.0.0.1:8443", "127.0.0.1:8443"},
		{"https://example.com", "example.com:443"},
		{"http://[::1]/", "[::1]:80"},
	} {
		if got, err := addressOf(tc.base); got != tc.want || err != nil {
			t.Errorf("%s is at %s, %v; want %s", tc.base, got, err, tc.want)
		}
	}
	if got, err := addressOf(""); err == nil {
		t.Errorf("nothing is at %s", got)
	}
}

func TestHostNames(t *testing.T) {
	for name, want := range map[string]bool{
		"example.com": true, "a": true, "xn--bcher-kva.example": true, "a-b.1a.example": true,
		"": false, ".": false, "example.com.": false, "bücher.example": false, "a_b.example": false, "192.0.2.1": false, "-a.example": false, "a b": false,
		strings.Repeat("a", 64) + ".example": false, strings.Repeat("a.", 130) + "example": false,
	} {
		if isHostName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
