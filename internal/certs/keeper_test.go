package certs

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/certtest"
)

// issue returns a server's certificate, self-signed when by is nil.
func issue(name string, by *certtest.Party) certtest.Party {
	return certify(name, certtest.NewKey(), by, certtest.Hosts(name))
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// load writes a chain and the key of its leaf to files and loads them.
func load(t *testing.T, chain ...certtest.Party) (k *Keeper, certFile, keyFile string) {
	t.Helper()
	certFile, keyFile = chain[0].Write(t, t.TempDir(), chain[1:]...)
	k, err := Load(certFile, keyFile, testTime)
	if err != nil {
		t.Fatal(err)
	}
	return k, certFile, keyFile
}

// TestHandshake connects with a client that trusts only the root.
func TestHandshake(t *testing.T) {
	root := authority("Root", nil)
	middle := authority("Middle", &root)
	leaf := issue("mail.example.com", &middle)
	k, _, _ := load(t, leaf, middle, root)
	// TCP, because on a net.Pipe a client that rejects the certificate and a
	// server that is still writing would wait for each other.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	var serving sync.WaitGroup
	serving.Go(func() {
		there, err := listener.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = there.Close() }()
		server := tls.Server(there, &tls.Config{GetCertificate: k.GetCertificate, MinVersion: tls.VersionTLS12})
		if err := server.HandshakeContext(t.Context()); err != nil {
			t.Error(err)
		}
	})
	here, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = here.Close() }()
	client := tls.Client(here, &tls.Config{RootCAs: root.Pool(), ServerName: "mail.example.com", Time: testTime, MinVersion: tls.VersionTLS12})
	if err := client.HandshakeContext(t.Context()); err != nil {
		t.Error(err)
	}
	serving.Wait()
	if got := len(client.ConnectionState().PeerCertificates); got != 2 {
		t.Errorf("%d certificates sent, want leaf and intermediate", got)
	}
}

// TestReload renews a certificate: it is written first, then the key. Until both
// match, the old pair is served.
func TestReload(t *testing.T) {
	root := authority("Root", nil)
	first, second := issue("first", &root), issue("second", &root)
	k, certFile, keyFile := load(t, first, root)
	chain := slices.Concat(second.CertPEM(), root.CertPEM())
	for _, step := range []struct {
		name  string
		write func()
		fails string // suffix of the error
		want  string
	}{
		{"unchanged", func() {}, "", "first"},
		{"the leaf and half of what follows", func() { write(t, certFile, chain[:len(chain)-100]) }, "cert.pem: 1 of 2 PEM blocks cannot be read; is the file complete?", "first"},
		{"the certificate, not the key", func() { write(t, certFile, chain) }, "cert.pem; was only one of the two files renewed?", "first"},
		{"half of the key", func() { write(t, keyFile, second.KeyPEM()[:100]) }, "key.pem: 1 of 1 PEM blocks cannot be read; is the file complete?", "first"},
		{"both", func() { write(t, keyFile, second.KeyPEM()) }, "", "second"},
		{"no file", func() { certtest.Must(0, os.Remove(certFile)) }, "no such file or directory", "second"},
	} {
		step.write()
		err := k.Reload()
		if (err != nil) != (step.fails != "") || (err != nil && !strings.HasSuffix(err.Error(), step.fails)) {
			t.Errorf("%s: error %v, want … %s", step.name, err, step.fails)
		}
		if got := certtest.Must(k.GetCertificate(nil)).Leaf.Subject.CommonName; got != step.want {
			t.Errorf("%s: %s is served, want %s", step.name, got, step.want)
		}
	}
}

func TestLoadWithoutAFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "cert.pem")
	k, err := Load(missing, missing, testTime)
	if want := "open " + missing + ": no such file or directory"; k != nil || err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWarnings(t *testing.T) {
	root := authority("Root", nil)
	leaf := issue("mail.example.com", &root)
	alone := issue("alone", nil)
	for _, tt := range []struct {
		name  string
		chain []certtest.Party
		want  []string
	}{
		{"complete", []certtest.Party{leaf, root}, nil},
		{"self-signed", []certtest.Party{alone}, nil},
		{"without its issuer", []certtest.Party{leaf}, []string{`CERT lacks the certificate of "Root", the issuer of the first one; append it unless every client trusts it`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, certFile, _ := load(t, tt.chain...)
			var got []string
			for _, w := range k.Warnings() {
				got = append(got, strings.ReplaceAll(w, certFile, "CERT"))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// TestWarningOfAReadableKey pins that a key is reported which every user can read.
func TestWarningOfAReadableKey(t *testing.T) {
	k, _, keyFile := load(t, issue("alone", nil))
	for mode, want := range map[os.FileMode][]string{
		0o600: nil,
		0o640: nil,
		0o644: {keyFile + " is readable by every user of this machine; run chmod o-r on it"},
	} {
		if err := errors.Join(os.Chmod(keyFile, mode), k.Reload()); err != nil {
			t.Fatal(err)
		}
		if got := k.Warnings(); !slices.Equal(got, want) {
			t.Errorf("mode %o: %q, want %q", mode, got, want)
		}
	}
}

// TestWarningOfExpiry pins that a certificate is reported for its last two weeks.
func TestWarningOfExpiry(t *testing.T) {
	alone := issue("alone", nil)
	certFile, keyFile := alone.Write(t, t.TempDir())
	for left, want := range map[time.Duration]int{14*24*time.Hour + time.Second: 0, 14*24*time.Hour - time.Second: 1} {
		k, err := Load(certFile, keyFile, func() time.Time { return alone.Cert.NotAfter.Add(-left) })
		if err != nil {
			t.Fatal(err)
		}
		if got := k.Warnings(); len(got) != want || want == 1 && !strings.Contains(got[0], "expires on "+alone.Cert.NotAfter.UTC().Format(time.DateOnly)) {
			t.Errorf("%s before its end: %q", left, got)
		}
	}
}
