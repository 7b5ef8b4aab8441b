package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/waymark-mail/waymark/internal/dnslookup"
)

var update = flag.Bool("update", false, "write the golden report instead of comparing it")

// shownWorld has the faults of the report in the guide.
func shownWorld(t *testing.T) *world {
	w := newWorld(t)
	w.rewrite(paccURL, func(s string) string { return s + "\n" })
	w.mail["imap.example.com:143"].before = "IMAP4rev1 LOGINDISABLED"
	w.mail["smtp.example.com:465"].cert = certificate("mail.example.net")
	w.dns.Remove("_autodiscover._tcp.example.com")
	w.respond("https://autodiscover.example.com", 200, "text/html", page)
	w.dns.Add(t, `example.com. IN TXT "v=spf1 -all"`)
	w.dns.Remove("example.com", "CAA")
	return w
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open("../../api/doctor.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("doctor.schema.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("doctor.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// TestReport compares the report of several faults with the golden one, which the
// guide shows, and its JSON with the published schema.
func TestReport(t *testing.T) {
	report := shownWorld(t).examine()
	var text bytes.Buffer
	if err := report.WriteText(&text, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	const path = "testdata/report.txt"
	if *update {
		if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text.String() != string(want) {
		t.Errorf("%s differs; -update writes it again. Got:\n%s", path, &text)
	}
	guide, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(guide), "```\n"+string(want)+"```\n") {
		t.Errorf("docs/doctor.md does not show %s", path)
	}
	for _, r := range []Report{report, Examine(t.Context(), Options{Domain: "example.org", Resolver: newWorld(t).options.Resolver, Now: time.Now()})} {
		encoded, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema(t).Validate(value); err != nil {
			t.Errorf("%v\n%s", err, encoded)
		}
	}
}

// TestKinds compares the ids with the guide and with the planted faults: each is
// documented and planted.
func TestKinds(t *testing.T) {
	guide, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\| (error|warning|info) \\| (.+) \\|$").FindAllStringSubmatch(string(guide), -1)
	var documented, known []string
	for _, r := range rows {
		documented = append(documented, r[1]+" "+r[2]+" "+r[3])
	}
	ids := map[string]bool{}
	for _, k := range Kinds() {
		if ids[k.ID] {
			t.Errorf("%s is listed twice", k.ID)
		}
		ids[k.ID] = true
		known = append(known, k.ID+" "+string(k.Severity)+" "+k.Meaning)
	}
	for i, row := range known {
		if i >= len(documented) || documented[i] != row {
			t.Fatalf("docs/doctor.md lacks %q, or has it elsewhere", row)
		}
	}
	if len(documented) > len(known) {
		t.Errorf("docs/doctor.md also has %q", documented[len(known):])
	}
	planted := map[string]bool{}
	for _, p := range allPlanted() {
		for _, found := range append(p.also, p.id) {
			id, _, _ := strings.Cut(found, ":")
			planted[id] = true
			if !ids[id] {
				t.Errorf("%s is not among Kinds", id)
			}
		}
	}
	for id := range ids {
		if !planted[id] {
			t.Errorf("no test plants %s", id)
		}
	}
	// Every id in the code is known, and every known one is in the code.
	variant := regexp.MustCompile(`^(autoconfig|autodiscover|pacc|profile|dav)(-[a-z-]+)$`)
	var code strings.Builder
	for _, file := range sources(t) {
		code.WriteString(file)
	}
	for id := range ids {
		if strings.HasPrefix(id, "conformance-") {
			continue // one for each check
		}
		end := id
		if m := variant.FindStringSubmatch(id); m != nil && !strings.Contains(code.String(), `"`+id+`"`) {
			end = m[2]
		}
		if !strings.Contains(code.String(), `"`+end+`"`) {
			t.Errorf("%s is not in the code", id)
		}
	}
}

func sources(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && name != "catalogue.go" {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(text))
		}
	}
	return all
}

// TestTextIsEscaped: a server cannot add lines to the report.
func TestTextIsEscaped(t *testing.T) {
	r := Report{Domain: "example.com", Findings: []Finding{{ID: "a-b", Severity: Error, Where: "x\nFix first: y", Seen: "\x1b[2J", Breaks: []string{"c\r"}, Fix: "f\n"}},
		Verdicts: []Verdict{{Client: "c", Verdict: Broken, Steps: []Step{{"a\n", "g\x1b"}}}}}
	var text bytes.Buffer
	if err := r.WriteText(&text, TextOptions{Steps: true}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text.String(), "\x1b\r") || strings.Count(text.String(), "\n") != 10 {
		t.Errorf("%q", &text)
	}
}

func TestColour(t *testing.T) {
	r := Report{Domain: "example.com", Verdicts: []Verdict{{Client: "c", Verdict: Works}}}
	for colour, want := range map[bool]bool{true: true, false: false} {
		var text bytes.Buffer
		if err := r.WriteText(&text, TextOptions{Colour: colour}); err != nil || strings.Contains(text.String(), "\x1b[32mworks") != want {
			t.Errorf("%v: %q, %v", colour, &text, err)
		}
	}
}

// TestSteps: each client asks in its own order.
func TestSteps(t *testing.T) {
	w := newWorld(t)
	w.respond("https://autodiscover.example.com", 404, "text/plain", "no")
	w.dns.Remove("_autodiscover._tcp.example.com")
	w.options.Clients = []string{"Outlook"}
	report := w.examine()
	if len(report.Verdicts) != 1 {
		t.Fatalf("%+v", report.Verdicts)
	}
	var asked []string
	for _, s := range report.Verdicts[0].Steps {
		asked = append(asked, s.Asked)
	}
	want := []string{
		"GET https://outlook.office365.com/autodiscover/autodiscover.json/v1.0/anna@example.com?Protocol=AutodiscoverV1",
		"GET https://autodiscover.example.com/autodiscover/autodiscover.json?Email=anna%40example.com&Protocol=Autodiscoverv1&RedirectCount=1",
		"POST https://example.com/autodiscover/autodiscover.xml",
		"POST https://autodiscover.example.com/Autodiscover/Autodiscover.xml",
		"GET http://autodiscover.example.com/autodiscover/autodiscover.xml",
		"SRV _autodiscover._tcp.example.com",
	}
	if !slices.Equal(asked, want) {
		t.Errorf("%s", strings.Join(asked, "\n"))
	}
}

// TestNoAddressToVendors checks that the doctor sends no address to the vendor of a client.
func TestNoAddressToVendors(t *testing.T) {
	w := newWorld(t)
	w.dns.Add(t, "outlook.office365.com. IN A 192.0.2.99")
	var hits atomic.Int64
	listener := listen(t, func(net.Conn) { hits.Add(1) })
	w.options.ConnectTo["outlook.office365.com:443"] = []netip.AddrPort{listener}
	w.examine()
	if hits.Load() > 0 {
		t.Error("the vendor was asked")
	}
}

func listen(t *testing.T, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn)
			_ = conn.Close()
		}
	}()
	return netip.MustParseAddrPort(l.Addr().String())
}

// TestPrivateAddressesAndPorts: names of a stranger lead to no internal server.
func TestPrivateAddressesAndPorts(t *testing.T) {
	w := newWorld(t)
	for _, record := range []string{"loop A 127.0.0.1", "metadata A 169.254.169.254", "lan A 10.0.0.1", "lan6 AAAA fd00::1", "mapped AAAA ::ffff:127.0.0.1", "both A 9.9.9.9", "both A 127.0.0.1"} {
		name, rest, _ := strings.Cut(record, " ")
		w.dns.Add(t, name+".example.com. IN "+rest)
	}
	for _, tc := range []struct {
		host string
		port uint16
		want string
	}{
		{"loop.example.com", 443, "private-address"}, {"metadata.example.com", 80, "private-address"}, {"lan.example.com", 993, "private-address"},
		{"lan6.example.com", 993, "private-address"}, {"mapped.example.com", 993, "private-address"}, {"both.example.com", 993, "private-address"},
		{"127.0.0.1", 80, "private-address"}, {"::1", 80, "private-address"}, {"9.9.9.9", 22, "port-not-checked"}, {"9.9.9.9", 9090, "port-not-checked"},
		{"9.9.9.9", 443, ""},
	} {
		n := &network{resolver: w.options.Resolver}
		_, f := n.resolve(t.Context(), tc.host, tc.port)
		if got := idOf(f); got != tc.want {
			t.Errorf("%s:%d: %q, want %q", tc.host, tc.port, got, tc.want)
		}
		n.allowPrivate = true
		if _, f := n.resolve(t.Context(), tc.host, tc.port); idOf(f) == "private-address" {
			t.Errorf("%s:%d is not allowed", tc.host, tc.port)
		}
	}
}

func idOf(f *fault) string {
	if f == nil {
		return ""
	}
	return f.id
}

// TestResolvedOnce: a name that changes its address cannot lead elsewhere after
// the check.
func TestResolvedOnce(t *testing.T) {
	w := newWorld(t)
	w.dns.Add(t, "rebind.example.com. IN A 9.9.9.9")
	n := &network{resolver: w.options.Resolver}
	for range 2 {
		all, f := n.resolve(t.Context(), "rebind.example.com", 443)
		if f != nil || len(all) != 1 || all[0].String() != "9.9.9.9:443" {
			t.Errorf("%v, %v", all, f)
		}
		w.dns.Remove("rebind.example.com")
		w.dns.Add(t, "rebind.example.com. IN A 127.0.0.1")
	}
}

// TestTotalTime: servers that never answer do not hold the doctor.
func TestTotalTime(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	resolver, err := dnslookup.New(netip.MustParseAddrPort(silent.LocalAddr().String()))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	report := Examine(context.Background(), Options{Domain: "example.com", Resolver: resolver, Timeout: 100 * time.Millisecond, Now: time.Now()})
	if took := time.Since(began); took > 30*time.Second || report.Healthy() || report.Findings[0].ID != "dns-failure" {
		t.Errorf("took %v: %+v", took, report.Findings)
	}
	w := newWorld(t)
	w.options.Timeout = 700 * time.Millisecond
	for _, host := range webHosts() {
		w.answers["https://"+host] = w.hang
	}
	began = time.Now()
	report = w.examine()
	if took := time.Since(began); took > 30*time.Second || !slices.ContainsFunc(report.Findings, func(f Finding) bool { return f.ID == "incomplete" }) {
		t.Errorf("took %v: %+v", took, report.Findings)
	}
}

// TestEndlessServers: what a server sends is read up to a limit.
func TestEndlessServers(t *testing.T) {
	for name, text := range map[string]string{"one line": strings.Repeat("x", 1<<16), "lines": strings.Repeat("220-x\r\n", 1<<12)} {
		w := newWorld(t)
		w.options.Clients = []string{"PACC"}
		w.mail["smtp.example.com:465"].greeting = text
		report := w.examine()
		if len(report.Findings) != 1 || report.Findings[0].ID != "wrong-protocol" {
			t.Errorf("%s: %+v", name, report.Findings)
		}
	}
}
