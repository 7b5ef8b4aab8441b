package certs

import (
	"crypto/tls"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Files are the paths of a certificate (leaf, then intermediates) and of its key.
type Files struct{ CertFile, KeyFile string }

// Set holds the certificates of many files, and chooses by the name that the client
// asks for. It is safe for concurrent use; only one goroutine may call Reload.
type Set struct {
	now     func() time.Time
	current atomic.Pointer[choice]
}

// choice is one version of a Set.
type choice struct {
	keepers []*Keeper // in the order of the files, without those that cannot be used
	byName  map[string][]*tls.Certificate
}

// LoadSet reads many pairs of files. It returns what is wrong with those that cannot
// be used; the others are served.
func LoadSet(files []Files, now func() time.Time) (*Set, []error) {
	s := &Set{now: now}
	s.current.Store(&choice{})
	return s, s.Reload(files)
}

// Reload reads these files, which may be others than before. A pair that cannot be
// read keeps its current certificate, and Reload returns what is wrong with it.
func (s *Set) Reload(files []Files) (wrong []error) {
	before := s.current.Load().keepers
	next := &choice{byName: map[string][]*tls.Certificate{}}
	for _, f := range files {
		k, err := s.keeper(before, f)
		if err != nil {
			wrong = append(wrong, err)
		}
		if k != nil {
			next.add(k)
		}
	}
	s.current.Store(next)
	return wrong
}

// keeper returns the keeper of a pair, read again; nil if the pair has never been
// usable.
func (s *Set) keeper(before []*Keeper, f Files) (*Keeper, error) {
	i := slices.IndexFunc(before, func(k *Keeper) bool { return k.certFile == f.CertFile && k.keyFile == f.KeyFile })
	if i < 0 {
		return Load(f.CertFile, f.KeyFile, s.now)
	}
	return before[i], before[i].Reload()
}

func (c *choice) add(k *Keeper) {
	c.keepers = append(c.keepers, k)
	certificate := k.current.Load().tls
	for _, name := range certificate.Leaf.DNSNames {
		name = strings.ToLower(name)
		c.byName[name] = append(c.byName[name], certificate)
	}
}

// GetCertificate returns the certificate for the name of the client, or else the
// first one, for tls.Config. Some clients then accept it, and all others report
// whose it is.
func (s *Set) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c := s.ForName(hello); c != nil {
		return c, nil
	}
	if first := s.current.Load().keepers; len(first) > 0 {
		return first[0].GetCertificate(hello)
	}
	return nil, nil // crypto/tls then sends the alert unrecognized_name
}

// ForName returns a certificate that is for the name of the client, nil for none.
// Where several are, as of RSA and of ECDSA, it is the first that the client can
// verify.
func (s *Set) ForName(hello *tls.ClientHelloInfo) *tls.Certificate {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	byName := s.current.Load().byName
	found := byName[name]
	if _, parent, ok := strings.Cut(name, "."); found == nil && ok {
		found = byName["*."+parent]
	}
	for _, c := range found {
		if len(found) == 1 || hello.SupportsCertificate(c) == nil {
			return c
		}
	}
	return nil
}

// Len returns how many pairs can be used.
func (s *Set) Len() int { return len(s.current.Load().keepers) }

// NotAfter returns when the first certificate expires; zero without any.
func (s *Set) NotAfter() time.Time {
	var first time.Time
	for _, k := range s.current.Load().keepers {
		if at := k.NotAfter(); first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// Warnings returns reasons why some clients may reject a certificate, now or soon.
func (s *Set) Warnings() []string {
	var all []string
	for _, k := range s.current.Load().keepers {
		all = append(all, k.Warnings()...)
	}
	return all
}
