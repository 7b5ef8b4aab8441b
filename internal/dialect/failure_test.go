package dialect

import (
	"errors"
	"fmt"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

// What went wrong inside is for the log, whatever the kind of the error.
func TestPublicMessageKeepsTheCauseBack(t *testing.T) {
	secret := errors.New("dial tcp 10.0.0.7:5432: password of anna refused")
	for kind := settings.Internal; kind <= settings.Unavailable; kind++ {
		for _, err := range []error{
			&settings.Error{Kind: kind, Message: "public", Cause: secret},
			fmt.Errorf("%w while asking: %w", secret, &settings.Error{Kind: kind, Message: "public"}),
			errors.Join(secret, &settings.Error{Kind: kind, Message: "public", Cause: secret}),
		} {
			want := "public"
			if kind == settings.Internal {
				want = "something went wrong on this server"
			}
			if got := PublicMessage(err); got != want {
				t.Errorf("kind %d: %q, want %q", kind, got, want)
			}
			if body := string(PlainFailure(err).Body); body != want+"\n" {
				t.Errorf("kind %d: body %q, want %q", kind, body, want)
			}
		}
	}
}

func TestKindsThatNobodySortedAreOurs(t *testing.T) {
	want := Failure{Status: 500, Outcome: "error", Ours: true}
	if got := FailureOf(&settings.Error{Kind: settings.Unavailable + 1, Message: "new"}); got != want {
		t.Errorf("FailureOf = %+v, want %+v", got, want)
	}
}

func TestPlainText(t *testing.T) {
	got := PlainText(405, "only GET is answered here")
	if got.Status != 405 || got.ContentType != "text/plain; charset=utf-8" || string(got.Body) != "only GET is answered here\n" ||
		got.Header != nil || got.ETag != "" || got.Domain != "" {
		t.Errorf("%+v", got)
	}
}

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
		{"forbidden", settings.Errorf(settings.Forbidden, "no"), Failure{Status: 403, Outcome: "forbidden"}, "no"},
		{"no such path", settings.Errorf(settings.NotFound, "nothing"), Failure{Status: 404, Outcome: "not_found"}, "nothing"},
		{"method", settings.Errorf(settings.MethodNotAllowed, "GET only"), Failure{Status: 405, Outcome: "method_not_allowed"}, "GET only"},
		{"rate limited", settings.Errorf(settings.RateLimited, "wait"), Failure{Status: 429, Outcome: "rate_limited", RetryAfter: "60"}, "wait"},
		{"overloaded", settings.Errorf(settings.Overloaded, "wait"), Failure{Status: 503, Outcome: "overloaded", RetryAfter: "1"}, "wait"},
		{"too large", settings.Errorf(settings.TooLarge, "too much"), Failure{Status: 413, Outcome: "too_large"}, "too much"},
		{"unavailable", &settings.Error{Kind: settings.Unavailable, Message: "try again later", Cause: secret}, Failure{Status: 503, Outcome: "unavailable", RetryAfter: "5", Ours: true}, "try again later"},
		{"the zone of a domain fails", &settings.Error{Kind: settings.LookupFailed, Message: "try again later", Cause: secret}, Failure{Status: 503, Outcome: "lookup_failed", RetryAfter: "10"}, "try again later"},
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
