//go:build linux

package main

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// signaturesAtOnce is how many signatures the bare server makes for each request
// to /sign/NAME, so that HTTP does not count.
const signaturesAtOnce = 20

// text is what is written.
var text = strings.Repeat("x", 1<<20)

// bare serves what everything is compared with, in a process of its own: /N writes N
// bytes, and /sign/NAME signs with the key NAME.key in a directory. It never returns.
func bare(plain, encrypted, dir string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/{n}", write)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	err := withKeys(dir, func(name string, key crypto.Signer) {
		digest := sha256.Sum256(nil)
		mux.HandleFunc("/sign/"+name, func(w http.ResponseWriter, _ *http.Request) {
			for range signaturesAtOnce {
				if _, err := key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
					http.Error(w, err.Error(), http.StatusInternalServerError)
					return
				}
			}
			w.Header().Set("Content-Length", "0")
		})
	})
	if err != nil {
		return err
	}
	return serveOn(&http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}, plain, encrypted, dir)
}

// floor serves, in a process of its own, what a plain net/http server needs for the same
// time-outs, header fields and log lines as Waymark. /N writes N bytes,
// or 304 if the request names an ETag, and /sign/NAME/N signs once before. It never returns.
func floor(plain, encrypted, dir string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/{n}", write)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	err := withKeys(dir, func(name string, key crypto.Signer) {
		mux.HandleFunc("/sign/"+name+"/{n}", func(w http.ResponseWriter, r *http.Request) {
			digest := sha256.Sum256([]byte(r.URL.RawQuery))
			if _, err := key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			write(w, r)
		})
	})
	if err != nil {
		return err
	}
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), &zapcore.BufferedWriteSyncer{WS: os.Stderr}, zap.InfoLevel))
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		w.Header()["X-Content-Type-Options"] = []string{"nosniff"}
		w.Header()["Access-Control-Allow-Origin"] = []string{"*"}
		w.Header()["Cache-Control"] = []string{"public, max-age=3600"}
		w.Header()["Etag"] = []string{`"00000000000000000000000000000000"`}
		if r.Header["If-None-Match"] != nil {
			w.WriteHeader(http.StatusNotModified)
		} else {
			mux.ServeHTTP(w, r)
		}
		log.Info("request", zap.String("id", "0000000000-0"), zap.String("protocol", "autoconfig"), zap.String("client", "other"), zap.String("outcome", "ok"),
			zap.Int("status", http.StatusOK), zap.String("method", r.Method), zap.String("scheme", "http"), zap.String("host", r.Host),
			zap.String("route", r.Pattern), zap.String("domain", "example.com"), zap.String("remote", r.RemoteAddr), zap.Duration("took", time.Since(begun)))
	})
	return serveOn(&http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: time.Minute},
		plain, encrypted, dir)
}

// write reads the body of a request and writes as many bytes as the path says.
func write(w http.ResponseWriter, r *http.Request) {
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
	_, _ = io.WriteString(w, text[:n])
}

// withKeys calls use for each key in a directory.
func withKeys(dir string, use func(name string, key crypto.Signer)) error {
	for _, name := range []string{"ecdsa", "rsa"} {
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, name, "cert.pem"), filepath.Join(dir, name, "key.pem"))
		if err != nil {
			return err
		}
		use(name, pair.PrivateKey.(crypto.Signer))
	}
	return nil
}

// serveOn serves without and with TLS. It returns an error only.
func serveOn(server *http.Server, plain, encrypted, dir string) error {
	failed := make(chan error)
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
	return errors.Join(fmt.Errorf("the server ended"), <-failed)
}
