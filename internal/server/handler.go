package server

import (
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/internal/tracing"
)

// Options configure New.
type Options struct {
	Dialects          []dialect.Dialect
	TrustedProxies    []netip.Prefix   // their forwarding headers are trusted
	ForwardedHost     bool             // X-Forwarded-Host, too
	Hosts             []address.Domain // besides local names, the only ones that are answered; nil for every name
	RequestsPerMinute int              // per client address; 0 for no limit
	StrictPerMinute   int              // the same for strict endpoints alone
	RequestsAtOnce    int              // of all clients; 0 for no limit
	Remote            Remote           // in the log
	Metrics           *telemetry.Metrics
	Tracer            *tracing.Tracer // nil for no traces
	Log               *zap.Logger
}

type handler struct {
	*chi.Mux
	unclaimed string            // dialect label of requests that no dialect answers
	claimed   map[string]string // path to the dialect that has it
	trusted   []netip.Prefix
	hosts     []address.Domain
	fwdHost   bool     // whether X-Forwarded-Host counts
	folded    []string // path prefixes that are matched in any case
	limiter   *limiter
	strict    *limiter // for strict endpoints
	metrics   *telemetry.Metrics
	tracer    *tracing.Tracer
	log       *zap.Logger
	remote    Remote
	sparing   *sparing
	shared    *sharedLimit
	ids       *requestIDs
	packer    packer

	work    *budget // requests that are being served
	streams *budget // HTTP/2 requests that are open, also while they wait
	bodies  *budget // bytes of bodies
}

// New returns the handler of the public listeners: every endpoint of every
// dialect, on every host name. It panics when two dialects claim one path.
func New(o Options) http.Handler {
	return newHandler(o, "none", nil)
}

func newHandler(o Options, unclaimed string, middlewares chi.Middlewares) *handler {
	h := &handler{
		Mux:       chi.NewRouter(),
		unclaimed: unclaimed,
		claimed:   map[string]string{},
		trusted:   o.TrustedProxies,
		hosts:     o.Hosts,
		fwdHost:   o.ForwardedHost,
		metrics:   o.Metrics,
		tracer:    o.Tracer,
		log:       o.Log,
		remote:    o.Remote,
		sparing:   newSparing(o.Log, zap.WarnLevel),
		shared:    &sharedLimit{log: o.Log},
		ids:       newRequestIDs(),

		limiter: newLimiter(o.RequestsPerMinute),
		strict:  newLimiter(o.StrictPerMinute),
		work:    newBudget(o.RequestsAtOnce),
		streams: newBudget(streamsPerRequest * o.RequestsAtOnce),
		bodies:  newBudget(maxBodies),
	}
	h.Use(middlewares...)
	for _, d := range o.Dialects {
		h.mount(d)
	}
	h.NotFound(func(w http.ResponseWriter, r *http.Request) { h.stray(w, r, errNotFound) })
	return h
}

const (
	// maxHost is the length of the longest domain with a port.
	maxHost = 253 + len(":65535")
	// maxParameters bounds the query: a profile has at most ten mailboxes and twenty aliases.
	maxParameters = 100
)

// ServeHTTP determines the client, sets scheme and host to what it used, limits host, query and
// body, and has the router match the path alone: the endpoint matches the method, so that
// a 405 can list what is allowed and a PROPFIND can be redirected.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, r := called(r, h.trusted)
	c.route.Routes = h
	defer func() {
		if v := recover(); v != nil { // outside of a dialect; net/http would log the value
			h.failed(w, r, &exchange{err: &panicked{v, debug.Stack()}})
		}
	}()
	applyForwarded(r, c.proxied, h.fwdHost)
	if len(r.Host) > maxHost {
		h.stray(w, r, errLongHost)
		return
	}
	if strings.Count(r.URL.RawQuery, "&") >= maxParameters {
		h.stray(w, r, errManyParameters)
		return
	}
	if h.hosts != nil && !isLocalName(r) && !slices.Contains(h.hosts, dialect.HostName(r)) {
		h.stray(w, r, errUnknownHost)
		return
	}
	if r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	}
	if r.ProtoMajor >= 2 {
		if !h.streams.take(c.network, 1) {
			h.failed(w, r, &exchange{err: errOverloaded, bare: true})
			return
		}
		defer h.streams.give(c.network, 1)
	}
	c.route.RouteMethod = http.MethodGet
	c.route.RoutePath = h.foldedPath(r)
	h.Mux.ServeHTTP(w, r)
}

// streamsPerRequest is how many HTTP/2 requests may be open, most of them waiting
// for their client, for each that may be served at once: one that neither sends its
// bodies nor reads its answers can hold a hundred on each connection. An HTTP/1
// connection has one request, so the limit of connections is enough.
const streamsPerRequest = 2

// foldedPath returns the path in lower case where clients write it in any
// case: Outlook, Gmail and iOS ask for /Autodiscover/, /AutoDiscover/ and
// /autodiscover/. Elsewhere it returns "", which leaves the path unchanged.
func (h *handler) foldedPath(r *http.Request) string {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	for _, prefix := range h.folded {
		if len(path) >= len(prefix) && strings.EqualFold(path[:len(prefix)], prefix) {
			return strings.ToLower(path)
		}
	}
	return ""
}

// mount adds the endpoints of one dialect. Several endpoints may share a path
// with different methods.
func (h *handler) mount(d dialect.Dialect) {
	byPath := map[string][]dialect.Endpoint{}
	for _, e := range d.Endpoints {
		if e.FoldCase {
			e.Path = strings.ToLower(e.Path)
			h.fold(e.Path)
		}
		byPath[e.Path] = append(byPath[e.Path], e)
	}
	for path, endpoints := range byPath {
		if other, taken := h.claimed[path]; taken {
			panic("server: " + d.Name + " and " + other + " both claim " + path)
		}
		h.claimed[path] = d.Name
		h.Get(path, h.endpoint(d, path, endpoints))
	}
}

// fold has paths with the first segment of path matched in any case.
func (h *handler) fold(path string) {
	segment, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	prefix := "/" + segment + "/"
	if !slices.Contains(h.folded, prefix) {
		h.folded = append(h.folded, prefix)
	}
}

// allowed returns the endpoint for a method, or else the allowed methods.
func allowed(endpoints []dialect.Endpoint, method string) (dialect.Endpoint, []string) {
	var methods []string
	for _, e := range endpoints {
		if len(e.Methods) == 0 || slices.Contains(e.Methods, method) ||
			method == http.MethodHead && slices.Contains(e.Methods, http.MethodGet) {
			return e, nil
		}
		methods = append(methods, e.Methods...)
		if slices.Contains(e.Methods, http.MethodGet) {
			methods = append(methods, http.MethodHead)
		}
	}
	return dialect.Endpoint{}, methods
}
