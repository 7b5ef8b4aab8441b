package dnslookup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

const (
	// datagram is the size of UDP answers that networks do not fragment (DNS flag
	// day 2020).
	datagram = 1232
	// patience is the default of Patience.
	patience = 2 * time.Second
	// attempts is how often each resolver is asked: datagrams get lost.
	attempts = 2
	// maxAliases bounds how many CNAME records are followed.
	maxAliases = 8
	// maxRecords bounds the records of one answer.
	maxRecords = 200

	systemFile = "/etc/resolv.conf"
)

// Resolver asks the resolvers of the system, or others.
type Resolver struct {
	// Patience is the time-out of one question to one server.
	Patience time.Duration
	servers  []string
}

// New returns a Resolver that asks these servers, in order; those of the system
// when there is none. A server may be an authoritative one.
func New(servers ...netip.AddrPort) (*Resolver, error) {
	r := &Resolver{Patience: patience}
	for _, s := range servers {
		r.servers = append(r.servers, s.String())
	}
	if len(r.servers) > 0 {
		return r, nil
	}
	c, err := dns.ClientConfigFromFile(systemFile)
	if err != nil {
		return nil, fmt.Errorf("the resolvers of the system cannot be read: %w", err)
	}
	for _, server := range c.Servers {
		r.servers = append(r.servers, net.JoinHostPort(server, c.Port))
	}
	if len(r.servers) == 0 {
		return nil, errors.New(systemFile + " lists no resolver")
	}
	return r, nil
}

// Lookup asks for the records of a name and follows its aliases, unless they are
// what is asked for. An error means that nothing is known of the name.
func (r *Resolver) Lookup(ctx context.Context, name string, t Type) (Answer, error) {
	var whole Answer
	at := plain(name)
	validated := true
	for range maxAliases {
		reply, err := r.ask(ctx, at, t)
		if err != nil {
			return Answer{}, fmt.Errorf("looking up %s of %s: %w", t, name, err)
		}
		validated = validated && reply.AuthenticatedData
		next := whole.read(reply, at, t)
		if len(whole.Aliases) > maxAliases {
			break
		}
		if next == at {
			whole.Validated = validated
			return whole, nil
		}
		at = next
	}
	return Answer{}, fmt.Errorf("looking up %s of %s: the aliases do not end", t, name)
}

// read adds a reply to the answer. It returns the name to ask for next, which is
// the same name when the answer is complete.
func (a *Answer) read(reply *dns.Msg, name string, t Type) string {
	at, followed := name, 0
	for t != CNAME && followed <= maxAliases {
		next := ""
		for _, rr := range reply.Answer {
			if c, ok := rr.(*dns.CNAME); ok && plain(c.Hdr.Name) == at {
				next = plain(c.Target)
			}
		}
		if next == "" {
			break
		}
		a.Aliases = append(a.Aliases, next)
		at, followed = next, followed+1
	}
	for _, rr := range reply.Answer {
		r, ok := readRecord(rr)
		if ok && r.Type == t && r.Name == at && len(a.Records) < maxRecords {
			a.Records = append(a.Records, r)
		}
	}
	a.Exists = reply.Rcode == dns.RcodeSuccess
	if followed > 0 && a.Exists && len(a.Records) == 0 && !reply.RecursionAvailable {
		return at // an authoritative server does not know the target's zone
	}
	return name
}

// ask asks the servers in turn until one answers.
func (r *Resolver) ask(ctx context.Context, name string, t Type) (*dns.Msg, error) {
	question := new(dns.Msg)
	question.SetQuestion(dns.Fqdn(name), dns.StringToType[string(t)])
	question.SetEdns0(datagram, false)
	question.AuthenticatedData = true // RFC 6840 section 5.7: report whether it is validated
	var last error
	for range attempts {
		for _, server := range r.servers {
			reply, err := r.exchange(ctx, server, question)
			if err == nil {
				return reply, nil
			}
			last = err
			if ctx.Err() != nil {
				return nil, last
			}
		}
	}
	return nil, last
}

// exchange asks one server, over TCP when the answer does not fit a datagram.
func (r *Resolver) exchange(ctx context.Context, server string, question *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	reply, err := Exchange(ctx, "udp", server, question)
	if err == nil && reply.Truncated {
		reply, err = Exchange(ctx, "tcp", server, question)
	}
	if err != nil {
		var failed net.Error
		switch {
		case errors.Is(err, ErrOtherQuestion):
			return nil, fmt.Errorf("the resolver %s %w", server, err)
		case ctx.Err() != nil, errors.As(err, &failed) && failed.Timeout():
			return nil, fmt.Errorf("the resolver %s did not answer in time", server)
		}
		return nil, fmt.Errorf("the resolver %s: %w", server, err)
	}
	switch {
	case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("the resolver %s returned %s", server, dns.RcodeToString[reply.Rcode])
	case !reply.RecursionAvailable && !reply.Authoritative:
		// A referral to other servers would look as if there were no record.
		return nil, fmt.Errorf("the resolver %s neither offers recursion nor serves the zone", server)
	}
	return reply, nil
}
