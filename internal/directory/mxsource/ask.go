package mxsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/dnslookup"
)

// datagram is the size of UDP answers that networks do not fragment (DNS flag
// day 2020).
const datagram = 1232

// question returns the query for the mail exchangers of a domain.
func question(d address.Domain) *dns.Msg {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(string(d)), dns.TypeMX)
	q.SetEdns0(datagram, false)
	return q
}

// errSilent is the error of a resolver that did not reply.
var errSilent = errors.New("did not answer in time")

// lookUp returns the mail exchangers of a domain; none for a domain that does
// not exist.
func (s *Source) lookUp(ctx context.Context, d address.Domain) ([]address.Domain, error) {
	begun := time.Since(s.begun)
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	hosts, err := s.askAll(limited, question(d))
	switch {
	case err == nil:
		return hosts, nil
	case errors.Is(limited.Err(), context.Canceled):
		return nil, limited.Err()
	case s.isOfZone(ctx, err, begun):
		return nil, source.OfName(err)
	}
	return nil, err
}

// askAll queries the resolvers one after the other until one answers, beginning
// with the one that answered last. One that was silent is queried a second time,
// because datagrams get lost. Each gets its share of the time.
func (s *Source) askAll(ctx context.Context, q *dns.Msg) (hosts []address.Domain, err error) {
	n, first := len(s.resolvers), int(s.first.Load())
	queue := slices.Concat(s.resolvers[first:], s.resolvers[:first])
	deadline, _ := ctx.Deadline() // lookUp gave it one
	var ofZone error
	for i := 0; i < len(queue) && ctx.Err() == nil; i++ {
		turns := len(queue) - i + max(n-i, 0) // including second queries
		turn, cancel := context.WithTimeout(ctx, time.Until(deadline)/time.Duration(turns))
		hosts, err = s.ask(turn, queue[i], q)
		cancel()
		if err == nil {
			s.first.Store(uint32((first + i) % n)) //nolint:gosec // an index of a short list
			return hosts, nil
		}
		if errors.As(err, new(zoneError)) {
			ofZone = err
		}
		if i < n && errors.Is(err, errSilent) {
			queue = append(queue, queue[i])
		}
	}
	return nil, cmp.Or(ofZone, err)
}

// ask queries one resolver. A name without mail exchangers is not an error.
func (s *Source) ask(ctx context.Context, resolver string, q *dns.Msg) ([]address.Domain, error) {
	answer, err := exchange(ctx, "udp", resolver, q)
	if err == nil && answer.Truncated {
		if answer, err = exchange(ctx, "tcp", resolver, q); err != nil {
			err = zoneError{err} // a short answer would have come
		}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("the resolver %s %w", resolver, err)
	case answer.Rcode == dns.RcodeServerFailure:
		return nil, zoneError{fmt.Errorf("the resolver %s returned %s", resolver, codeName(answer.Rcode))}
	case answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("the resolver %s returned %s", resolver, codeName(answer.Rcode))
	case !answer.RecursionAvailable && !answer.Authoritative:
		// A referral to other servers would look as if there were no MX record.
		return nil, fmt.Errorf("the resolver %s does not offer recursion", resolver)
	}
	s.answered.Store(int64(time.Since(s.begun)))
	return exchangers(answer, q.Question[0].Name), nil
}

// exchange sends a query and returns the answer to it.
func exchange(ctx context.Context, network, resolver string, q *dns.Msg) (*dns.Msg, error) {
	answer, err := dnslookup.Exchange(ctx, network, resolver, q)
	var failed net.Error
	var unreadable *dns.Error
	switch {
	case ctx.Err() != nil, errors.As(err, &failed) && failed.Timeout():
		return nil, errSilent
	case errors.As(err, &unreadable):
		return nil, zoneError{fmt.Errorf("returned an answer that cannot be read: %w", err)}
	case errors.Is(err, dnslookup.ErrOtherQuestion):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("does not answer: %w", err)
	}
	return answer, nil
}

func codeName(code int) string {
	if name, ok := dns.RcodeToString[code]; ok {
		return name
	}
	return fmt.Sprintf("code %d", code)
}
