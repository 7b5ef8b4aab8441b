package config

import (
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Limits of max_age. Senders ignore policies of less than a day in practice, and
// RFC 8461 section 3.2 allows a year at most.
const (
	leastMTASTS   = 24 * time.Hour
	mostMTASTS    = 31557600 * time.Second
	defaultMTASTS = 7 * 24 * time.Hour
)

func readMTASTS(r *reader, v value, p *provider) {
	policy := &settings.MTASTS{MaxAge: int(defaultMTASTS / time.Second)}
	p.MTASTS = policy
	type sts = settings.MTASTS
	if !readBlock(r, v, []field[sts]{
		{"mode", func(r *reader, v value, s *sts) {
			s.Mode, _ = oneOf(r, v, "mode", []string{"enforce", "testing", "none"})
		}},
		{"mx", func(r *reader, v value, s *sts) { s.MX = r.exchangers(v) }},
		{"max_age", func(r *reader, v value, s *sts) {
			s.MaxAge = int(r.duration(v, leastMTASTS, mostMTASTS) / time.Second)
		}},
		{"reports", func(r *reader, v value, s *sts) { s.Reports = r.mailAddress(v) }},
	}, policy) {
		return
	}
	r.need(v, "mode")
	if !v.has("mx") && policy.Mode != "none" {
		r.refuse(v, "list in mx the names of the mail exchangers, as in the MX records of the domains")
	}
}

// mailAddress reads an address of ASCII, as records have it.
func (r *reader) mailAddress(v value) string {
	s, ok := r.text(v)
	if !ok {
		return ""
	}
	a, err := address.Parse(s)
	if err != nil || !isASCII(a.Local) {
		r.refuse(v, "must be a mail address such as tls-reports@example.org, is %s", describe(v.node))
		return ""
	}
	return a.String()
}

func isASCII(s string) bool {
	for _, c := range []byte(s) {
		if c > 126 || c <= 32 {
			return false
		}
	}
	return true
}
