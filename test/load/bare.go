//go:build linux

package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"
)

// signaturesAtOnce is how many signatures the bare server makes for each request
// to /sign/NAME, so that HTTP does not count.
const signaturesAtOnce = 20

// bare serves what everything is compared with, in a process of its own: /N writes N
// bytes, and /sign/NAME signs with the key NAME.key in a directory. It never returns.
func bare(plain, encrypted, dir string) error {
	text := bytes.Repeat([]byte("x"), 1<<20)
	mux := http.NewServeMux()
	mux.HandleFunc("/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil || n < 0 || n > len(text) {
			http.NotFound(w, r)
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(n))
		_, _ = w.Write(text[:n])
	})
	for _, name := range []string{"ecdsa", "rsa"} {
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, name, "cert.pem"), filepath.Join(dir, name, "key.pem"))
		if err != nil {
			return err
		}
		key, digest := pair.PrivateKey.(crypto.Signer), sha256.Sum256(text)
		mux.HandleFunc("/sign/"+name, func(w http.ResponseWriter, _ *http.Request) {
			for range signaturesAtOnce {
				if _, err := key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
					http.Error(w, err.Error(), http.StatusInternalServerError)
					return
				}
			}
			w.Header().Set("Content-Length", "0")
		})
	}
	failed := make(chan error)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	for _, address := range []string{plain, encrypted} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		go func() {
			if address == encrypted {
				failed <- server.ServeTLS(l, filepath.Join(dir, "ecdsa", "cert.pem"), filepath.Join(dir, "ecdsa", "key.pem"))
				return
			}
			failed <- server.Serve(l)
		}()
	}
	return errors.Join(fmt.Errorf("the bare server ended"), <-failed)
}
