package importer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
)

// folder makes a folder of files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// hosted is a document of a customer of one hosting company.
func hosted(id, domain, more string) string {
	return fmt.Sprintf(`<clientConfig version="1.1"><emailProvider id=%q>
<domain>%s</domain><displayName>Hoster</displayName>
<incomingServer type="imap"><hostname>imap.hoster.example</hostname><port>993</port><socketType>SSL</socketType>
<username>%%EMAILADDRESS%%</username><authentication>password-cleartext</authentication></incomingServer>
%s</emailProvider></clientConfig>`, id, domain, more)
}

func TestFolder(t *testing.T) {
	dir := folder(t, map[string]string{
		"b.xml":          hosted("one", "b.example", ""),
		"a":              "\ufeff\n" + hosted("one", "a.example", ""),
		"c.xml":          hosted("one", "c.example", `<displayShortName>H</displayShortName>`),
		"d.xml":          hosted("two", "A.example.", `<displayShortName>H</displayShortName>`),
		"e.xml":          hosted("one", "b.example</domain><domain>e.example", ""),
		"README":         "Read me",
		"page.xml":       "<html/>",
		".git":           "not XML either",
		"sub/f.xml":      hosted("one", "f.example", ""),
		"name\nwith.xml": hosted("one", "g.example", ""),
	})
	r, err := ISPDB([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(`providers:
  # from DIR/a, DIR/b.xml, DIR/e.xml, 1 more
  one:
    name: Hoster
    services:
      - {protocol: imap, host: imap.hoster.example, port: 993, security: tls}
  # from DIR/c.xml, DIR/d.xml
  one-2:
    name: Hoster
    short_name: H
    services:
      - {protocol: imap, host: imap.hoster.example, port: 993, security: tls}
domains:
  a.example: {provider: one}
  b.example: {provider: one}
  c.example: {provider: one-2}
  e.example: {provider: one}
  g.example: {provider: one}
`, "DIR", dir)
	if got := body(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	wantNotes := []string{
		dir + "/README: hint: not XML; skipped",
		dir + "/d.xml:2: emailProvider/domain: a.example is already listed in " + dir + "/a:3 with other settings; this entry is not imported",
		dir + "/page.xml:1: hint: not a clientConfig file: its root element is html; skipped",
		dir + "/sub: hint: subfolders are skipped",
	}
	if got := textsOf(r.Notes); !slices.Equal(got, wantNotes) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(wantNotes, "\n"))
	}
	if !strings.Contains(string(r.Settings), "# 7 files of an ISP database.\n") {
		t.Errorf("the heading is\n%s", r.Settings)
	}
	accepted(t, r)
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := folder(t, map[string]string{
		"good.xml": hosted("one", "a.example", ""), "broken.xml": "<clientConfig>\n<emailProvider>\n</clientConfig>", "other.xml": "\n<html/>",
		"page": "no XML", "utf16.xml": "\xff\xfe<\x00", "latin1.xml": `<?xml version="1.0" encoding="ISO-8859-1"?><clientConfig/>`,
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	_, err := ISPDB([]string{at("good.xml"), at("broken.xml"), at("other.xml"), at("page"), at("utf16.xml"), at("latin1.xml"), at("none.xml")})
	want := strings.Join([]string{
		at("broken.xml") + ":3: not valid XML: element <emailProvider> closed by </clientConfig>",
		at("other.xml") + ":2: not a clientConfig file: its root element is html",
		at("page") + ":1: contains no XML element",
		at("utf16.xml") + ": the file is encoded in UTF-16; save it as UTF-8",
		at("latin1.xml") + ":1: the encoding ISO-8859-1 is not supported; save the file as UTF-8",
		at("none.xml") + ": cannot be read: no such file or directory",
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestXMLThatIsNotRead(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", "contains no XML element"},
		{"two roots", "<a/><b/>", "the file has more than one root element"},
		{"an entity of its own", `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, "not valid XML: invalid character entity &b;"},
		{"cut off", "<a>", "not valid XML: unexpected EOF"},
		{"too deep", strings.Repeat("<a>", 51), "the elements are nested more than 50 deep"},
		{"too many", "<a>" + strings.Repeat("<b/>", 250_000) + "</a>", "the file has more than 250000 elements"},
		{"too large", strings.Repeat(" ", 16<<20) + "<a/>", "the file is larger than 16 MiB"},
		{"a control character", "<a>\x01</a>", "not valid XML: illegal character code U+0001"},
		{"no UTF-8", "<a>\xff</a>", "not valid XML: invalid UTF-8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := parseXML([]byte(tc.text)); err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestNothingToImport(t *testing.T) {
	for _, tc := range []struct{ name, doc, note string }{
		{"no provider", "<clientConfig/>", "a.xml:1: contains no emailProvider"},
		{"no domain", minimal(""), "a.xml:1: emailProvider: no domain; provider not imported"},
		{"no service", `<clientConfig><emailProvider><domain>a.example</domain></emailProvider></clientConfig>`,
			"a.xml:1: emailProvider: no service can be imported; provider and domains not imported"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := imported("a.xml", tc.doc)
			if got := textsOf(r.Notes); !errors.Is(err, ErrNothing) || r.Settings != nil || !slices.Equal(got, []string{tc.note}) {
				t.Errorf("%v, %q", err, got)
			}
		})
	}
}

func TestSeveralProvidersInOneFile(t *testing.T) {
	one := strings.TrimSuffix(hosted("one", "a.example", ""), "</clientConfig>")
	two := strings.TrimPrefix(hosted("two", "%EMAILDOMAIN%", "<displayShortName>Two</displayShortName>"), `<clientConfig version="1.1">`)
	two = strings.Replace(two, "</clientConfig>", `<calendar type="caldav"><url>https://dav.example/</url><username>%EMAILADDRESS%</username><authentication system="http">Basic</authentication></calendar></clientConfig>`, 1)
	r, err := imported("a.xml", one+two)
	if err != nil {
		t.Fatal(err)
	}
	cfg := accepted(t, r)
	if len(cfg.Providers) != 2 || len(cfg.Providers[0].Services) != 2 || len(cfg.Providers[1].Services) != 2 {
		t.Errorf("got\n%s", r.Settings)
	}
	if cfg.CatchAll == nil || cfg.CatchAll.ShortName != "Two" || cfg.Domains["a.example"].Provider.ID != "one" {
		t.Errorf("got\n%s", r.Settings)
	}
	if got := textsOf(r.Notes); !slices.Equal(got, []string{`a.xml:6: hint: emailProvider/domain: %EMAILDOMAIN% stands for every domain; it becomes "*"`}) {
		t.Errorf("notes %q", got)
	}
}

func TestIDs(t *testing.T) {
	d := newDraft()
	long := strings.Repeat("long-", 20)
	for _, tc := range [][2]string{
		{"gmx.net", "gmx-net"}, {"GMX.net", "gmx-net-2"}, {"gmx net", "gmx-net-3"}, {"bücher.example", "xn-bcher-kva-example"}, {"Größe & Co!", "gr-e-co"},
		{"", "provider"}, {"✉", "xn-4bi"}, {"--", "provider-2"}, {long, "long-long-long-long-long-long-long-long"}, {long, "long-long-long-long-long-long-long-lon-2"},
	} {
		if got := d.newID(tc[0]); got != tc[1] || len(got) > 40 {
			t.Errorf("%q: %q, want %q", tc[0], got, tc[1])
		}
	}
}

func TestNamesThatAreTooLong(t *testing.T) {
	name := strings.Repeat("ü", 59) + " und mehr"
	doc := minimal("<domain>example.com</domain><displayName>" + name + `</displayName><displayName lang="DE-ch">` + name + "</displayName><displayShortName>" + name + "</displayShortName>")
	r, err := imported("a.xml", doc)
	if err != nil {
		t.Fatal(err)
	}
	p := accepted(t, r).Domains["example.com"].Provider
	short := strings.Repeat("ü", 20)
	if cut := strings.Repeat("ü", 59); p.Name != cut || p.Names["de-CH"] != cut || p.ShortName != short {
		t.Errorf("%+v", p)
	}
	want := []string{
		"a.xml:1: emailProvider: the name has 68 characters; cut to 60",
		"a.xml:1: emailProvider: the short name has 68 characters; cut to 20",
		"a.xml:1: emailProvider: the name in the language de-CH has 68 characters; cut to 60",
	}
	if got := textsOf(r.Notes); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatYAMLWouldTakeForSomethingElse(t *testing.T) {
	for _, name := range []string{"null", "~", "yes", "0x1f", "1e3", "2030-12-31", "- a", "a: b", "#a", "*a", "&a", "!a", "{a}", "[a]", "'a'", `"a"`, `\`, "${env:HOME}", "$${x}", "%a", "@a", "`a`", "=", "<<", "a #b", "a\u2028b", "\ufeffa", "é\u0085"} {
		d := newDraft()
		root, err := parseXML([]byte(minimal("<domain>example.com</domain><displayName>x</displayName>")))
		if err != nil {
			t.Fatal(err)
		}
		root.children[0].all("displayName")[0].raw = []byte(name)
		clientConfig{d, name + ".xml"}.read(root)
		r, err := d.result("a test")
		if err != nil {
			t.Fatal(err)
		}
		if got := accepted(t, r).Domains["example.com"].Provider.Name; got != clean(name) {
			t.Errorf("%q became %q", name, got)
		}
	}
	for _, domain := range []address.Domain{"null", "0x1f", "1e3", "true", "no", "12.example"} {
		r, err := imported("a.xml", minimal("<domain>"+string(domain)+"</domain>"))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := accepted(t, r).Domains[domain]; !ok {
			t.Errorf("%s got lost in\n%s", domain, r.Settings)
		}
	}
}

// Files that are made to keep an import busy: it must not take longer than the
// file is long.
func TestHostileFiles(t *testing.T) {
	server := func(i int) string {
		return fmt.Sprintf(`<incomingServer type="imap"><hostname>h%d.example</hostname><port>993</port><socketType>SSL</socketType><username>%%EMAILADDRESS%%</username><authentication>none</authentication></incomingServer>`+"\n", i)
	}
	var servers strings.Builder
	for i := range 2_000 {
		servers.WriteString(server(i))
	}
	for name, tc := range map[string]struct {
		more  string
		notes int
	}{
		"many servers":          {servers.String(), 2_000 - 99},
		"many unknown elements": {strings.Repeat("<a/>", 25_000), 1}, // on one line
		"many names":            {strings.Repeat("<displayName>E</displayName>\n", 12_000), 11_999},
		"a long name":           {"<displayName>" + strings.Repeat("e<!---->", 1<<16) + "</displayName>", 1},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := imported("a.xml", minimal("<domain>example.com</domain>"+tc.more))
			if err != nil {
				t.Fatal(err)
			}
			if got := len(lost(r.Notes)); got < tc.notes-1 || got > tc.notes+1 {
				t.Errorf("%d notes, want %d", got, tc.notes)
			}
			accepted(t, r)
		})
	}
}

func BenchmarkISPDB(b *testing.B) {
	files := make([]*element, 200)
	for i := range files {
		root, err := parseXML([]byte(hosted("one", fmt.Sprintf("d%d.example", i), "")))
		if err != nil {
			b.Fatal(err)
		}
		files[i] = root
	}
	b.ReportAllocs()
	for b.Loop() {
		d := newDraft()
		for _, root := range files {
			reset(root)
			clientConfig{d, "a.xml"}.read(root)
		}
		if r, err := d.result("a benchmark"); err != nil || r.Domains != len(files) {
			b.Fatal(err)
		}
	}
}
