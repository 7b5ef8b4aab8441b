package dnsrecords

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/waymark-mail/waymark/internal/settings"
)

const (
	forMTASTS = "MTA-STS: mail servers that send to the domain use verified TLS"
	forTLSRPT = "TLS-RPT: mail servers report failures of TLS"
)

// mtaSTS adds the records that announce a policy. Its id follows from its content,
// so that senders fetch another one (RFC 8461 section 3.1).
func (b *builder) mtaSTS(s settings.Settings, o Options) {
	if o.MTASTS == nil {
		return
	}
	if !o.Hosts.known() {
		b.note("the host of Waymark is not known: the records for mta-sts and _mta-sts are omitted")
	} else {
		b.leadTo(o.Hosts, "mta-sts", forMTASTS)
		sum := sha256.Sum256(o.MTASTS)
		b.records = append(b.records, Record{Name: b.name("_mta-sts"), Type: TXT, Value: "v=STSv1; id=" + hex.EncodeToString(sum[:10]), Purpose: forMTASTS})
	}
	if to := s.Provider.MTASTS.Reports; to != "" {
		local, domain, _ := strings.Cut(to, "@")
		// RFC 8460 section 3 has a list of URLs: a comma or "!" must be encoded.
		b.records = append(b.records, Record{Name: b.name("_smtp._tls"), Type: TXT, Value: "v=TLSRPTv1; rua=mailto:" + url.QueryEscape(local) + "@" + domain, Purpose: forTLSRPT})
	}
}
