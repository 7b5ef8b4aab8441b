package ldapsource

import (
	"errors"
	"slices"
	"testing"

	"github.com/waymark-mail/waymark/internal/directory/source"
)

// TestListings pins which entries are listed for a filter, and which part of a value
// is the domain.
func TestListings(t *testing.T) {
	for filter, want := range map[string][]listing{
		"(dc={domain})": {{filter: "(dc=*)", attribute: "dc"}},
		"(&(a=b)(|(domainName={domain})(&(x=y)(domainAliasName={domain})))(!(mx=yes)))": {
			{filter: "(&(a=b)(|(domainName=*)(&(x=y)(!(objectClass=*))))(!(mx=yes)))", attribute: "domainName"},
			{filter: "(&(a=b)(|(!(objectClass=*))(&(x=y)(domainAliasName=*)))(!(mx=yes)))", attribute: "domainAliasName"},
		},
		"(ou:caseIgnoreMatch:={domain_unicode})": {{filter: "(ou=*)", attribute: "ou"}},
		"(&(a=b)(!(ou={domain})))":               nil,
		"(a=b)":                                  nil,
	} {
		got, err := (&search{filter: filter}).listings()
		if no := source.NoListError(""); (want == nil) != errors.As(err, &no) {
			t.Errorf("%s: %v", filter, err)
		}
		if !slices.EqualFunc(got, want, func(a, b listing) bool { return a.filter == b.filter && a.attribute == b.attribute }) {
			t.Errorf("%s: %v", filter, got)
		}
	}
	for _, tc := range []struct{ template, value, want string }{
		{"{domain}", "a.example", "a.example"},
		{"*@{domain}", "anna@a.example", "a.example"},
		{"SMTP:*@{domain}", "smtp:anna@a.example", "a.example"},
		{"SMTP:*@{domain}", "x400:anna@a.example", ""},
		{`\28{domain}\29`, "(a.example)", "a.example"},
		{"a.{domain}", "aXb.example", ""},
	} {
		got := ""
		if m := valuePattern(tc.template).FindStringSubmatch(tc.value); m != nil {
			got = m[1]
		}
		if got != tc.want {
			t.Errorf("%s of %s: %q", tc.template, tc.value, got)
		}
	}
	if _, err := (&search{filter: "(dc={domain})", ownBase: true}).listings(); err == nil {
		t.Error("a base with a placeholder is listed")
	}
}
