package mxsource

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/waymark-mail/waymark/internal/address"
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
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, fmt.Errorf("%d lookups at a time, and none of them ended in time for another", maxLookups)
		}
		return nil, ctx.Err()
	}
	hosts, err := s.askAll(ctx, question(d))
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil, ctx.Err()
	}
	return hosts, err
}

// askAll queries the resolvers one after the other until one answers, beginning
// with the one that answered last. One that was silent is queried a second time,
// because datagrams get lost. Each gets its share of the time.
func (s *Source) askAll(ctx context.Context, q *dns.Msg) (hosts []address.Domain, err error) {
	n, first := len(s.resolvers), int(s.first.Load())
	queue := slices.Concat(s.resolvers[first:], s.resolvers[:first])
	deadline, _ := ctx.Deadline() // lookUp gave it one
	for i := 0; i < len(queue) && ctx.Err() == nil; i++ {
		turns := len(queue) - i + max(n-i, 0) // including second queries
		turn, cancel := context.WithTimeout(ctx, time.Until(deadline)/time.Duration(turns))
		hosts, err = s.ask(turn, queue[i], q)
		cancel()
		if err == nil {
			s.first.Store(uint32((first + i) % n)) //nolint:gosec // an index of a short list
			return hosts, nil
		}
		if i < n && errors.Is(err, errSilent) {
			queue = append(queue, queue[i])
		}
	}
	return nil, err
}

// ask queries one resolver. A name without mail exchangers is not an error.
func (s *Source) ask(ctx context.Context, resolver string, q *dns.Msg) ([]address.Domain, error) {
	answer, err := exchange(ctx, "udp", resolver, q)
	if err == nil && answer.Truncated {
		answer, err = exchange(ctx, "tcp", resolver, q)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("the resolver %s %w", resolver, err)
	case answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("the resolver %s returned %s", resolver, codeName(answer.Rcode))
	case !answer.RecursionAvailable && !answer.Authoritative:
		// A referral to other servers would look as if there were no MX record.
		return nil, fmt.Errorf("the resolver %s does not offer recursion", resolver)
	}
	return exchangers(answer, q.Question[0].Name), nil
}

// exchange sends a query with a random id and returns the answer to it.
func exchange(ctx context.Context, network, resolver string, q *dns.Msg) (*dns.Msg, error) {
	asked := q.Copy()
	asked.Id = dns.Id()
	answer, err := transmit(ctx, network, resolver, asked)
	var failed net.Error
	switch {
	case ctx.Err() != nil, errors.As(err, &failed) && failed.Timeout():
		return nil, errSilent
	case err != nil:
		return nil, fmt.Errorf("does not answer: %w", err)
	case !answer.Response || len(answer.Question) != 1 || answer.Question[0].Qtype != dns.TypeMX || !strings.EqualFold(answer.Question[0].Name, asked.Question[0].Name):
		return nil, errors.New("answered another question")
	}
	return answer, nil
}

func transmit(ctx context.Context, network, resolver string, asked *dns.Msg) (*dns.Msg, error) {
	deadline, _ := ctx.Deadline() // the library has another default
	client := &dns.Client{Net: network, Timeout: time.Until(deadline)}
	conn, err := client.DialContext(ctx, resolver)
	if err != nil {
		return nil, err
	}
	// The library ignores cancellation, so the connection is closed instead.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		if stop() {
			_ = conn.Close()
		}
	}()
	answer, _, err := client.ExchangeWithConnContext(ctx, asked, conn)
	return answer, err
}

func codeName(code int) string {
	if name, ok := dns.RcodeToString[code]; ok {
		return name
	}
	return fmt.Sprintf("code %d", code)
}
