// Command bare is the baseline of tools/throughput: a net/http server that only
// reads a request and writes a number of bytes.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: bare ADDRESS; then GET or POST /BYTES")
		os.Exit(2)
	}
	s := &http.Server{Addr: os.Args[1], ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(answer)}
	fmt.Fprintln(os.Stderr, s.ListenAndServe())
	os.Exit(1)
}

func answer(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Path[1:])
	if err != nil || n < 0 || n > 1<<20 {
		http.NotFound(w, r)
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(n))
	_, _ = w.Write(body[:n])
}

var body = bytes.Repeat([]byte("x"), 1<<20)
