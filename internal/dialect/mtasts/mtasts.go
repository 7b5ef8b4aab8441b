package mtasts

import (
	"net/http"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

type mtasts struct {
	resolver dialect.Resolver
	memo     *dialect.Memo
	header   http.Header // of every response
}

// New returns the dialect.
func New(r dialect.Resolver) dialect.Dialect {
	m := &mtasts{resolver: r, memo: dialect.NewMemo(), header: http.Header{"Cache-Control": {"public, max-age=300"}}}
	return dialect.Dialect{
		Name:   "mtasts",
		Render: dialect.IgnoreChoice(Render),
		Endpoints: []dialect.Endpoint{
			{Path: "/.well-known/mta-sts.txt", Methods: []string{http.MethodGet}, Serve: m.serve},
		},
	}
}

// serve answers for the domain of the host name. Senders ask at mta-sts.<domain>
// (RFC 8461 section 3.3).
func (m *mtasts) serve(r *http.Request) (dialect.Response, error) {
	found, err := m.resolver.Resolve(r.Context(), settings.Query{Domain: dialect.HostDomain(r)})
	if err != nil {
		return dialect.Response{}, err
	}
	return m.memo.Answer(found, "text/plain; charset=utf-8", m.header, Render)
}
