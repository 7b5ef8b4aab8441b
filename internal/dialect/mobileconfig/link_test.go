package mobileconfig

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// links accepts one token.
type links struct{}

func (links) Profile(token string) (settings.Query, error) {
	if token != "good" {
		return settings.Query{}, settings.Errorf(settings.NotOffered, "the link has expired")
	}
	return settings.Query{Domain: "example.com", Address: address.Address{Local: "anna", Domain: "example.com"}}, nil
}

// TestLink follows a link as the phone does that has read a code. What is wrong
// with it is said in the language of the phone.
func TestLink(t *testing.T) {
	endpoints := New(house{}, envelope{}, links{}, nil).Endpoints
	follow := func(token string) (string, error) {
		r := httptest.NewRequest(http.MethodGet, "/p/"+token, nil)
		r.SetPathValue("token", token)
		r.Header.Set("Accept-Language", "de-CH,de;q=0.9,en;q=0.8")
		resp, err := endpoints[len(endpoints)-1].Serve(r)
		return string(resp.Body), err
	}
	if profile, err := follow("good"); err != nil || !strings.Contains(profile, "anna@example.com") {
		t.Errorf("got %v, %s", err, profile)
	}
	_, err := follow("old")
	var e *settings.Error
	if !errors.As(err, &e) || e.Kind != settings.NotOffered || !strings.HasPrefix(e.Message, "Dieser Link ist abgelaufen") {
		t.Errorf("got %v", err)
	}
}
