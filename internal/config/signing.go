package config

import "github.com/waymark-mail/waymark/internal/address"

// Signing is a signing identity of Apple profiles: a pair of files, or the certificate
// that tls.acme orders for a name.
type Signing struct {
	CertFile string         // PEM, leaf then intermediates
	KeyFile  string         // PEM
	ACME     address.Domain // whose certificate signs; "" with files
	// UnsignedWhenExpired delivers profiles without a signature while the certificate
	// is not valid; else they are refused.
	UnsignedWhenExpired bool

	File string // for findings
	Key  string // of the settings, for findings
	Line int    // from 1
}

func readSigning(r *reader, v value, f *file) { f.Signing = r.signing(v) }

// readProviderSigning reads the identity of a provider or of a domain.
func readProviderSigning(r *reader, v value, p *provider) {
	if r.identities == nil {
		r.identities = map[string]*Signing{}
	}
	r.identities[v.path] = r.signing(v)
	p.Signing = v.path
}

func (r *reader) signing(v value) *Signing {
	s := &Signing{File: v.doc.name, Key: v.path, Line: v.node.Line}
	if !readBlock(r, v, []field[Signing]{
		{"cert_file", func(r *reader, v value, s *Signing) { r.path(v, &s.CertFile) }},
		{"key_file", func(r *reader, v value, s *Signing) { r.path(v, &s.KeyFile) }},
		{"acme", func(r *reader, v value, s *Signing) {
			if s.ACME = r.domainName(v); s.ACME != "" {
				r.ordered = append(r.ordered, v)
			}
		}},
		{"when_expired", func(r *reader, v value, s *Signing) {
			choice, _ := oneOf(r, v, "choice", []string{"refuse", "unsigned"})
			s.UnsignedWhenExpired = choice == "unsigned"
		}},
	}, s) {
		return s
	}
	switch {
	case !v.has("acme"):
		r.need(v, "cert_file", "key_file")
	case v.has("cert_file") || v.has("key_file"):
		r.refuse(v.at("acme"), "contradicts cert_file and key_file; an identity comes from files or from ACME")
	}
	return s
}

// checkOrdered reports identities from ACME without an authority.
func (r *reader) checkOrdered(c *Config) {
	if c.TLS != nil && c.TLS.ACME != nil || r.wrong["tls"] {
		return
	}
	for _, v := range r.ordered {
		r.refuse(v, "needs tls.acme, which orders the certificate")
	}
}
