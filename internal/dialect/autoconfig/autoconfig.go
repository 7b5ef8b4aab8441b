package autoconfig

import (
	"net/http"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// The path that clients ask on autoconfig.<domain>, over https and http.
const mainPath = "/mail/config-v1.1.xml"

type autoconfig struct {
	resolver dialect.Resolver
	memo     *dialect.Memo
	header   http.Header // of a response that caches may store
}

// New returns the dialect.
func New(r dialect.Resolver) dialect.Dialect {
	a := &autoconfig{resolver: r, memo: dialect.NewMemo(), header: http.Header{"Cache-Control": {"public, max-age=3600"}}}
	get := []string{http.MethodGet}
	return dialect.Dialect{
		Name:      "autoconfig",
		Render:    dialect.IgnoreChoice(Render),
		AnyOrigin: true,
		Endpoints: []dialect.Endpoint{
			{Path: mainPath, Methods: get, Serve: a.forAddress},
			{Path: "/.well-known/autoconfig/mail/config-v1.1.xml", Methods: get, Serve: a.forAddress},
			{Path: "/.well-known/mail-v1.xml", Methods: get, Serve: a.forAddress},   // GNOME Online Accounts
			{Path: "/v1.1/mail/config-v1.1.xml", Methods: get, Serve: a.forAddress}, // Nine on Android
			{Path: "/v1.1/{domain}", Methods: get, Serve: a.forDomain},              // mailnews.auto_config_url
		},
	}
}

// forAddress answers for the address in the query, or for the domain of the host
// name.
func (a *autoconfig) forAddress(r *http.Request) (dialect.Response, error) {
	addr, err := dialect.QueryAddress(r, "emailaddress")
	if err != nil {
		return dialect.Response{}, err
	}
	q, err := dialect.Ask(r, addr)
	if err != nil && !strings.Contains(addr, "@") {
		return a.forCutAddress(r, addr, err)
	}
	if err != nil {
		return dialect.Response{}, err
	}
	// Thunderbird requests this path on autoconfig.<domain of the MX> when a
	// domain has no autoconfig of its own. The MX thus vouches for this server.
	if addr != "" && r.URL.Path == mainPath && strings.HasPrefix(string(dialect.HostName(r)), "autoconfig.") {
		q.Host = dialect.HostDomain(r)
	}
	return a.answer(r, q)
}

// forCutAddress answers for the domain of the host name when the address in the
// query has lost its @: Nextcloud Mail and FairEmail send addresses unescaped, so
// that an & ends them early. The clients fill in the address themselves. refused is
// returned when the address is more broken than that or the domain is unknown.
func (a *autoconfig) forCutAddress(r *http.Request, cut string, refused error) (dialect.Response, error) {
	host := dialect.HostDomain(r)
	if _, err := address.Parse(cut + "@" + string(host)); err != nil {
		return dialect.Response{}, refused
	}
	response, err := a.answer(r, settings.Query{Host: host})
	if settings.KindOf(err) == settings.UnknownDomain {
		return dialect.Response{}, refused
	}
	return response, err
}

// forDomain answers for the domain in the path, like an ISPDB.
func (a *autoconfig) forDomain(r *http.Request) (dialect.Response, error) {
	d, err := address.ParseDomain(r.PathValue("domain"))
	if err != nil {
		return dialect.Response{}, settings.Errorf(settings.BadRequest, "%v", err)
	}
	return a.answer(r, settings.Query{Domain: d})
}

func (a *autoconfig) answer(r *http.Request, q settings.Query) (dialect.Response, error) {
	found, err := a.resolver.Resolve(r.Context(), q)
	if err != nil {
		return dialect.Response{}, err
	}
	// Thunderbird parses XML types only; the charset is for the others.
	return a.memo.Answer(found, "text/xml; charset=utf-8", a.header, Render)
}
