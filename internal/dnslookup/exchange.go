package dnslookup

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// ErrOtherQuestion is the error of a resolver whose answer is to another question.
var ErrOtherQuestion = errors.New("answered another question")

// Exchange sends a question with a random ID to one resolver, over "udp" or "tcp", and
// returns the answer to it. It ends with ctx, which must have a deadline.
func Exchange(ctx context.Context, network, resolver string, question *dns.Msg) (*dns.Msg, error) {
	asked := question.Copy()
	asked.Id = dns.Id()
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
	if err != nil {
		return nil, err
	}
	to := asked.Question[0]
	if !answer.Response || len(answer.Question) != 1 || answer.Question[0].Qtype != to.Qtype || !strings.EqualFold(answer.Question[0].Name, to.Name) {
		return nil, ErrOtherQuestion
	}
	return answer, nil
}
