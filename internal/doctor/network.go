package doctor

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/waymark-mail/waymark/internal/dnslookup"
	"github.com/waymark-mail/waymark/internal/publicaddress"
)

// ports lists the only ports that are connected to, so that no document makes the
// doctor a port scanner.
func ports() []uint16 { return []uint16{25, 80, 110, 143, 443, 465, 587, 993, 995, 4190, 8443} }

const (
	dialTime     = 5 * time.Second
	fetchTime    = 10 * time.Second // for one answer with its redirects
	talkTime     = 6 * time.Second  // for one conversation with a mail server
	maxAddresses = 4                // of one host that are tried
)

// network looks up names and connects to hosts. Every answer is kept for the run:
// a host is resolved once, and connections go to that address.
type network struct {
	resolver     *dnslookup.Resolver
	roots        *x509.CertPool
	allowPrivate bool
	connectTo    map[string][]netip.AddrPort // by "host:port"
	only         []string                    // as that of Options
	now          time.Time
	patience     func(where string) time.Duration // as that of Options; nil for the defaults

	mu      sync.Mutex
	lookups map[string]func() (dnslookup.Answer, error)
	dials   map[netip.AddrPort]*fault // addresses that do not answer
}

// wait returns how long to wait for the answer of a URL or mail server.
func (n *network) wait(where string, usual time.Duration) time.Duration {
	if n.patience == nil {
		return usual
	}
	return cmp.Or(n.patience(where), usual)
}

// lookup looks up a name once.
func (n *network) lookup(ctx context.Context, name string, t dnslookup.Type) (dnslookup.Answer, error) {
	key := string(t) + " " + strings.ToLower(strings.TrimSuffix(name, "."))
	n.mu.Lock()
	if n.lookups == nil {
		n.lookups = map[string]func() (dnslookup.Answer, error){}
	}
	once, ok := n.lookups[key]
	if !ok {
		once = sync.OnceValues(func() (dnslookup.Answer, error) { return n.resolver.Lookup(ctx, name, t) })
		n.lookups[key] = once
	}
	n.mu.Unlock()
	return once()
}

// destination is an address of a host to connect to.
type destination struct {
	netip.AddrPort
	chosen bool // by the operator, who may choose a private one
}

// absent is the fault of a host that no record leads to. For many names that is
// no fault at all.
const absent = "absent"

// mayConnect reports whether a "host:port" may be connected to.
func (n *network) mayConnect(where string) bool {
	return n.only == nil || slices.Contains(n.only, where)
}

// resolve returns the addresses of a host. Its fault is absent, dns-failure,
// dangling-alias, private-address or port-not-checked.
func (n *network) resolve(ctx context.Context, host string, port uint16) ([]destination, *fault) {
	where := net.JoinHostPort(host, strconv.Itoa(int(port)))
	if !slices.Contains(ports(), port) {
		return nil, &fault{id: "port-not-checked", where: where, seen: fmt.Sprintf("port %d is not one that the doctor connects to", port),
			fix: "Use a registered port: 993, 995, 465, 587, 143, 110, 443 or 80."}
	}
	if !n.mayConnect(where) {
		return nil, &fault{id: absent, where: host, seen: "the settings do not name " + where, fix: "Correct the record or document that leads there."}
	}
	var all []destination
	for _, at := range n.connectTo[where] {
		all = append(all, destination{at, true})
	}
	if len(all) > 0 {
		return all, nil
	}
	var addresses []netip.Addr
	if literal, err := netip.ParseAddr(host); err == nil {
		addresses = []netip.Addr{literal}
	} else {
		var aliases []string
		for _, t := range []dnslookup.Type{dnslookup.A, dnslookup.AAAA} {
			answer, err := n.lookup(ctx, host, t)
			if err != nil {
				return nil, &fault{id: "dns-failure", where: host, seen: err.Error(), fix: "Make the name servers of " + host + " answer."}
			}
			found := answer.Addresses()
			addresses = append(addresses, found[:min(len(found), maxAddresses)]...)
			aliases = answer.Aliases
		}
		if len(addresses) == 0 && len(aliases) > 0 {
			last := aliases[len(aliases)-1]
			return nil, &fault{id: "dangling-alias", where: host, seen: fmt.Sprintf("%s is an alias of %s, which has no address", host, last),
				fix: fmt.Sprintf("Give %s an address, or remove the CNAME record of %s.", last, host)}
		}
		if len(addresses) == 0 {
			return nil, &fault{id: absent, where: host, seen: host + " has no address", fix: "Publish an A record, and an AAAA record if it has IPv6, for " + host + "."}
		}
	}
	for _, a := range addresses {
		if !n.allowPrivate && !publicaddress.Is(a) {
			return nil, &fault{id: "private-address", where: host, seen: fmt.Sprintf("%s has the address %s, which is not public", host, a),
				fix: "Publish the public address of " + host + ". To examine an internal network, run the doctor with --allow-private."}
		}
		all = append(all, destination{netip.AddrPortFrom(a, port), false})
	}
	return all, nil
}

// connect connects to one address. An address that does not answer is tried once.
func (n *network) connect(ctx context.Context, to destination, where string) (net.Conn, *fault) {
	n.mu.Lock()
	known := n.dials[to.AddrPort]
	n.mu.Unlock()
	if known != nil {
		f := known.at(where)
		return nil, &f
	}
	d := net.Dialer{Timeout: dialTime}
	conn, err := d.DialContext(ctx, "tcp", to.String())
	if err == nil {
		return conn, nil
	}
	f := &fault{id: "unreachable", where: where, seen: "no connection: " + reason(err), fix: "Start the server, and open the port in the firewall."}
	if errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL) {
		f.id = noRoute
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dials == nil {
		n.dials = map[netip.AddrPort]*fault{}
	}
	n.dials[to.AddrPort] = f
	return nil, f
}

// noRoute is the fault of an address that this machine has no route to, which is
// most often IPv6. It is no fault of the server.
const noRoute = "no-route"

// dial connects to a host.
func (n *network) dial(ctx context.Context, host string, port uint16) (net.Conn, *fault) {
	all, f := n.resolve(ctx, host, port)
	if f != nil {
		return nil, f
	}
	for _, to := range all {
		var conn net.Conn
		if conn, f = n.connect(ctx, to, net.JoinHostPort(host, strconv.Itoa(int(port)))); f == nil {
			return conn, nil
		}
	}
	if f.id == noRoute {
		f.id = "unreachable"
	}
	return nil, f
}

// reason shortens an error of the network: the address is known already.
func reason(err error) string {
	var failed net.Error
	switch {
	case errors.As(err, &failed) && failed.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET):
		return "connection reset"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "no route"
	}
	return err.Error()
}
