package dnsrecords

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"go.yaml.in/yaml/v4"

	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/settings/settingstest"
)

// readers read back the printed records, without the purposes.
func readers() map[string]func(*testing.T, Set, []byte) []Record {
	return map[string]func(*testing.T, Set, []byte) []Record{
		"zone":       readZone,
		"cloudflare": readCloudflare,
		"json":       readJSON,
		"octodns":    readOctoDNS,
		"dnscontrol": readDNSControl,
		"nsupdate":   readNSUpdate,
		"terraform":  readTerraform,
	}
}

func readCloudflare(t *testing.T, s Set, text []byte) []Record {
	t.Helper()
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, ";") || strings.HasPrefix(line, "$") {
			t.Errorf("Cloudflare would not take %q", line)
		}
	}
	return readZone(t, s, text)
}

// readZone reads names as they are: the origin would show in one that is not
// complete.
func readZone(t *testing.T, _ Set, text []byte) []Record {
	t.Helper()
	var all []Record
	parser := dns.NewZoneParser(bytes.NewReader(text), "not.complete.", "")
	parser.SetIncludeAllowed(false)
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		if h := rr.Header(); h.Ttl != TTL || h.Class != dns.ClassINET {
			t.Errorf("%v", rr)
		}
		r := Record{Name: rr.Header().Name, Type: Type(dns.TypeToString[rr.Header().Rrtype])}
		switch rr := rr.(type) {
		case *dns.A:
			r.Value = rr.A.String()
		case *dns.AAAA:
			r.Value = rr.AAAA.String()
		case *dns.CNAME:
			r.Value = rr.Target
		case *dns.SRV:
			r.Priority, r.Weight, r.Port, r.Value = rr.Priority, rr.Weight, rr.Port, rr.Target
		case *dns.TXT:
			if len(rr.Txt) != 1 {
				t.Errorf("%d texts in %v", len(rr.Txt), rr)
			}
			r.Value = unescaped(t, rr)
		default:
			t.Errorf("unexpected %v", rr)
		}
		// What cannot be sent over the wire is no record.
		if _, err := dns.PackRR(rr, make([]byte, 4096), 0, nil, false); err != nil {
			t.Errorf("%v: %v", rr, err)
		}
		all = append(all, r)
	}
	if err := parser.Err(); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
	return all
}

// unescaped returns the one text of a record as it is on the wire.
func unescaped(t *testing.T, rr *dns.TXT) string {
	t.Helper()
	wire := make([]byte, 4096)
	end, err := dns.PackRR(rr, wire, 0, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	header, err := dns.PackRR(&dns.NULL{Hdr: rr.Hdr}, make([]byte, 4096), 0, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return string(wire[header+1 : end]) // behind the length of the text
}

func readJSON(t *testing.T, s Set, text []byte) []Record {
	t.Helper()
	var printed struct {
		Domain  string
		Notes   []string
		Records []map[string]any
	}
	if err := json.Unmarshal(text, &printed); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if printed.Domain != string(s.Domain) || printed.Notes == nil || printed.Records == nil || !slices.Equal(printed.Notes, s.Notes) {
		t.Errorf("%+v, want those of %+v", printed, s)
	}
	number := func(v any) uint16 { n, _ := v.(float64); return uint16(n) }
	var all []Record
	for _, r := range printed.Records {
		keys := []string{"name", "purpose", "ttl", "type", "value"}
		if r["type"] == "SRV" {
			keys = []string{"name", "port", "priority", "purpose", "ttl", "type", "value", "weight"}
		}
		if got := slices.Sorted(maps.Keys(r)); !slices.Equal(got, keys) || number(r["ttl"]) != TTL {
			t.Errorf("%v has %v, want %v", r, got, keys)
		}
		all = append(all, Record{
			Name: fmt.Sprint(r["name"]), Type: Type(fmt.Sprint(r["type"])), Value: fmt.Sprint(r["value"]),
			Priority: number(r["priority"]), Weight: number(r["weight"]), Port: number(r["port"]),
		})
	}
	return all
}

// octoDNSFile is what octoDNS reads.
type octoDNSFile struct {
	TTL    int
	Type   string
	Value  yaml.Node
	Values []yaml.Node
}

func readOctoDNS(t *testing.T, s Set, text []byte) []Record {
	t.Helper()
	var file yaml.Node
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	wantSortedKeys(t, &file)
	if file.Content[0].Kind != yaml.MappingNode {
		t.Fatalf("not a mapping:\n%s", text)
	}
	var all []Record
	for i := 0; i < len(file.Content[0].Content); i += 2 {
		label, content := file.Content[0].Content[i].Value, file.Content[0].Content[i+1]
		items := []*yaml.Node{content}
		if content.Kind == yaml.SequenceNode {
			items = content.Content
		}
		types := map[string]bool{}
		for _, item := range items {
			var f octoDNSFile
			if err := item.Load(&f, yaml.WithKnownFields()); err != nil {
				t.Fatalf("%s: %v", label, err)
			}
			if f.TTL != TTL || types[f.Type] || f.Value.IsZero() == (len(f.Values) == 0) {
				t.Errorf("%s: %+v", label, f)
			}
			types[f.Type] = true
			values := f.Values
			if !f.Value.IsZero() {
				values = append(values, f.Value)
			}
			for _, v := range values {
				all = append(all, fromOctoDNS(t, label+"."+string(s.Domain)+".", f.Type, v))
			}
		}
	}
	return all
}

func fromOctoDNS(t *testing.T, name, kind string, value yaml.Node) Record {
	t.Helper()
	r := Record{Name: name, Type: Type(kind)}
	if kind == "SRV" {
		var v struct {
			Port, Priority, Weight uint16
			Target                 string
		}
		if err := value.Load(&v, yaml.WithKnownFields()); err != nil {
			t.Fatal(err)
		}
		r.Priority, r.Weight, r.Port, r.Value = v.Priority, v.Weight, v.Port, v.Target
		return r
	}
	if value.Tag != "!!str" {
		t.Errorf("%s: %q is a %s", name, value.Value, value.Tag)
	}
	r.Value = value.Value
	if kind == "TXT" {
		// octoDNS refuses a semicolon behind a letter without a backslash, and
		// one with two.
		if strings.Contains(strings.ReplaceAll(r.Value, `\;`, ""), ";") || strings.Contains(r.Value, `\\;`) {
			t.Errorf("%s: octoDNS would not take %s", name, r.Value)
		}
		r.Value = strings.ReplaceAll(r.Value, `\;`, ";")
	}
	return r
}

// wantSortedKeys checks what octoDNS enforces.
func wantSortedKeys(t *testing.T, n *yaml.Node) {
	t.Helper()
	last := ""
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if child.Value <= last {
				t.Errorf("line %d: key %s is behind %s", child.Line, child.Value, last)
			}
			last = child.Value
		}
		wantSortedKeys(t, child)
	}
}

// dnsControlLine is one record, as strict as JavaScript of 2009.
var dnsControlLine = regexp.MustCompile(`^    ([A-Z]+)\((.*), TTL\(3600\)\)(,?)$`)

func readDNSControl(t *testing.T, s Set, text []byte) []Record {
	t.Helper()
	body, begins := strings.CutPrefix(string(text), `D_EXTEND("`+string(s.Domain)+`"`)
	body, ends := strings.CutSuffix(body, "\n);\n")
	if !begins || !ends {
		t.Fatalf("not a statement:\n%s", text)
	}
	if body == "" {
		return nil
	}
	var all []Record
	written := strings.Split(strings.TrimPrefix(body, ",\n"), "\n")
	for i, line := range written {
		m := dnsControlLine.FindStringSubmatch(line)
		if m == nil || (m[3] == ",") != (i < len(written)-1) {
			t.Fatalf("not a record with its comma: %q", line)
		}
		var values []any
		if err := json.Unmarshal([]byte("["+m[2]+"]"), &values); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		r := Record{Name: fmt.Sprint(values[0]) + "." + string(s.Domain) + ".", Type: Type(m[1]), Value: fmt.Sprint(values[len(values)-1])}
		if r.Type == SRV {
			r.Priority, r.Weight, r.Port = uint16(values[1].(float64)), uint16(values[2].(float64)), uint16(values[3].(float64))
			values = slices.Delete(values, 1, 4)
		}
		if len(values) != 2 {
			t.Errorf("unexpected arguments: %s", line)
		}
		all = append(all, r)
	}
	return all
}

// sorted is for formats that do not keep the order, and leaves out what they
// do not say.
func sorted(records []Record) []string {
	var all []string
	for _, r := range records {
		r.Purpose = ""
		all = append(all, fmt.Sprintf("%+v", r))
	}
	slices.Sort(all)
	return all
}

// wantReadable prints a set in every format, twice, and reads it back.
func wantReadable(t *testing.T, s Set) {
	t.Helper()
	read := readers()
	for _, format := range Formats() {
		text, err := s.Print(format)
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		if again, err := s.Print(format); err != nil || !bytes.Equal(again, text) {
			t.Errorf("%s: printed differently the second time (%v)", format, err)
		}
		if len(text) == 0 && len(s.Records) > 0 || len(text) > 0 && text[len(text)-1] != '\n' {
			t.Errorf("%s: ends without a line break", format)
		}
		if read[format] == nil {
			t.Errorf("%s: readers has no reader for it", format)
			continue
		}
		compare(t, format, sorted(read[format](t, s, text)), sorted(s.Records))
	}
}

func TestFormats(t *testing.T) {
	for _, format := range []string{"cloudflare", "dnscontrol", "json", "nsupdate", "octodns", "terraform", "zone"} {
		if !slices.Contains(Formats(), format) {
			t.Errorf("%s is gone", format)
		}
	}
	compare(t, "readers", slices.Sorted(maps.Keys(readers())), Formats())
}

func TestUnknownFormat(t *testing.T) {
	_, err := Set{}.Print("bind")
	if want := `unknown format "bind"; known: ` + strings.Join(Formats(), ", "); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestTextsAreEscaped prints texts that mean something in one of the formats.
func TestTextsAreEscaped(t *testing.T) {
	s := Set{Domain: "example.com"}
	for i, text := range []string{
		`a;b`, `"quoted"`, `back\slash`, `\\`, `\010`, `a "b" c`, `path=/a&b's/<x>;y=$1/@`, `: #`, `- a`, `true`, `1e3`, `*a`, `{a}`, ` a `, strings.Repeat("x ", 127),
	} {
		s.Records = append(s.Records, Record{Name: fmt.Sprintf("n%d.example.com.", i), Type: TXT, Value: text})
	}
	s.Records = append(s.Records, Record{Name: "many.example.com.", Type: TXT, Value: "b; c"}, Record{Name: "many.example.com.", Type: TXT, Value: "a; b"})
	wantReadable(t, s)
}

func TestNoRecords(t *testing.T) {
	wantReadable(t, Set{Domain: "example.com", Notes: []string{"nothing & more"}})
}

func TestUnknownType(t *testing.T) {
	s := Set{Domain: "example.com", Records: []Record{{Name: "a.example.com.", Type: "MX"}}}
	for _, format := range []string{"zone", "cloudflare", "nsupdate", "terraform"} {
		if _, err := s.Print(format); err == nil || err.Error() != "a record of type MX cannot be printed" {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// randomHosts is a name, addresses or nothing.
func randomHosts(r *rand.Rand, s settings.Settings) Hosts {
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	some := []Hosts{
		{}, {Name: "waymark.example.net"}, {Name: s.Domain}, {Name: "autodiscover." + s.Domain},
		{Addresses: []netip.Addr{v4}}, {Addresses: []netip.Addr{v6, v4, v6.Next()}},
	}
	return some[r.IntN(len(some))]
}

// TestRandomSettings compares the records of random valid settings with the
// requirements of DNS and the specifications.
func TestRandomSettings(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		s := settingstest.Random(r)
		var document []byte
		if r.IntN(2) == 0 {
			document = fmt.Appendf(nil, "{%d}", r.Uint64())
		}
		set := mustFor(t, s, randomHosts(r, s), document)
		wantReadable(t, set)
		wantLawful(t, set)
		wantOffers(t, s, set)
		if t.Failed() {
			t.Fatalf("with %+v of %+v", s, s.Provider)
		}
	}
}

// wantLawful checks what DNS forbids.
func wantLawful(t *testing.T, s Set) {
	t.Helper()
	types := map[string]map[Type]int{}
	seen := map[string]bool{}
	for _, r := range s.Records {
		if line := fmt.Sprintf("%s %s %s %d", r.Name, r.Type, r.Value, r.Port); seen[line] {
			t.Errorf("%s is there twice", line)
		} else {
			seen[line] = true
		}
		if types[r.Name] == nil {
			types[r.Name] = map[Type]int{}
		}
		types[r.Name][r.Type]++
		if !strings.HasSuffix(r.Name, "."+string(s.Domain)+".") {
			t.Errorf("%s is not below the domain", r.Name)
		}
		if (r.Type == CNAME || r.Type == SRV) && (!strings.HasSuffix(r.Value, ".") || net.ParseIP(strings.TrimSuffix(r.Value, ".")) != nil) {
			t.Errorf("%s leads to %s", r.Name, r.Value)
		}
		if r.Purpose == "" {
			t.Errorf("%s has no purpose", r.Name)
		}
	}
	for _, r := range s.Records {
		if has := types[r.Name]; has[CNAME] > 1 || has[CNAME] == 1 && len(has) > 1 {
			t.Errorf("%s is an alias and something else: %v", r.Name, has)
		}
		if r.Type == SRV && types[r.Value][CNAME] > 0 {
			t.Errorf("%s leads to the alias %s", r.Name, r.Value)
		}
		if r.Type == SRV && r.Value == "." && types[r.Name][SRV] > 1 {
			t.Errorf("%s is offered and not offered", r.Name)
		}
	}
}

// names maps a service to its name in DNS by RFC 6186, 8314, 6764, 8620 and 5804.
func names() map[settings.Protocol][2]string { // TLS from the first byte, then without
	return map[settings.Protocol][2]string{
		settings.IMAP:        {"_imaps._tcp", "_imap._tcp"},
		settings.POP3:        {"_pop3s._tcp", "_pop3._tcp"},
		settings.Submission:  {"_submissions._tcp", "_submission._tcp"},
		settings.JMAP:        {"_jmap._tcp", ""},
		settings.CalDAV:      {"_caldavs._tcp", "_caldav._tcp"},
		settings.CardDAV:     {"_carddavs._tcp", "_carddav._tcp"},
		settings.ManageSieve: {"", "_sieve._tcp"},
	}
}

// wantOffers checks that each encrypted service is found and that the others
// are decidedly not there.
func wantOffers(t *testing.T, s settings.Settings, set Set) {
	t.Helper()
	srv := map[string][]Record{}
	text := map[string]string{}
	for _, r := range set.Records {
		if r.Type == SRV {
			srv[set.label(r)] = append(srv[set.label(r)], r)
		}
		if r.Type == TXT {
			text[set.label(r)] = r.Value
		}
	}
	if s.MovedTo != "" {
		delete(srv, "_autodiscover._tcp")
		if len(srv) > 0 {
			t.Errorf("a client would take the old address to %v", srv)
		}
		return
	}
	offered := map[string]bool{}
	encrypted := map[settings.Protocol]bool{}
	paths := map[string]string{}
	for _, svc := range s.Services() {
		host, port, path, overTLS := where(t, svc)
		encrypted[svc.Protocol] = encrypted[svc.Protocol] || overTLS || svc.Security == settings.STARTTLS
		label := names()[svc.Protocol][0]
		if !overTLS || label == "" {
			continue
		}
		offered[label] = true
		if first, ok := paths[label]; svc.Protocol != settings.JMAP && ok && first != path {
			continue // another path cannot be said
		} else if !ok {
			paths[label] = path
		}
		if !slices.ContainsFunc(srv[label], func(r Record) bool { return r.Value == host+"." && r.Port == port }) {
			t.Errorf("%s does not lead to %s:%d: %v", label, host, port, srv[label])
		}
	}
	for _, svc := range s.Services() {
		if _, _, _, overTLS := where(t, svc); !overTLS && (svc.Security == settings.STARTTLS || !encrypted[svc.Protocol]) {
			offered[names()[svc.Protocol][1]] = true
		}
	}
	highest := -1
	for protocol, both := range names() {
		for _, label := range both {
			if label == "" {
				continue
			}
			records := srv[label]
			if len(records) == 0 {
				t.Errorf("%s has no record", label)
				continue
			}
			if (records[0].Value == ".") == offered[label] {
				t.Errorf("%s: %v, although offered is %v", label, records, offered[label])
			}
			if !slices.IsSortedFunc(records, func(a, b Record) int { return int(a.Priority) - int(b.Priority) }) {
				t.Errorf("%s does not follow the preference: %v", label, records)
			}
			if last := records[len(records)-1]; protocol == settings.IMAP && last.Value != "." {
				highest = max(highest, int(last.Priority))
			}
			wantPath := ""
			if path := paths[label]; path != "" && protocol != settings.JMAP {
				wantPath = "path=" + path
			}
			if strings.HasSuffix(label, "davs._tcp") && text[label] != wantPath {
				t.Errorf("%s: TXT %q, want %q", label, text[label], wantPath)
			}
		}
	}
	for _, label := range names()[settings.POP3] {
		for _, r := range srv[label] {
			if r.Value != "." && int(r.Priority) <= highest {
				t.Errorf("%s is preferred to IMAP: %d, and IMAP has %d", label, r.Priority, highest)
			}
		}
	}
}

var serviceURL = regexp.MustCompile(`^(https?)://([^/:]+)(?::(\d+))?(/.*)?$`)

// where returns the name of a service in DNS, without the code under test.
func where(t *testing.T, s settings.Service) (host string, port uint16, path string, overTLS bool) {
	t.Helper()
	if s.URL == "" {
		return s.Host, s.Port, "", s.Security == settings.TLS
	}
	m := serviceURL.FindStringSubmatch(s.URL)
	if m == nil {
		t.Fatalf("unexpected URL %s", s.URL)
	}
	port = map[string]uint16{"https": 443, "http": 80}[m[1]]
	if m[3] != "" {
		if _, err := fmt.Sscan(m[3], &port); err != nil {
			t.Fatal(err)
		}
	}
	return m[2], port, m[4], m[1] == "https"
}

// FuzzZone prints any text in a record, and reads it back.
func FuzzZone(f *testing.F) {
	for _, seed := range []string{"v=UAAC1; a=sha256; d=x", `"`, `\`, "path=/;$INCLUDE/x", `\034`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" || len(text) > maxString || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			return // no text of a record
		}
		s := Set{Domain: "example.com", Records: []Record{{Name: "a.example.com.", Type: TXT, Value: text}}}
		printed, err := s.Print("zone")
		if err != nil {
			t.Fatal(err)
		}
		compare(t, "zone", sorted(readZone(t, s, printed)), sorted(s.Records))
	})
}
