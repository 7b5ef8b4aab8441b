package davx5_test

import (
	"net/http"
	"testing"

	"github.com/waymark-mail/waymark/internal/clients/davx5"
)

func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		name     string
		status   int
		location string
		want     string
	}{
		{"no redirect", http.StatusOK, "", "rejects the document: status 200 is not a redirect"},
		{"not found", http.StatusNotFound, "", "rejects the document: status 404 is not a redirect"},
		{"no target", http.StatusMovedPermanently, "", "rejects the document: the redirect has no usable target"},
		{"a target with an unknown scheme", http.StatusMovedPermanently, "caldav://dav.example.com/", "rejects the document: the redirect has no usable target"},
		{"a loop", http.StatusMovedPermanently, "/.well-known/caldav", "rejects the document: the redirect leads to itself"},
	} {
		got, err := davx5.Read("https://example.com/.well-known/caldav", tc.status, tc.location, "anna@example.com")
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s: %+v, %v; want %q", tc.name, got, err, tc.want)
		}
	}
}
