package server

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// TestTextIsCompressed pins what is compressed, for which clients.
func TestTextIsCompressed(t *testing.T) {
	long := []byte(strings.Repeat("<p>Set up your email</p>", 200))
	for _, tc := range []struct {
		name, contentType, accepts string
		body                       []byte
		want                       bool
	}{
		{"a page", "text/html; charset=utf-8", "gzip, deflate, br", long, true},
		{"a style", "text/css; charset=utf-8", "br;q=1.0, gzip;q=0.8", long, true},
		{"a client without gzip", "text/html; charset=utf-8", "", long, false},
		{"a client that refuses it", "text/html; charset=utf-8", "gzip;q=0, br", long, false},
		{"another coding with its name", "text/html; charset=utf-8", "x-gzip", long, false},
		{"a small page", "text/html; charset=utf-8", "gzip", []byte("<p>"), false},
		{"a picture", "image/png", "gzip", long, false},
		{"a document for mail clients", "text/xml; charset=utf-8", "gzip", long, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if tc.accepts != "" {
			r.Header.Set("Accept-Encoding", tc.accepts)
		}
		given := dialect.Response{Status: 200, ContentType: tc.contentType, Header: http.Header{"Vary": {"Accept-Language"}}, Body: tc.body, ETag: `"abc"`}
		resp := new(packer).pack(r, given)
		if packed := resp.Header.Get("Content-Encoding") == "gzip"; packed != tc.want {
			t.Errorf("%s: compressed: %t", tc.name, packed)
		}
		if len(given.Header) != 1 || given.Header.Get("Vary") != "Accept-Language" {
			t.Errorf("%s: the shared header changed: %v", tc.name, given.Header)
		}
		if !tc.want {
			if !bytes.Equal(resp.Body, tc.body) || resp.ETag != `"abc"` {
				t.Errorf("%s: it changed", tc.name)
			}
			continue
		}
		in, err := gzip.NewReader(bytes.NewReader(resp.Body))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(in)
		if err != nil || !bytes.Equal(body, tc.body) || len(resp.Body) > len(tc.body)/4 || resp.ETag != `"abc-gzip"` || resp.Header.Get("Vary") != "Accept-Language, Accept-Encoding" {
			t.Errorf("%s: %d bytes, %s, %v, %v", tc.name, len(resp.Body), resp.ETag, resp.Header, err)
		}
	}
}

// TestOnlyPagesAreCompressed asks a dialect that allows it, and one that does not.
func TestOnlyPagesAreCompressed(t *testing.T) {
	page := dialect.Endpoint{Path: "/page", Methods: []string{"GET"}, Serve: func(*http.Request) (dialect.Response, error) {
		return dialect.Response{Status: 200, ContentType: "text/html", Body: bytes.Repeat([]byte("page "), 1000)}, nil
	}}
	document := page
	document.Path = "/document"
	h := New(Options{Dialects: []dialect.Dialect{
		{Name: "page", Compress: true, Endpoints: []dialect.Endpoint{page}},
		{Name: "document", Endpoints: []dialect.Endpoint{document}},
	}, Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop()})
	for path, want := range map[string]string{"/page": "gzip", "/document": ""} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if got := rec.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// TestWhatEverybodyGetsIsCompressedOnce compares the memory of the bodies, up to the
// limit of what is kept.
func TestWhatEverybodyGetsIsCompressedOnce(t *testing.T) {
	p := new(packer)
	get := func(etag string, body []byte) []byte {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		return p.pack(r, dialect.Response{Status: 200, ContentType: "text/css", Body: body, ETag: etag}).Body
	}
	body := bytes.Repeat([]byte("a { color: red }\n"), 200)
	first := get(`"a"`, body)
	if again := get(`"a"`, body); &again[0] != &first[0] {
		t.Error("compressed again")
	}
	if other := get(`"b"`, append(body, '\n')); &other[0] == &first[0] {
		t.Error("another tag has the same body")
	}
	if one, two := get("", body), get("", body); &one[0] == &two[0] {
		t.Error("what has no tag is kept")
	}
	kept := len(p.packed)
	p.held = mostPacked - 40<<10 // room for one of the next ones
	for i := range 3 {
		unlike := make([]byte, 32<<10)
		_, _ = rand.Read(unlike[len(unlike)/8:])
		get(fmt.Sprintf(`"%d"`, i), unlike)
	}
	if len(p.packed) != kept+1 || p.held > mostPacked {
		t.Errorf("%d more are kept, with %d bytes in all, want one below %d", len(p.packed)-kept, p.held, mostPacked)
	}
}

func BenchmarkPack(b *testing.B) {
	body := bytes.Repeat([]byte("a { color: red }\nb { color: blue }\n"), 300)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	for name, etag := range map[string]string{"each time": "", "once": `"a"`} {
		b.Run(name, func(b *testing.B) {
			p := new(packer)
			b.ReportAllocs()
			for b.Loop() {
				p.pack(r, dialect.Response{Status: 200, ContentType: "text/css", Body: body, ETag: etag})
			}
		})
	}
}
