package settings

import (
	"errors"
	"fmt"
	"testing"
)

func TestKindOf(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		want Kind
	}{
		{"nobody sorted it", errors.New("disk full"), Internal},
		{"sorted", Errorf(BadRequest, "no"), BadRequest},
		{"wrapped", fmt.Errorf("autoconfig: %w", Errorf(NotOffered, "no")), NotOffered},
		{"joined", errors.Join(errors.New("x"), Errorf(Unavailable, "no")), Unavailable},
		{"the outer one counts", &Error{Kind: Unavailable, Message: "down", Cause: ErrUnknownDomain}, Unavailable},
		{"unknown domain", ErrUnknownDomain, UnknownDomain},
		{"none", nil, Internal},
	} {
		if got := KindOf(tc.err); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestErrorKeepsItsCause(t *testing.T) {
	cause := errors.New("connection refused")
	err := &Error{Kind: Unavailable, Message: "try again later", Cause: cause}
	if got, want := err.Error(), "try again later: connection refused"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause cannot be found")
	}
	if got, want := Errorf(BadRequest, "port %d", 0).Error(), "port 0"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}
