//go:build unix

package ldapsource

import (
	"errors"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// TestLoginsAlone has a source without a search for domains.
func TestLoginsAlone(t *testing.T) {
	o := iredmail("ldap://" + newSlapd(t, "").plain)
	o.Domain = source.Search{BaseDN: iredmailBase}
	s := open(t, o)
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Domain(t.Context(), "customer.example"); !errors.Is(err, source.ErrNotFound) {
		t.Error(err)
	}
	if got, err := s.Mailbox(t.Context(), address.Address{Local: "anna", Domain: "customer.example"}); err != nil {
		t.Errorf("%+v, %v", got, err)
	}
}
