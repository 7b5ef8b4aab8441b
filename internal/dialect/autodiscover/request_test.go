package autodiscover

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/waymark-mail/waymark/internal/settings"
)

func utf16(order unicode.Endianness, bom unicode.BOMPolicy, s string) string {
	encoded, err := unicode.UTF16(order, bom).NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return encoded
}

func latin1(s string) string {
	encoded, err := charmap.ISO8859_1.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return encoded
}

func TestParseRequest(t *testing.T) {
	const plain = `<Autodiscover><Request><EMailAddress>müller@example.com</EMailAddress></Request></Autodiscover>`
	declared := func(encoding string) string { return `<?xml version="1.0" encoding="` + encoding + `"?>` + plain }
	want := request{"müller@example.com", []schema{outlook}}
	for _, tc := range []struct {
		name, body string
		want       request
	}{
		{"no declaration", plain, want},
		{"UTF-8", declared("UTF-8"), want},
		{"UTF-8 with a byte order mark", "\xef\xbb\xbf" + declared("utf-8"), want},
		{"UTF-16, little endian, mark", utf16(unicode.LittleEndian, unicode.UseBOM, declared("utf-16")), want},
		{"UTF-16, big endian, mark", utf16(unicode.BigEndian, unicode.UseBOM, declared("UTF-16")), want},
		{"UTF-16, little endian, no mark", utf16(unicode.LittleEndian, unicode.IgnoreBOM, declared("UTF-16LE")), want},
		{"UTF-16, big endian, no mark", utf16(unicode.BigEndian, unicode.IgnoreBOM, plain), want},
		{"UTF-16 is declared but not true", declared("utf-16"), want},
		{"ISO 8859-1", latin1(declared("ISO-8859-1")), want},
		{"Windows-1252", latin1(declared("windows-1252")), want},
		{"US-ASCII", strings.Replace(declared("us-ascii"), "ü", "&#252;", 1), want},
		{"white space around everything", "\r\n " + strings.NewReplacer("<", " \n\t<", "mü", " \n mü", ".com", ".com\r\n ").Replace(plain) + "\n\n", want},
		{"comments, CDATA and instructions", `<?go?><!-- a --><Autodiscover><?b c?><Request><EMailAddress>m<!-- d -->üller<![CDATA[@example]]>.com</EMailAddress></Request></Autodiscover><!-- e -->`, want},
		{"unknown elements everywhere", `<Autodiscover><EMailAddress>no@example.com</EMailAddress><X><Request/><EMailAddress>no@example.com</EMailAddress></X><Request><Y><EMailAddress>no@example.com</EMailAddress></Y><EMailAddress>müller@example.com<Z>no</Z></EMailAddress><W/></Request><V/></Autodiscover>`, want},
		{"the first address counts", strings.Replace(plain, "</Request>", "<EMailAddress>no@example.com</EMailAddress></Request>", 1), want},
		{"an empty address before it", strings.Replace(plain, "<Request>", "<Request><EMailAddress> </EMailAddress>", 1), want},
		{"prefixes and attributes", `<x:Autodiscover xmlns:x="urn:x" a="1"><y:Request b='2'><EMailAddress c="">müller@example.com</EMailAddress></y:Request></x:Autodiscover>`, want},
		{"empty schema", strings.Replace(plain, "</Request>", "<AcceptableResponseSchema/></Request>", 1), want},
		{"deepest nesting", strings.Replace(plain, "</Request>", strings.Repeat("<a>", 30)+strings.Repeat("</a>", 30)+"</Request>", 1), want},
		{
			"schemas in the order of the client, each once",
			strings.Replace(plain, "</Request>", strings.Repeat("<AcceptableResponseSchema> "+mobileSyncSchema+" </AcceptableResponseSchema><AcceptableResponseSchema>urn:x</AcceptableResponseSchema><AcceptableResponseSchema>"+outlookSchema+"</AcceptableResponseSchema>", 50)+"</Request>", 1),
			request{"müller@example.com", []schema{mobileSync, outlook}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			have, err := parseRequest([]byte(tc.body))
			if err != nil || have.address != tc.want.address || !slices.Equal(have.schemas, tc.want.schemas) {
				t.Errorf("have %+v, %v; want %+v", have, err, tc.want)
			}
		})
	}
}

func TestParseRequestRefuses(t *testing.T) {
	const (
		incomplete = "the request is not a complete XML document"
		malformed  = "the request is not well-formed XML in a known encoding"
		directive  = "the request has a DOCTYPE or another directive; not accepted"
		declared   = "the request has an XML declaration that is not at its beginning"
		noRequest  = "the Autodiscover document has no Request"
		noAddress  = "the request has no EMailAddress"
		otherRoot  = "the request is not an Autodiscover document"
		endTag     = "the request is not well-formed XML: an end tag does not match"
	)
	good := request2006("anna@example.com", outlookSchema)
	bomb := `<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]>`
	for _, tc := range []struct{ name, body, want string }{
		{"nothing", "", incomplete},
		{"one byte", "<", malformed},
		{"a byte order mark alone", "\xef\xbb\xbf", incomplete},
		{"white space alone", " \r\n", incomplete},
		{"text", "hello", "the request has text outside of its root element"},
		{"JSON", `{"a":1}`, "the request has text outside of its root element"},
		{"a form", "EMailAddress=anna%40example.com", "the request has text outside of its root element"},
		{"HTML", "<!doctype html><html></html>", directive},
		{"another root", "<autoconfig/>", otherRoot},
		{"root in another case", strings.ReplaceAll(good, "Autodiscover", "AUTODISCOVER"), otherRoot},
		{"cut off", strings.TrimSuffix(good, "</Autodiscover>"), incomplete},
		{"cut off in a tag", good[:len(good)-3], malformed},
		{"text after the root", good + "x", "the request has text outside of its root element"},
		{"two roots", good + good[strings.Index(good, "?>")+2:], "the request has more than one root element"},
		{"two documents", good + good, declared},
		{"two declarations", `<?xml version="1.0"?>` + good, declared},
		{"crossed end tags", "<Autodiscover><Request></Autodiscover></Request>", endTag},
		{"end tag of another prefix", "<Autodiscover><a:Request></b:Request></Autodiscover>", endTag},
		{"end tag alone", "</Autodiscover>", endTag},
		{"no Request", "<Autodiscover/>", noRequest},
		{"no address", "<Autodiscover><Request/></Autodiscover>", noAddress},
		{"blank address", request2006(" \n ", outlookSchema), noAddress},
		{"address outside of the Request", "<Autodiscover><Request/><EMailAddress>anna@example.com</EMailAddress></Autodiscover>", noAddress},
		{"DOCTYPE", `<!DOCTYPE Autodiscover SYSTEM "file:///etc/passwd">` + good[strings.Index(good, "?>")+2:], directive},
		{"billion laughs", bomb + request2006("&d;", outlookSchema)[38:], directive},
		{"entity that nobody declared", request2006("&nbsp;anna@example.com", outlookSchema), malformed},
		{"external entity", request2006("&xxe;", outlookSchema), malformed},
		{"nested too deep", "<Autodiscover>" + strings.Repeat("<a>", 32), "the elements of the request are nested too deep"},
		{"nested 20,000 deep", "<Autodiscover>" + strings.Repeat("<a>", 20_000), "the elements of the request are nested too deep"},
		{"NUL", request2006("an\x00na@example.com", outlookSchema), malformed},
		{"NUL as a reference", request2006("an&#0;na@example.com", outlookSchema), malformed},
		{"invalid UTF-8", request2006("an\xffna@example.com", outlookSchema), malformed},
		{"bytes that ASCII does not have", `<?xml version="1.0" encoding="us-ascii"?>` + "<Autodiscover>\xfc</Autodiscover>", malformed},
		{"unknown encoding", `<?xml version="1.0" encoding="utf-7"?><Autodiscover/>`, malformed},
		{"UTF-32", "\xff\xfe\x00\x00<\x00\x00\x00", malformed},
		{"UTF-16 cut in the middle of a character", "\xff\xfe<", "the request has text outside of its root element"},
		{"XML 1.1", `<?xml version="1.1"?><Autodiscover/>`, malformed},
		{"attribute without quotes", "<Autodiscover a=b/>", malformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			have, err := parseRequest([]byte(tc.body))
			if err == nil {
				t.Fatalf("accepted as %+v", have)
			}
			if err.Error() != tc.want || settings.KindOf(err) != settings.BadRequest {
				t.Errorf("have %q of kind %d, want %q", err, settings.KindOf(err), tc.want)
			}
		})
	}
}

// FuzzParseRequest pins that whatever is posted within the limit gets one
// complete document with HTTP 200, that what was understood can be said again,
// and that an error repeats nothing of the request.
func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{
		"", "<", request2006("anna@example.com", outlookSchema), request2006("anna@sync.example.com", mobileSyncSchema),
		request2006("a&b@example.com", outlookSchema), request2006("a&amp;b@example.com", "urn:x"),
		"\xef\xbb\xbf" + request2006("a@b@c", ""), utf16(unicode.LittleEndian, unicode.UseBOM, request2006("anna@example.com", outlookSchema)),
		"<!DOCTYPE a><Autodiscover/>", "<Autodiscover><Request><EMailAddress>" + strings.Repeat("<a>", 40),
		strings.Repeat(" ", maxRequest) + request2006("anna@example.com", outlookSchema),
		`<?xml version="1.0" encoding="iso-8859-1"?><Autodiscover><Request><EMailAddress>` + "\xfc@example.com</EMailAddress></Request></Autodiscover>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := parseRequest(body)
		if err == nil {
			checkRequest(t, req)
		} else if kind := settings.KindOf(err); kind != settings.BadRequest && kind != settings.NotOffered {
			t.Fatalf("error %v of kind %d", err, kind)
		}
		checkShapes(t, body, req, err)
		resp, err := post(t, string(body))
		if len(body) > maxRequest {
			if resp.Status != http.StatusRequestEntityTooLarge || settings.KindOf(err) != settings.TooLarge {
				t.Fatalf("%d bytes: status %d, error %v", len(body), resp.Status, err)
			}
			return
		}
		if resp.Status != http.StatusOK || resp.ContentType != xmlType {
			t.Fatalf("status %d, type %q", resp.Status, resp.ContentType)
		}
		var doc struct {
			Error *struct {
				ErrorCode          int
				Message, DebugData string
			} `xml:"Response>Error"`
			Logins []string `xml:"Response>Account>Protocol>LoginName"`
		}
		if uerr := xml.Unmarshal(resp.Body, &doc); uerr != nil {
			t.Fatalf("%v in %s", uerr, resp.Body)
		}
		if (err == nil) != (doc.Error == nil) {
			t.Fatalf("error %v in %s", err, resp.Body)
		}
		if doc.Error != nil && len(doc.Error.DebugData) > 120 {
			t.Fatalf("DebugData %q", doc.Error.DebugData)
		}
		for _, login := range doc.Logins {
			if !strings.EqualFold(login[:strings.Index(login, "@")], req.address[:strings.Index(req.address, "@")]) {
				t.Fatalf("login %q for %q", login, req.address)
			}
		}
	})
}

// checkRequest writes a request again from what was read.
func checkRequest(t *testing.T, req request) {
	if req.address == "" || strings.TrimSpace(req.address) != req.address || !utf8.ValidString(req.address) || len(req.schemas) < 1 || len(req.schemas) > 2 {
		t.Fatalf("%+v", req)
	}
	var b strings.Builder
	b.WriteString("<Autodiscover><Request><EMailAddress>")
	if err := xml.EscapeText(&b, []byte(req.address)); err != nil {
		t.Fatal(err)
	}
	b.WriteString("</EMailAddress>")
	names := map[schema]string{outlook: outlookSchema, mobileSync: mobileSyncSchema}
	for _, s := range req.schemas {
		fmt.Fprintf(&b, "<AcceptableResponseSchema>%s</AcceptableResponseSchema>", names[s])
	}
	b.WriteString("</Request></Autodiscover>")
	again, err := parseRequest([]byte(b.String()))
	if err != nil || again.address != req.address || !slices.Equal(again.schemas, req.schemas) {
		t.Fatalf("%+v read again: %+v, %v", req, again, err)
	}
}
