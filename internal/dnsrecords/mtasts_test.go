package dnsrecords

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

// TestMTASTSRecords has a policy, with and without reports and a known host.
func TestMTASTSRecords(t *testing.T) {
	policy := []byte("version: STSv1\r\nmode: enforce\r\nmx: mx1.example.net\r\nmax_age: 604800\r\n")
	id := "example.com. TXT v=STSv1; id=0475827edd71599005e2"
	for name, tc := range map[string]struct {
		hosts   Hosts
		reports string
		policy  []byte
		want    []string
	}{
		"by name": {Hosts{Name: "waymark.example.net"}, "", policy, []string{"mta-sts.example.com. CNAME waymark.example.net.", "_mta-sts." + id}},
		"by address, with reports": {Hosts{Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}, "tls,a!b+c@example.org", policy, []string{
			"mta-sts.example.com. A 192.0.2.1", "_mta-sts." + id, `_smtp._tls.example.com. TXT v=TLSRPTv1; rua=mailto:tls%2Ca%21b%2Bc@example.org`,
		}},
		"host unknown": {Hosts{}, "tls@example.org", policy, []string{`_smtp._tls.example.com. TXT v=TLSRPTv1; rua=mailto:tls@example.org`}},
		"no policy":    {Hosts{Name: "waymark.example.net"}, "", nil, nil},
	} {
		s := offering(byHost(settings.IMAP, settings.TLS, "imap.example.com", 993))
		s.Provider.MTASTS = &settings.MTASTS{Mode: "enforce", Reports: tc.reports}
		set, err := For(s, Options{Hosts: tc.hosts, MTASTS: tc.policy})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range set.Records {
			if r.Purpose == forMTASTS || r.Purpose == forTLSRPT {
				got = append(got, lines(Set{Records: []Record{r}})...)
			}
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
