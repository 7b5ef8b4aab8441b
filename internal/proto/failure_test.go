package proto

import (
	"errors"
	"fmt"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

func TestFailureOf(t *testing.T) {
	secret := errors.New("dial tcp 10.0.0.7:5432: connection refused")
	for _, tc := range []struct {
		name   string
		err    error
		want   Failure
		public string
	}{
		{"bad request", settings.Errorf(settings.BadRequest, "the address has no @"), Failure{Status: 400, Outcome: "bad_request"}, "the address has no @"},
		{"unknown domain", settings.ErrUnknownDomain, Failure{Status: 404, Outcome: "unknown_domain"}, "this server does not answer for that domain"},
		{"not offered", settings.Errorf(settings.NotOffered, "no mail here"), Failure{Status: 404, Outcome: "not_offered"}, "no mail here"},
		{"too large", settings.Errorf(settings.TooLarge, "too much"), Failure{Status: 413, Outcome: "too_large"}, "too much"},
		{"unavailable", &settings.Error{Kind: settings.Unavailable, Message: "try again later", Cause: secret}, Failure{Status: 503, Outcome: "unavailable", Ours: true}, "try again later"},
		{"wrapped", fmt.Errorf("x: %w", settings.ErrUnknownDomain), Failure{Status: 404, Outcome: "unknown_domain"}, "this server does not answer for that domain"},
		{"internal", &settings.Error{Kind: settings.Internal, Message: "nil provider", Cause: secret}, Failure{Status: 500, Outcome: "error", Ours: true}, "something went wrong on this server"},
		{"nobody sorted it", secret, Failure{Status: 500, Outcome: "error", Ours: true}, "something went wrong on this server"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := FailureOf(tc.err); got != tc.want {
				t.Errorf("FailureOf = %+v, want %+v", got, tc.want)
			}
			if got := PublicMessage(tc.err); got != tc.public {
				t.Errorf("PublicMessage = %q, want %q", got, tc.public)
			}
			resp := PlainFailure(tc.err)
			if resp.Status != tc.want.Status || string(resp.Body) != tc.public+"\n" || resp.ContentType != "text/plain; charset=utf-8" {
				t.Errorf("PlainFailure = %d %s %q", resp.Status, resp.ContentType, resp.Body)
			}
		})
	}
}
