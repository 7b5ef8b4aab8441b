//go:build linux

package main

import (
	"bytes"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestMissed(t *testing.T) {
	figures := []figure{
		{row: "autoconfig", server: "bare", connections: 16, ratio: 1},
		{row: "autoconfig", server: "waymark", connections: 16, ratio: 0.73, goal: 0.80},
		{row: "autoconfig", server: "waymark", connections: 128, ratio: 0.71, goal: 0.80},
		{row: "autoconfig", server: "a peer", connections: 128, ratio: 0.01},
	}
	want := []string{"autoconfig, waymark, 128 connections: ratio 0.71 is below the floor 0.72"}
	if got := missed(figures); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	limits := []limit{{"memory after the load", "MiB", 27.5, 25}, {"start", "ms", 13.4, 12}}
	want = []string{"start: 13.4 ms is above the limit 13.3"}
	if got := exceeded(limits); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// serveFor serves over http and https.
func serveFor(t *testing.T, name string, handler http.HandlerFunc) target {
	t.Helper()
	plain, encrypted := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	t.Cleanup(func() { plain.Close(); encrypted.Close() })
	return target{name: name, plain: plain.Listener.Addr().String(), encrypted: encrypted.Listener.Addr().String()}
}

// TestASlowServerIsBelowItsFloor compares a server that takes 20 ms for each request.
func TestASlowServerIsBelowItsFloor(t *testing.T) {
	fast := serveFor(t, "bare", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("abc")) })
	slow := serveFor(t, "waymark", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond)
		_, _ = w.Write([]byte("abc"))
	})
	for _, encrypted := range []bool{false, true} {
		r := row{name: "a document", request: request{method: "GET", host: "example.com", path: "/", status: 200, encrypted: encrypted}}
		var figures []figure
		for long := 50 * time.Millisecond; ; long *= 2 { // a busy machine may be as slow for a while
			var err error
			if figures, err = compare(r, 2, options{rounds: 1, long: long}, []target{fast, slow}); err != nil {
				t.Fatal(err)
			}
			figures[1].goal = 0.80 // as of a process that this program started
			below := missed(figures)
			if len(below) == 1 && strings.HasPrefix(below[0], "a document, waymark, 2 connections: ratio 0.") {
				break
			}
			if long > 5*time.Second {
				t.Fatalf("below the floor: %q", below)
			}
		}
		var table bytes.Buffer
		figures[1].print(&table)
		if words := strings.Fields(table.String()); len(words) != 10 || words[0] != "a" || words[3] != "waymark" || words[5] != "-" {
			t.Errorf("the line is %q", table.String())
		}
	}
}

func TestRequests(t *testing.T) {
	var opened atomic.Int64
	paths := make(chan string, 1000)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths <- r.URL.Path
		w.Header().Set("ETag", `"e"`)
		switch {
		case r.Header.Get("If-None-Match") == `"e"`:
			w.WriteHeader(http.StatusNotModified)
		case r.ContentLength == 4:
			_, _ = w.Write([]byte("posted"))
		default:
			http.Error(w, "no", http.StatusTeapot)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	address := server.Listener.Addr().String()
	post := request{method: "POST", host: "example.com", path: "/a" + varying, body: "body", status: 200}
	for _, tt := range []struct {
		name  string
		ask   request
		want  answer
		error string
	}{
		{"a body", post, answer{status: 200, length: 6, etag: `"e"`}, ""},
		{"a known document", request{method: "GET", host: "example.com", path: "/", header: "If-None-Match: \"e\"\r\n", status: 304}, answer{status: 304, length: -1, etag: `"e"`}, ""},
		{"another status", request{method: "GET", host: "example.com", path: "/", status: 200}, answer{}, "GET /: status 418, want 200"},
	} {
		got, err := once(address, tt.ask)
		if got != tt.want || (err == nil) != (tt.error == "") || err != nil && err.Error() != tt.error {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
		<-paths
	}
	for _, tt := range []struct {
		reconnect bool
		want      int64 // connections for three requests
	}{{false, 1}, {true, 3}} {
		opened.Store(0)
		post.reconnect = tt.reconnect
		c := &client{address: address, request: post, text: post.bytes()}
		for i := range int64(3) {
			if _, err := c.ask(i); err != nil {
				t.Fatal(err)
			}
			if got, want := <-paths, "/a0000000"+string(rune('0'+i)); got != want {
				t.Errorf("asked for %s, want %s", got, want)
			}
		}
		c.close()
		if got := opened.Load(); got != tt.want {
			t.Errorf("reconnect %v: %d connections, want %d", tt.reconnect, got, tt.want)
		}
	}
}

func TestParse(t *testing.T) {
	o, err := parse([]string{"-connections", "1,2", "-only", "PACC", "other=http://127.0.0.1:8000/"})
	if err != nil || !slices.Equal(o.connections, []int{1, 2}) || len(o.peers) != 1 || o.peers[0].plain != "127.0.0.1:8000" || !o.only.MatchString("PACC") {
		t.Errorf("%+v, %v", o, err)
	}
	for _, args := range [][]string{{"-connections", "0"}, {"-connections", "x"}, {"-only", "("}, {"other"}, {"other=https://127.0.0.1:1"}, {"other=http://127.0.0.1"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

// TestOwnTime burns CPU time in this process and finds it.
func TestOwnTime(t *testing.T) {
	own := &process{name: "own", pid: os.Getpid()}
	before, err := own.cpu()
	if err != nil {
		t.Fatal(err)
	}
	for after := before; after-before < 20*time.Millisecond; {
		if after, err = own.cpu(); err != nil {
			t.Fatal(err)
		}
	}
	if held, err := own.memory(); err != nil || held < 1 {
		t.Errorf("%.1f MiB, %v", held, err)
	}
}

// TestDivide reads a profile as "go tool pprof -traces" prints it.
func TestDivide(t *testing.T) {
	const traces = `File: waymark
Type: cpu
Duration: 2s, Total samples = 60000us ( 3.00%)
-----------+-------------------------------------------------------
   10000us   internal/runtime/syscall/linux.Syscall6
             syscall.write
             net/http.(*response).finishRequest
-----------+-------------------------------------------------------
   20000us   runtime.memmove
             go.uber.org/zap/buffer.(*Buffer).AppendString (inline)
             github.com/waymark-mail/waymark/internal/server.(*handler).finish
             github.com/go-chi/chi/v5.(*Mux).ServeHTTP
-----------+-------------------------------------------------------
   30000us   runtime.findRunnable
             runtime.schedule
-----------+-------------------------------------------------------
`
	got, err := divide(strings.NewReader(traces))
	if want := (map[string]float64{"system calls": 10000, "log line": 20000, elsewhere: 30000}); err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for _, broken := range []string{"", "File: waymark\n", "-----------+---\n  no time\n"} {
		if got, err := divide(strings.NewReader(broken)); err == nil {
			t.Errorf("%q: %v", broken, got)
		}
	}
}
