package config

import (
	"encoding/base64"
	"net/netip"
	"net/url"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

// ACME is how certificates are ordered on demand.
type ACME struct {
	Email string // contact for the authorities
	CAs   []CA   // the first one that issues counts
	// OrdersPerHour and OrdersPerDomain limit orders of first certificates: of all
	// names, and in a week for names below one registered domain.
	OrdersPerHour, OrdersPerDomain int
	CheckDNS                       bool                 // before an order
	Addresses                      []string             // IP addresses and host names that names must lead to
	DNS                            *DNSUpdates          // nil for validations at Waymark's ports
	Storage                        *CertificateDatabase // nil for a folder in the state directory
	Line                           int                  // line in the settings file, from 1
}

// CertificateDatabase is where replicas keep certificates that they share.
type CertificateDatabase struct {
	Source string      // name of a source with PostgreSQL
	SQL    *source.SQL // how that source connects
	Key    string      // a secret that encrypts what is stored
	Line   int         // line in the settings file, from 1
}

// CA is one ACME authority.
type CA struct {
	Directory string // URL
	RootsFile string // PEM, trusted for its HTTPS; "" for the roots of the system
	EAB       *EAB   // nil for none
	Key       string // of the settings, for findings
	Line      int    // line in the settings file, from 1
}

// EAB is the external account binding of an authority.
type EAB struct {
	KeyID   string
	HMACKey string // a secret, base64url
}

// letsEncrypt is the authority of settings without another one.
const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

func defaultACME() ACME {
	return ACME{CAs: []CA{{Directory: letsEncrypt}}, OrdersPerHour: 50, OrdersPerDomain: 40, CheckDNS: true}
}

func readACME(r *reader, v value, t *TLS) {
	a := defaultACME()
	a.Line = v.node.Line
	t.ACME = &a
	main := &a.CAs[0]
	main.Key, main.Line = v.path, v.node.Line
	of := func(read func(*reader, value, *CA)) func(*reader, value, *ACME) {
		return func(r *reader, v value, a *ACME) { read(r, v, &a.CAs[0]) }
	}
	if !readBlock(r, v, []field[ACME]{
		{"email", func(r *reader, v value, a *ACME) { a.Email = r.mailAddress(v) }},
		{"directory", of(readCADirectory)},
		{"roots_file", of(readCARoots)},
		{"eab", of(readEAB)},
		{"fallback", readFallback},
		{"orders_per_hour", func(r *reader, v value, a *ACME) { a.OrdersPerHour = r.number(v, 1, 10_000) }},
		{"orders_per_domain", func(r *reader, v value, a *ACME) { a.OrdersPerDomain = r.number(v, 1, 10_000) }},
		{"check_dns", func(r *reader, v value, a *ACME) {
			if on, ok := r.truth(v); ok {
				a.CheckDNS = on
			}
		}},
		{"addresses", readACMEAddresses},
		{"dns", readDNSUpdates},
		{"storage", readCertificateStorage},
	}, &a) {
		return
	}
	r.need(v, "email")
	if len(a.Addresses) > 0 && !a.CheckDNS {
		r.refuse(v.at("addresses"), "contradicts check_dns: false; nothing is compared with them")
	}
}

// inDirectory is the storage of settings without another one.
const inDirectory = "directory"

func readCertificateStorage(r *reader, v value, a *ACME) {
	if v.written() == inDirectory {
		return
	}
	if v.written() != "" {
		r.refuse(v, `must be %s, or a block such as {sql: NAME, key: "${file:/etc/waymark/certificates.key}"} with the name of a source`, inDirectory)
		return
	}
	s := &CertificateDatabase{Line: v.node.Line}
	if readBlock(r, v, []field[CertificateDatabase]{
		{"sql", func(r *reader, v value, s *CertificateDatabase) { s.Source, _ = r.filled(v) }},
		{"key", func(r *reader, v value, s *CertificateDatabase) { s.Key, _ = r.secret(v) }},
	}, s) {
		r.need(v, "sql", "key")
	}
	a.Storage, r.storage = s, v.at("sql")
}

// checkCertificateStorage finds the source of the storage, after the directory is read.
func (r *reader) checkCertificateStorage(c *Config) {
	a := acmeOf(c)
	if a == nil || a.Storage == nil || a.Storage.Source == "" || r.wrong["directory"] {
		return
	}
	s := a.Storage
	for _, src := range c.Directory {
		switch {
		case src.Name != s.Source:
		case src.SQL == nil || src.SQL.Driver != "postgres":
			r.refuse(r.storage, "the source %s is not PostgreSQL, which alone has the locks that replicas need", printed(s.Source))
			return
		default:
			s.SQL = src.SQL
			return
		}
	}
	if !r.wrongBelow("directory") {
		r.refuse(r.storage, "directory has no source named %s", printed(s.Source))
	}
}

func readFallback(r *reader, v value, a *ACME) {
	ca := CA{Key: v.path, Line: v.node.Line}
	if readBlock(r, v, []field[CA]{{"directory", readCADirectory}, {"roots_file", readCARoots}, {"eab", readEAB}}, &ca) {
		r.need(v, "directory")
	}
	if ca.Directory != "" && ca.Directory == a.CAs[0].Directory {
		r.refuse(v.at("directory"), "is the same authority as tls.acme.directory")
	}
	a.CAs = append(a.CAs, ca)
}

// readCADirectory reads an https URL. An authority in a private network may have an IP
// address.
func readCADirectory(r *reader, v value, ca *CA) {
	s, ok := r.text(v)
	if !ok {
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" || !isHost(u.Hostname()) {
		r.refuse(v, "must be the https URL of an ACME directory such as %s, is %s", letsEncrypt, describe(v.node))
		return
	}
	ca.Directory = u.String()
}

func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	_, err := address.ParseDomain(s)
	return err == nil
}

func readCARoots(r *reader, v value, ca *CA) { r.path(v, &ca.RootsFile) }

func readEAB(r *reader, v value, ca *CA) {
	ca.EAB = &EAB{}
	if readBlock(r, v, []field[EAB]{
		{"key_id", func(r *reader, v value, e *EAB) { e.KeyID, _ = r.filled(v) }},
		{"hmac_key", readHMACKey},
	}, ca.EAB) {
		r.need(v, "key_id", "hmac_key")
	}
}

func readHMACKey(r *reader, v value, e *EAB) {
	s, ok := r.secret(v)
	if !ok {
		return
	}
	s = strings.TrimRight(s, "=")
	if _, err := base64.RawURLEncoding.DecodeString(s); err != nil {
		r.refuse(v, "must be base64url, as the authority gives it: letters, digits, - and _")
		return
	}
	e.HMACKey = s
}

func readACMEAddresses(r *reader, v value, a *ACME) {
	r.items(v, "a list of IP addresses and host names", func(v value) {
		s, ok := r.text(v)
		if !ok {
			return
		}
		if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
			a.Addresses = append(a.Addresses, ip.Unmap().String())
			return
		}
		host, err := address.ParseDomain(s)
		if err != nil {
			r.refuse(v, `must be an IP address or a host name such as "192.0.2.1" or "waymark.example.net", is %s`, describe(v.node))
			return
		}
		a.Addresses = append(a.Addresses, string(host))
	})
}
