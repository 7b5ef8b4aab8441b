package pacc

import (
	"net/http"

	"github.com/waymark-mail/waymark/internal/dialect"
)

type pacc struct {
	resolver dialect.Resolver
	memo     *dialect.Memo
	header   http.Header // of every response
}

// New returns the dialect.
func New(r dialect.Resolver) dialect.Dialect {
	// A cached copy must not outlive the old digest in DNS, which is cached for
	// one TTL after a change.
	p := &pacc{resolver: r, memo: dialect.NewMemo(), header: http.Header{"Cache-Control": {"public, max-age=300"}}}
	return dialect.Dialect{
		Name:      "pacc",
		Render:    dialect.IgnoreChoice(Render),
		AnyOrigin: true,
		Endpoints: []dialect.Endpoint{
			{Path: "/.well-known/user-agent-configuration.json", Methods: []string{http.MethodGet}, Serve: p.serve},
		},
	}
}

// serve answers for the domain of the host name: the protocol has no addresses.
func (p *pacc) serve(r *http.Request) (dialect.Response, error) {
	q, err := dialect.Ask(r, "")
	if err != nil {
		return dialect.Response{}, err
	}
	found, err := p.resolver.Resolve(r.Context(), q)
	if err != nil {
		return dialect.Response{}, err
	}
	return p.memo.Answer(found, "application/json", p.header, Render)
}
