package importer

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// body returns a settings file without its heading.
func body(r Result) string {
	_, rest, _ := strings.Cut(string(r.Settings), "\n\n")
	return rest
}

func sample(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEverythingThatThereIsAPlaceFor(t *testing.T) {
	r, err := imported("everything.xml", sample(t, "everything.xml"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `providers:
  # from everything.xml
  office-example:
    name: Office & Sons
    names: {de: Büro & Söhne}
    short_name: Office
    help_url: https://help.office.example/mail?a=1&b=2
    webmail_url: https://webmail.{domain}/
    services:
      - {protocol: imap, host: imap.office.example, port: 993, security: tls, auth: [oauth2, password]}
      - {protocol: imap, host: "imap.{domain}", port: 143, security: starttls, login: "{local}.{domain}", auth: [password-challenge, gssapi, ntlm, client-cert, none]}
      - {protocol: pop3, host: pop.office.example, port: 110, security: plaintext, login: "{local}", leave_messages_on_server: true, days_to_leave_messages_on_server: 14, download_on_biff: false}
      - {protocol: jmap, url: "https://jmap.office.example/session", auth: [password-challenge]}
      - {protocol: activesync, url: "https://eas.{domain}/Microsoft-Server-ActiveSync"}
      - {protocol: ews, url: "https://ex.office.example/EWS/Exchange.asmx", auth: [ntlm]}
      - {protocol: ews, url: "https://old.office.example/EWS/Exchange.asmx"}
      - {protocol: activesync, url: "https://old.office.example/Microsoft-Server-ActiveSync"}
      - {protocol: submission, host: smtp.office.example, port: 465, security: tls}
      - {protocol: carddav, url: "https://dav.office.example/card/"}
      - {protocol: caldav, url: "https://dav.office.example/cal/", auth: [password-challenge]}
      - {protocol: webdav, url: "https://dav.office.example/files/", auth: [oauth2, password]}
      - {protocol: managesieve, host: sieve.office.example, port: 4190, security: starttls}
    oauth2:
      issuer: https://login.office.example
      auth_url: https://login.office.example/authorize
      token_url: https://login.office.example/token
      scope: imap smtp offline_access
      client_id: open
domains:
  office.example: {provider: office-example}
  xn--bcher-kva.example: {provider: office-example} # bücher.example
  mx.office.example: {provider: office-example}
`
	if got := body(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(r.Notes) > 0 || r.Providers != 1 || r.Domains != 3 {
		t.Errorf("%d providers, %d domains, %v", r.Providers, r.Domains, r.Notes)
	}
	accepted(t, r)
}

// Every element of the sample but the plain ones is noted or carried over, and
// no note holds a secret or a user name.
func TestNothingIsDroppedSilently(t *testing.T) {
	r, err := imported("a.xml", sample(t, "nothing-dropped.xml"))
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(textsOf(r.Notes), "\n") + "\n"
	if want := sample(t, "nothing-dropped.txt"); notes != want {
		t.Errorf("got\n%s\nwant\n%s", notes, want)
	}
	if got, want := body(r), sample(t, "nothing-dropped.yaml"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, secret := range []string{"hunter", "fred"} {
		if strings.Contains(notes, secret) {
			t.Errorf("the notes hold %q", secret)
		}
	}
	accepted(t, r)
}

// TestEveryElementIsReadOrNoted takes each element of the full sample and gives
// it an unknown name: then there is a note about it.
func TestEveryElementIsReadOrNoted(t *testing.T) {
	doc := sample(t, "everything.xml")
	root, err := parseXML([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	var try func(e *element)
	try = func(e *element) {
		for _, child := range e.children {
			name := child.name
			child.name = "unheardOf"
			d := newDraft()
			reset(root)
			clientConfig{d, "a.xml"}.read(root)
			child.name = name
			tried++
			missed := true
			for _, n := range d.notes {
				// What a service cannot do without is noted by what it lacks.
				missed = missed && n.Line != child.line && n.Line != e.line
			}
			if missed {
				t.Errorf("line %d: %s went away without a word", child.line, child.path())
			}
			try(child)
		}
	}
	try(root)
	if tried < 60 {
		t.Errorf("tried %d elements only", tried)
	}
}

func reset(e *element) {
	e.taken, e.textTaken = false, false
	for i := range e.attrs {
		e.attrs[i].taken = false
	}
	for _, child := range e.children {
		reset(child)
	}
}

func TestWordsOfOneService(t *testing.T) {
	for _, tc := range []struct {
		name, inside string
		want         string // the service in the settings file; "" for none
		notes        []string
	}{
		{"odd white space", "<hostname>\u00a0\n imap.example.com\t</hostname><port>\n993 </port><socketType> SSL </socketType><username>\n%EMAILADDRESS% </username><authentication> password-cleartext </authentication>",
			"{protocol: imap, host: imap.example.com, port: 993, security: tls}", nil},
		{"text around a comment and in CDATA", "<hostname>imap<!-- of -->.example.com</hostname><port><![CDATA[993]]></port><socketType>SSL</socketType><username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>",
			"{protocol: imap, host: imap.example.com, port: 993, security: tls}", nil},
		{"international host, port of another security", "<hostname>IMAP.bücher.example.</hostname><port>993</port><socketType>STARTTLS</socketType><username>%EMAILLOCALPART%</username><authentication>GSSAPI</authentication>",
			"{protocol: imap, host: imap.xn--bcher-kva.example, port: 993, security: starttls, login: \"{local}\", auth: [gssapi]}", nil},
		{"what YAML would take for something else", "<hostname>no</hostname><port>0993</port><socketType>SSL</socketType><username>007</username><authentication>none</authentication>",
			"{protocol: imap, host: no, port: 993, security: tls, login: \"007\", auth: [none]}",
			[]string{"a.xml:2: hint: emailProvider/incomingServer/username: the user name is the same for everybody; check that it is meant"}},
		{"what looks like a reference", "<hostname>imap.example.com</hostname><port>993</port><socketType>SSL</socketType><username>$%EMAILDOMAIN%</username><authentication>password-cleartext</authentication>",
			"{protocol: imap, host: imap.example.com, port: 993, security: tls, login: \"$${domain}\"}", nil},
		{"none at all", "", "", []string{"a.xml:2: emailProvider/incomingServer: no host name; service not imported"}},
		{"the first of two host names", "<hostname>a.example</hostname><hostname>b.example</hostname><port>993</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>",
			"{protocol: imap, host: a.example, port: 993, security: tls}", []string{"a.xml:2: emailProvider/incomingServer/hostname: is listed twice; this one is not imported"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			doc := "<clientConfig version=\"1.1\"><emailProvider id=\"example.com\"><domain>example.com</domain><displayName>E</displayName>" +
				`<outgoingServer type="smtp"><hostname>smtp.example.com</hostname><port>465</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></outgoingServer>` +
				"\n<incomingServer type=\"IMAP\">" + strings.ReplaceAll(tc.inside, "\n", " ") + "</incomingServer></emailProvider></clientConfig>"
			r, err := imported("a.xml", doc)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for line := range strings.Lines(body(r)) {
				if s, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok && strings.Contains(s, "imap") {
					got = s
				}
			}
			// With two services, what is said first is said for both.
			if common := "    login: "; strings.Contains(body(r), common) {
				t.Errorf("a login for all:\n%s", body(r))
			}
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if got := textsOf(r.Notes); !slices.Equal(got, tc.notes) {
				t.Errorf("got  %q\nwant %q", got, tc.notes)
			}
			accepted(t, r)
		})
	}
}

func TestAuthorizationServers(t *testing.T) {
	const good = "<issuer>https://login.example.com</issuer><scope>mail</scope><authURL>https://login.example.com/a?b=c</authURL><tokenURL>https://login.example.com/t</tokenURL>"
	for _, tc := range []struct{ name, from, to, note string }{
		{"as it should be", "", "", ""},
		{"host alone", "https://login.example.com</issuer>", "Login.Example.com</issuer>", "hint: oAuth2/issuer: the issuer becomes https://login.example.com; check that the authorization server uses this form"},
		{"no scope", "<scope>mail</scope>", "<scope> </scope>", "oAuth2/scope: no scope; authorization server not imported"},
		{"no token URL", "<tokenURL>https://login.example.com/t</tokenURL>", "", "oAuth2/tokenURL: missing; authorization server not imported"},
		{"http", "<authURL>https", "<authURL>http", "oAuth2/authURL: must be an https URL; authorization server not imported"},
		{"issuer in upper case", "<issuer>https://login", "<issuer>https://LOGIN", "oAuth2/issuer: the issuer must be a lower-case URL without query and fragment; authorization server not imported"},
		{"issuer with a query", "com</issuer>", "com/?a=b</issuer>", "oAuth2/issuer: the issuer must be a lower-case URL without query and fragment; authorization server not imported"},
		{"issuer that must be escaped", "com</issuer>", "com/ä b</issuer>", "oAuth2/issuer: the issuer must be a lower-case URL without query and fragment; authorization server not imported"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			doc := strings.Replace(minimal("<domain>example.com</domain><displayName>E</displayName>"), "</clientConfig>", "<oAuth2>"+strings.Replace(good, tc.from, tc.to, 1)+"</oAuth2></clientConfig>", 1)
			r, err := imported("a.xml", doc)
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"a.xml:4: " + tc.note}
			if tc.note == "" {
				want = nil
			}
			if got := textsOf(r.Notes); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			o := accepted(t, r).Providers[0].OAuth2
			if kept := !strings.Contains(tc.note, "not imported"); kept != (o != nil) || kept && o.Issuer != "https://login.example.com" {
				t.Errorf("got %+v", o)
			}
		})
	}
}
