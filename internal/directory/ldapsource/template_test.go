package ldapsource

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/preset"
)

func TestFill(t *testing.T) {
	anna := address.Address{Local: "anna+{domain}*", Domain: "xn--bcher-kva.example"}
	for template, want := range map[string]string{
		"(d={domain})":                         "(d=xn--bcher-kva.example)",
		"(d={domain_unicode})":                 `(d=b\c3\bccher.example)`,
		"(mail={address})":                     `(mail=anna+{domain}\2a@xn--bcher-kva.example)`,
		"(|(uid={local})(mail={local}@*))":     `(|(uid=anna+{domain}\2a)(mail=anna+{domain}\2a@*))`,
		`(a=\7bdomain\7d{domain}\7bdomain\7d)`: `(a=\7bdomain\7dxn--bcher-kva.example\7bdomain\7d)`,
	} {
		if got := fill(template, anna, ldap.EscapeFilter); got != want {
			t.Errorf("%s: got %s, want %s", template, got, want)
		}
	}
	if got, want := fill("uid={local},ou={domain_unicode}", anna, ldap.EscapeDN), `uid=anna\+{domain}*,ou=bücher.example`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// clauses lists the clauses of a filter: the kind, then the texts in it.
func clauses(t *testing.T, filter string) []string {
	t.Helper()
	whole, err := ldap.CompileFilter(filter)
	if err != nil {
		t.Fatalf("%q does not compile: %v", filter, err)
	}
	var all []string
	for todo := append(whole.Children[:0:0], whole); len(todo) > 0; todo = todo[1:] {
		p := todo[0]
		all = append(all, fmt.Sprintf("%d/%d %s", p.Tag, len(p.Children), p.Data.String()))
		if len(p.Children) > 0 { // the data of the others is their own
			all[len(all)-1] = fmt.Sprintf("%d/%d", p.Tag, len(p.Children))
		}
		todo = append(todo, p.Children...)
	}
	return all
}

// FuzzFill pins that nothing can get out of the place of its placeholder: what
// is searched for has the clauses of the template and, in the place of the
// placeholder, exactly the text that was asked about.
func FuzzFill(f *testing.F) {
	domain, mailbox := preset.LDAP("o=domains,dc=example,dc=com")
	for _, filter := range []string{domain.Filter, mailbox.Filter, "(mail={local}*{domain})", "(!(a:dn:1.2.3:={address}))", `(a=\7b{domain_unicode}\7d)`, "(a>={local})", "((a~={local}))", "(&)", "(a=\xff{local})"} {
		for _, local := range []string{"anna", "*)(uid=*", `\2a`, "{domain}", "a\x00b", "ü", "#,+;<>= "} {
			f.Add(filter, "uid={local},ou={domain},dc=example,dc=com", local, "customer.example")
		}
	}
	f.Add("(uid={local})", `cn=a\,b+uid={local}`, " #", "ü.example")
	known := []string{"{address}", "{local}", "{domain}", "{domain_unicode}"}
	f.Fuzz(func(t *testing.T, filter, base, local, domain string) {
		who := address.Address{Local: local, Domain: address.Domain(domain)}
		if local == "" || domain == "" || strings.Contains(local+domain, sample) {
			return
		}
		verbatim := func(s string) string { return s }
		if checkFilter(filter, known) == nil {
			got := clauses(t, fill(filter, who, ldap.EscapeFilter))
			// Marks that a filter leaves as they are show what must be where.
			marked := strings.NewReplacer("{address}", "\uf8f0", "{local}", "\uf8f1", "{domain}", "\uf8f2", "{domain_unicode}", "\uf8f3")
			if strings.ContainsAny(filter+local+domain, "\uf8f0\uf8f1\uf8f2\uf8f3") {
				return
			}
			want := clauses(t, marked.Replace(filter))
			values := strings.NewReplacer("\uf8f0", who.String(), "\uf8f1", local, "\uf8f2", domain, "\uf8f3", who.Domain.Unicode())
			for i := range want {
				want[i] = values.Replace(want[i])
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Fatalf("%q with %q and %q became %q", filter, local, domain, got)
			}
		}
		if _, err := checkBase(base, known); err == nil && utf8.ValidString(local+domain) {
			got, err := ldap.ParseDN(fill(base, who, ldap.EscapeDN))
			if err != nil {
				t.Fatalf("%q with %q and %q: %v", base, local, domain, err)
			}
			shape, err := ldap.ParseDN(placeholder().ReplaceAllString(base, sample))
			if err != nil {
				t.Fatal(err)
			}
			if err := sameTypes(got, shape); err != nil {
				t.Fatalf("%q with %q and %q became %q: %v", base, local, domain, fill(base, who, verbatim), err)
			}
		}
	})
}

func sameTypes(got, want *ldap.DN) error {
	if len(got.RDNs) != len(want.RDNs) {
		return fmt.Errorf("%d names instead of %d", len(got.RDNs), len(want.RDNs))
	}
	for i, rdn := range want.RDNs {
		if len(got.RDNs[i].Attributes) != len(rdn.Attributes) {
			return fmt.Errorf("%d parts instead of %d", len(got.RDNs[i].Attributes), len(rdn.Attributes))
		}
		for j, a := range rdn.Attributes {
			mine := got.RDNs[i].Attributes[j]
			if mine.Type != a.Type || !strings.Contains(a.Value, sample) && mine.Value != a.Value {
				return fmt.Errorf("%s=%s instead of %s=%s", mine.Type, mine.Value, a.Type, a.Value)
			}
		}
	}
	return nil
}
