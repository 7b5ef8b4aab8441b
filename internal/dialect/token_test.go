package dialect

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

const testToken = "2kZs0eR9nN4aX7fQv1uJb8tWmC5yHdLg"

func TestHasToken(t *testing.T) {
	for _, tc := range []struct {
		name   string
		header []string
		want   bool
	}{
		{"as it should be", []string{"Bearer " + testToken}, true},
		{"the scheme in any case", []string{"bearer " + testToken}, true},
		{"more than one space", []string{"Bearer   " + testToken}, true},
		{"nothing", nil, false},
		{"empty", []string{""}, false},
		{"the scheme alone", []string{"Bearer"}, false},
		{"the scheme and a space", []string{"Bearer "}, false},
		{"the token alone", []string{testToken}, false},
		{"another scheme", []string{"Basic " + testToken}, false},
		{"the beginning of it", []string{"Bearer " + testToken[:31]}, false},
		{"more than it", []string{"Bearer " + testToken + "g"}, false},
		{"in another case", []string{"Bearer 2KZS0ER9NN4AX7FQV1UJB8TWMC5YHDLG"}, false},
		{"twice: the first counts", []string{"Bearer x", "Bearer " + testToken}, false},
		{"two in one", []string{"Bearer x, Bearer " + testToken}, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = tc.header
		if got := hasToken(r, testToken); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

func TestRequireToken(t *testing.T) {
	asked := 0
	p := Dialect{Name: "toy", Endpoints: []Endpoint{
		{Path: "/a", Methods: []string{"GET"}, Strict: true, Serve: func(*http.Request) (Response, error) { asked++; return PlainText(200, "a"), nil }},
		{Path: "/b", Serve: func(*http.Request) (Response, error) { asked++; return PlainText(200, "b"), nil }},
	}}
	of := func(p Dialect, i int, authorization string) Response {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", authorization)
		resp, err := p.Endpoints[i].Serve(r)
		if err != nil {
			return p.Failure(r, err)
		}
		return resp
	}
	if got := of(RequireToken(p, ""), 1, ""); string(got.Body) != "b\n" {
		t.Errorf("without a token to send: %d %s", got.Status, got.Body)
	}
	held := RequireToken(p, testToken)
	if e := held.Endpoints[0]; e.Path != "/a" || !e.Strict || len(e.Methods) != 1 {
		t.Errorf("the endpoint became %+v", e)
	}
	if got := of(held, 0, "Bearer "+testToken); string(got.Body) != "a\n" {
		t.Errorf("with the token: %d %s", got.Status, got.Body)
	}
	asked = 0
	const why = "API token required: send it as Authorization: Bearer TOKEN"
	if got := of(held, 0, "Bearer nothing"); got.Status != 403 || string(got.Body) != why+"\n" || got.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("in plain text: %d %s %v", got.Status, got.Body, got.Header)
	}
	p.Fail = ProblemFailure
	if got := of(RequireToken(p, testToken), 1, ""); got.Status != 403 || string(got.Body) != `{"title":"Forbidden","status":403,"detail":"`+why+`"}`+"\n" {
		t.Errorf("as a problem: %d %s", got.Status, got.Body)
	}
	if asked != 0 {
		t.Error("the endpoint was asked")
	}
	if got := of(p, 0, ""); got.Status != 200 {
		t.Error("the protocol that was given is another now")
	}
}

func TestProblem(t *testing.T) {
	got := Problem(http.StatusNotFound, `no "such" <thing>`)
	const want = `{"title":"Not Found","status":404,"detail":"no \"such\" \u003cthing\u003e"}` + "\n"
	if got.Status != 404 || got.ContentType != "application/problem+json" || string(got.Body) != want {
		t.Errorf("%d %s %s", got.Status, got.ContentType, got.Body)
	}
}
