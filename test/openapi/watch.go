package openapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Watch returns a handler that answers as h does, and fails the test when the
// document does not have the answer, or the request that got it.
func (c *Contract) Watch(t testing.TB, side Side, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		r.Body = io.NopCloser(bytes.NewReader(body))
		c.report(t, side, r, Answer{rec.Code, rec.Header(), rec.Body.Bytes()})
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		if rec.Body.Len() > 0 {
			_, _ = w.Write(rec.Body.Bytes()) // the client may have hung up
		}
	})
}

func (c *Contract) report(t testing.TB, side Side, r *http.Request, a Answer) {
	if err := c.Check(side, r, a); err != nil {
		t.Errorf("%s %.200q: %d: %v\n%.500s", r.Method, r.URL, a.Status, err, strings.ToValidUTF8(string(a.Body), "?"))
	}
}

// Client returns a client that does the same from the other end of the network.
// sides says which addresses, such as "127.0.0.1:8080", are which listener; what
// is asked elsewhere, such as of a proxy, passes.
func (c *Contract) Client(t testing.TB, sides map[string]Side, over http.RoundTripper) *http.Client {
	return &http.Client{Transport: &watching{c, t, sides, over}}
}

type watching struct {
	contract *Contract
	t        testing.TB
	sides    map[string]Side
	over     http.RoundTripper
}

func (w *watching) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := w.over.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(got))
	if side, ok := w.sides[r.URL.Host]; ok {
		asked := r.Clone(r.Context())
		asked.Body = io.NopCloser(bytes.NewReader(sent))
		w.contract.report(w.t, side, asked, Answer{resp.StatusCode, resp.Header, got})
	}
	return resp, nil
}
