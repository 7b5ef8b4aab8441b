package fairemail

import (
	"cmp"
	"slices"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// ReadRecords reads SRV records: those of lower priority first, then those of
// higher weight, IMAP with implicit TLS before STARTTLS. There must be a server of
// each direction. STARTTLS is only for _imap on 143 and _submission on 587; all
// others use implicit TLS.
func ReadRecords(found map[string][]client.SRV, address string) (client.Account, error) {
	var a client.Account
	var ok bool
	if a.Incoming, ok = best("imap", found, address, "_imaps._tcp", "_imap._tcp"); !ok {
		return client.Reject("no SRV record names an IMAP server")
	}
	if a.Outgoing, ok = best("smtp", found, address, "_submissions._tcp", "_submission._tcp"); !ok {
		return client.Reject("no SRV record names a server for sending")
	}
	return a, nil
}

// best returns the most preferred server of two services.
func best(protocol string, found map[string][]client.SRV, address, overTLS, plain string) (client.Server, bool) {
	type candidate struct {
		client.SRV
		plain bool
	}
	var all []candidate
	for _, service := range []string{overTLS, plain} {
		for _, r := range found[service] {
			if r.Target != "" && r.Target != "." {
				all = append(all, candidate{r, service == plain})
			}
		}
	}
	if len(all) == 0 {
		return client.Server{}, false
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.Weight, a.Weight))
	})
	first := all[0]
	s := client.Server{Protocol: protocol, Host: first.Target, Port: int(first.Port), Security: client.TLS, User: address}
	if first.plain && securityOf(protocol, s.Port) == client.STARTTLS {
		s.Security = client.STARTTLS
	}
	return s, true
}
