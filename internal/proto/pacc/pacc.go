package pacc

import (
	"net/http"

	"github.com/waymark-mail/waymark/internal/proto"
)

type pacc struct {
	resolver proto.Resolver
	memo     *proto.Memo
	header   http.Header // of every answer
}

// New returns the dialect.
func New(r proto.Resolver) proto.Protocol {
	// A copy that caches keep must not outlive the old digest in DNS, which
	// stays for one TTL after a change.
	p := &pacc{resolver: r, memo: proto.NewMemo(), header: http.Header{"Cache-Control": {"public, max-age=300"}}}
	return proto.Protocol{
		Name:      "pacc",
		AnyOrigin: true,
		Endpoints: []proto.Endpoint{
			{Path: "/.well-known/user-agent-configuration.json", Methods: []string{http.MethodGet}, Serve: p.serve},
		},
	}
}

// serve answers for the domain that the host name stands for: there is no
// address in this protocol.
func (p *pacc) serve(r *http.Request) (proto.Response, error) {
	q, err := proto.Ask(r, "")
	if err != nil {
		return proto.Response{}, err
	}
	found, err := p.resolver.Resolve(r.Context(), q)
	if err != nil {
		return proto.Response{}, err
	}
	doc, err := p.memo.Get(found, Render)
	if err != nil {
		return proto.Response{}, err
	}
	return proto.Response{
		Status:      http.StatusOK,
		ContentType: "application/json",
		Header:      p.header,
		Body:        doc.Body,
		ETag:        doc.ETag,
		Domain:      found.Domain,
	}, nil
}
