package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/dnslookup"
)

// examineJMAP tests that a JMAP service answers at every session URL that is named
// (RFC 8620 section 2.2). No client here uses it, so it breaks none.
func (x *examination) examineJMAP(ctx context.Context, documents []document) {
	var urls []string
	if answer, err := x.net.lookup(ctx, "_jmap._tcp."+x.domain, dnslookup.SRV); err == nil {
		for _, r := range answer.Records {
			if r.Target != "." {
				urls = append(urls, originAt(r)+"/.well-known/jmap")
			}
		}
	}
	for _, d := range documents {
		if at := webServices(d)["jmap"]; at != "" {
			urls = append(urls, at)
		}
	}
	slices.Sort(urls)
	for _, at := range slices.Compact(urls) {
		a := x.web.ask(ctx, client.Get(client.Domain, at))
		switch {
		case a.fault != nil && a.fault.id == absent:
			x.noted("host-no-address", at, a.fault.fix, "%s", a.fault.seen)
		case a.fault != nil && a.fault.id[0] != '-':
			x.book.add(*a.fault, "")
		case a.fault != nil || a.status != http.StatusUnauthorized && a.status != http.StatusOK || isHTML(a):
			x.noted("jmap-no-service", at, "Correct the URL, or let the web server pass it to the service.", "a session resource asks for a password, and this URL does not: %s", a.summary())
		}
	}
}

// webServices returns the URLs of services that a PACC document names, by protocol.
func webServices(d document) map[string]string {
	var content struct {
		Protocols map[string]struct {
			URL string `json:"url"`
		} `json:"protocols"`
	}
	if d.format != client.PACC || json.Unmarshal(d.content, &content) != nil {
		return nil
	}
	urls := map[string]string{}
	for name, service := range content.Protocols {
		urls[name] = service.URL
	}
	return urls
}

// examineResources compares the metadata of protected resources with the issuer that
// the PACC document names (RFC 9728). A service may have none.
func (x *examination) examineResources(ctx context.Context, d document, issuer string) {
	for name, resource := range webServices(d) {
		u, err := url.Parse(resource)
		if err != nil {
			continue
		}
		path := u.EscapedPath() // which keeps its final slash, unlike that of an issuer
		if path == "/" {
			path = ""
		}
		at := wellKnown(u, "oauth-protected-resource", path)
		a := x.web.ask(ctx, client.Get(client.Domain, at))
		if a.fault != nil || a.status != http.StatusOK || isHTML(a) {
			continue
		}
		var metadata struct {
			Resource string   `json:"resource"`
			Servers  []string `json:"authorization_servers"`
		}
		switch {
		case json.Unmarshal(a.body, &metadata) != nil:
			x.noted("oauth-resource-unreadable", at, "Publish the metadata of the resource (RFC 9728), or return 404.", "the metadata of %s is not a JSON object", name)
		case metadata.Resource != resource:
			x.noted("oauth-resource-mismatch", at, fmt.Sprintf("Set \"resource\" to %q.", resource), "the metadata is of the resource %q, and the document names %q", metadata.Resource, resource)
		case len(metadata.Servers) > 0 && !slices.Contains(metadata.Servers, issuer):
			x.noted("oauth-resource-mismatch", at, fmt.Sprintf("Add %q to \"authorization_servers\".", issuer), "the service accepts other issuers than %q, which the PACC document names", issuer)
		}
	}
}
