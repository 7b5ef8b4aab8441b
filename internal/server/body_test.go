package server

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/dialect"
)

// TestUnfinishedBodiesAreNotWork has one request at once allowed, many requests
// whose bodies have not arrived, and one that is complete.
func TestUnfinishedBodiesAreNotWork(t *testing.T) {
	l := newLab(Options{RequestsAtOnce: 1})
	const slow = 20
	answers := make(chan int)
	var rest []*io.PipeWriter
	for range slow {
		body, end := io.Pipe()
		rest = append(rest, end)
		go func() { answers <- l.do(httptest.NewRequest(http.MethodPost, "/both", body)).Code }()
		if _, err := io.WriteString(end, "half"); err != nil { // it is being read
			t.Fatal(err)
		}
	}
	if got := l.do(httptest.NewRequest(http.MethodPost, "/both", strings.NewReader("whole"))); got.Code != 200 || got.Body.String() != "whole\n" {
		t.Errorf("the complete one got %d %s", got.Code, got.Body)
	}
	for _, end := range rest { // one after the other
		if err := end.Close(); err != nil {
			t.Fatal(err)
		}
		if status := <-answers; status != 200 {
			t.Errorf("an unfinished one got %d in the end", status)
		}
	}
}

// TestBodiesAtOnce has one client hold as much memory for bodies as it gets, by
// requests that are being served, and another client send one.
func TestBodiesAtOnce(t *testing.T) {
	inside, release := make(chan struct{}), make(chan struct{})
	hold := dialect.Dialect{Name: "hold", Endpoints: []dialect.Endpoint{{Path: "/hold", Methods: []string{"POST"}, Serve: func(r *http.Request) (dialect.Response, error) {
		inside <- struct{}{}
		<-release
		n, err := io.Copy(io.Discard, r.Body)
		return dialect.PlainText(http.StatusOK, fmt.Sprint(n)), err
	}}}}
	l := newLab(Options{Dialects: []dialect.Dialect{hold}})
	send := func(path, from string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(strings.Repeat("x", maxBody)))
		r.RemoteAddr = from + ":1"
		return l.do(r)
	}
	answers := make(chan *httptest.ResponseRecorder)
	const fit = maxBodies / 2 / (maxBody + 1)
	for range fit {
		go func() { answers <- send("/hold", "192.0.2.1") }()
		<-inside
	}
	if got := send("/both", "192.0.2.1"); got.Code != 503 || got.Header().Get("Retry-After") != "1" {
		t.Errorf("one more of the same client: %d %v", got.Code, got.Header())
	}
	if got := send("/both", "192.0.2.2"); got.Code != 200 {
		t.Errorf("another client: %d", got.Code)
	}
	close(release)
	for range fit {
		if got := <-answers; got.Code != 200 || got.Body.String() != fmt.Sprint(maxBody)+"\n" {
			t.Errorf("one of %d got %d %s", fit, got.Code, got.Body)
		}
	}
	if got := send("/both", "192.0.2.1"); got.Code != 200 {
		t.Errorf("afterwards: %d", got.Code)
	}
}
