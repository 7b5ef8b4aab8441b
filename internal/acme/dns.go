package acme

import (
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/libdns/rfc2136"
)

// DNS is a name server that takes updates (RFC 2136), signed with TSIG.
type DNS struct {
	Server       string // IP address and port
	KeyName      string
	KeyAlgorithm string // such as hmac-sha256
	Key          string // base64
	DelegateTo   string // the one name of all challenges; "" for a name below each certificate's
}

// propagation is how long the server may take to answer with what it was given.
const propagation = time.Minute

// solver returns what answers DNS-01 challenges. It asks the same server where a zone
// begins and whether a record is there: by default the library asks those of the
// system, or public ones. Records have the TTL 0, so that no cache hides the second
// challenge at one name.
func (d *DNS) solver() *certmagic.DNS01Solver {
	return &certmagic.DNS01Solver{DNSManager: certmagic.DNSManager{
		DNSProvider: &rfc2136.Provider{
			Server: d.Server, KeyName: d.KeyName, KeyAlg: d.KeyAlgorithm, Key: d.Key,
		},
		Resolvers:          []string{d.Server},
		OverrideDomain:     d.DelegateTo,
		PropagationTimeout: propagation,
	}}
}
