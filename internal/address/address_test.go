package address

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "anna@example.com", "anna@example.com"},
		{"domain in upper case", "Anna@EXAMPLE.Com", "Anna@example.com"},
		{"trailing dot", "anna@example.com.", "anna@example.com"},
		{"white space around it", " \tanna@example.com\n", "anna@example.com"},
		{"sub-address", "anna+news@example.com", "anna+news@example.com"},
		{"U-label", "anna@bücher.example", "anna@xn--bcher-kva.example"},
		{"A-label in upper case", "anna@XN--BCHER-KVA.example", "anna@xn--bcher-kva.example"},
		{"ideographic full stop", "anna@例え。テスト", "anna@xn--r8jz45g.xn--zckzah"},
		{"sharp s is not ss (non-transitional)", "a@faß.example", "a@xn--fa-hia.example"},
		{"dots of a Japanese carrier", "a..b.@example.com", "a..b.@example.com"},
		{"international local part", "用户@example.com", "用户@example.com"},
		{"every atom character", "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"},
		{"longest local part", strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com"},
		{"one label", "root@localhost", "root@localhost"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Parse(tc.in)
			if err != nil || got.String() != tc.want {
				t.Fatalf("Parse(%q) = %q, %v; want %q", tc.in, got, err, tc.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", "", "the address is empty"},
		{"no at sign", "anna", "the address has no @"},
		{"two at signs", "a@b@c.example", "the address has more than one @"},
		{"no local part", "@example.com", "the part before the @ is empty"},
		{"10 kB local part", strings.Repeat("a", 10_000) + "@example.com", "the part before the @ is longer than 64 octets"},
		{"invalid UTF-8", "\xff@example.com", "the part before the @ is not valid UTF-8"},
		{"control character", "a\x00b@example.com", "the part before the @ contains a character that is not allowed there"},
		{"line break", "a\r\nb@example.com", "the part before the @ contains a character that is not allowed there"},
		{"space", "a b@example.com", "the part before the @ contains a character that is not allowed there"},
		{"quotes", `"a"@example.com`, "the part before the @ contains a character that is not allowed there"},
		{"angle brackets", "<anna@example.com", "the part before the @ contains a character that is not allowed there"},
		{"zero-width joiner", "a\u200db@example.com", "the part before the @ contains a character that is not allowed there"},
		{"right-to-left override", "a\u202eb@example.com", "the part before the @ contains a character that is not allowed there"},
		{"no domain", "anna@", "the domain is empty"},
		{"address literal", "anna@[192.0.2.1]", "the domain is not a valid name"},
		{"IPv4 address", "anna@192.0.2.1", "the domain is an IP address or ends in a number"},
		{"port", "anna@example.com:25", "the domain is not a valid name"},
		{"underscore", "anna@a_b.example", "the domain is not a valid name"},
		{"empty label", "anna@example..com", "the domain has an empty label: two dots in a row or a leading dot"},
		{"hyphen in front", "anna@-a.example", "a label of the domain begins or ends with a hyphen"},
		{"broken A-label", "anna@xn--\u00fc.example", "the domain is not a valid name"},
		{"long label", "anna@" + strings.Repeat("a", 64) + ".example", "a label of the domain is longer than 63 octets"},
		{"long domain", "anna@" + strings.Repeat("a.", 127) + "example", "the domain is longer than 253 octets"},
		{"domain not UTF-8", "anna@ex\xffample.com", "the domain is not valid UTF-8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Parse(tc.in)
			if err == nil || err.Error() != tc.want {
				t.Fatalf("Parse(%q) = %q, %v; want error %q", tc.in, got, err, tc.want)
			}
		})
	}
}

func TestWithoutTag(t *testing.T) {
	for _, tc := range []struct{ in, separator, want string }{
		{"anna+news@example.com", "+", "anna@example.com"},
		{"anna+news+more@example.com", "+", "anna@example.com"},
		{"anna+news@example.com", "", "anna+news@example.com"},
		{"anna-news@example.com", "-", "anna@example.com"},
		{"+news@example.com", "+", "+news@example.com"},
		{"anna@example.com", "+", "anna@example.com"},
	} {
		a, err := Parse(tc.in)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.WithoutTag(tc.separator).String(); got != tc.want {
			t.Errorf("%s without %q = %q, want %q", tc.in, tc.separator, got, tc.want)
		}
	}
}

func TestParent(t *testing.T) {
	d, ok := Domain("mx.example.com").Parent()
	if d != "example.com" || !ok {
		t.Errorf("Parent = %q, %v", d, ok)
	}
	if d, ok := Domain("com").Parent(); ok {
		t.Errorf("a single label has the parent %q", d)
	}
}

func TestUnicode(t *testing.T) {
	if got := (Address{Local: "anna", Domain: "xn--bcher-kva.example"}).Unicode(); got != "anna@bücher.example" {
		t.Errorf("Unicode of an address = %q", got)
	}
	if got := (Address{}).Unicode(); got != "" {
		t.Errorf("Unicode of no address = %q", got)
	}
	if got := Domain("xn--bcher-kva.example").Unicode(); got != "bücher.example" {
		t.Errorf("Unicode = %q", got)
	}
}

// FuzzParse pins that an accepted address is canonical: parsing it again changes
// nothing, and it contains nothing that could break out of a header, a log line or
// a document.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"anna@example.com", "A@B。example", "a@xn--bcher-kva.example", "a\r\n@b", "a@b@c", "ü@ß.example", "x@1.2.3.4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			if a != (Address{}) {
				t.Fatalf("Parse(%q) returned %v with an error", s, a)
			}
			return
		}
		again, err := Parse(a.String())
		if err != nil || again != a {
			t.Fatalf("Parse(%q) = %q, read again: %q, %v", s, a, again, err)
		}
		if strings.ContainsAny(a.String(), "\r\n\x00<>\" ") || len(a.Domain) > maxDomain || len(a.Local) > maxLocal {
			t.Fatalf("Parse(%q) = %q", s, a)
		}
		if strings.ToLower(string(a.Domain)) != string(a.Domain) {
			t.Fatalf("domain %q is not in lower case", a.Domain)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("anna@example.com"); err != nil {
			b.Fatal(err)
		}
	}
}
