package source

import (
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
)

func TestMatches(t *testing.T) {
	asked := address.Address{Local: "änna", Domain: "xn--bcher-kva.example"}
	for _, tc := range []struct {
		column, value string
		want          bool
	}{
		{"domain", "xn--bcher-kva.example", true},
		{"domain", "bücher.example", true},
		{"Domain", " BÜCHER.Example. ", true},
		{"domain", "", true},
		{"domain", "bucher.example", false},
		{"domain", "example", false},
		{"domain", "not a domain", false},
		{"address", "änna@xn--bcher-kva.example", true},
		{"ADDRESS", "Änna@bücher.example", true},
		{"address", "anna@bücher.example", false},
		{"address", "änna@bucher.example", false},
		{"address", "bücher.example", false},
		{"address", "", true},
	} {
		if got := Matches(tc.column, tc.value, asked); got != tc.want {
			t.Errorf("%s %q: %t", tc.column, tc.value, got)
		}
	}
	if Matches("address", "\u212anut@example.com", address.Address{Local: "knut", Domain: "example.com"}) {
		t.Error("the Kelvin sign passes as k")
	}
	for column, want := range map[string]bool{"domain": true, "Address": true, "canonical_domain": false, "login": false} {
		if Identifies(column) != want {
			t.Errorf("%s identifies a row: %t", column, !want)
		}
	}
}
