package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// maxBody caps the body of a request in bytes. An Autodiscover request has a
// few hundred.
const maxBody = 64 << 10

// Options are what a Handler is made of.
type Options struct {
	Dialects          []dialect.Dialect
	TrustedProxies    []netip.Prefix // whose forwarding headers are believed
	RequestsPerMinute int            // for each client address; 0 for no limit
	StrictPerMinute   int            // the same for strict endpoints alone
	RequestsAtOnce    int            // of all clients; 0 for no limit
	Metrics           *telemetry.Metrics
	Log               *zap.Logger
}

type handler struct {
	router  *chi.Mux
	trusted []netip.Prefix
	folded  []string // beginnings of paths that are matched in any case
	limiter *limiter
	strict  *limiter // for strict endpoints
	metrics *telemetry.Metrics
	log     *zap.Logger
	ids     *requestIDs

	requests int64        // how many may be under way; 0 for no limit
	atOnce   atomic.Int64 // how many are
}

// New returns the handler of the public listeners: every endpoint of every
// protocol, on every host name. It panics when two protocols claim one path,
// which is a mistake in the code.
func New(o Options) http.Handler {
	h := &handler{
		router:  chi.NewRouter(),
		trusted: o.TrustedProxies,
		metrics: o.Metrics,
		log:     o.Log,
		ids:     newRequestIDs(),

		limiter:  newLimiter(o.RequestsPerMinute),
		strict:   newLimiter(o.StrictPerMinute),
		requests: int64(o.RequestsAtOnce),
	}
	h.router.Use(h.prepare, clientAddress(o.TrustedProxies))
	claimed := map[string]string{}
	for _, p := range o.Dialects {
		h.mount(p, claimed)
	}
	h.router.NotFound(h.notFound)
	return h.router
}

// prepare makes the request say what the client said, caps its body, and tells
// the router to look at the path alone: methods are matched by the endpoint
// itself, so that a 405 can name what is allowed and a PROPFIND gets as far as
// a redirect.
func (h *handler) prepare(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		believeProxies(r, h.trusted)
		if r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		route := chi.RouteContext(r.Context())
		route.RouteMethod = http.MethodGet
		route.RoutePath = h.foldedPath(r)
		next.ServeHTTP(w, r)
	})
}

// foldedPath returns the path in lower case where clients write it in any
// case: Outlook, Gmail and iOS ask for /Autodiscover/, /AutoDiscover/ and
// /autodiscover/. Elsewhere it is "", which leaves the path as it is.
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

// clientAddress returns the middleware that finds the client's address. A
// forwarding header counts only when the peer is a trusted proxy. When it names
// trusted proxies alone, as for a client on the proxy's own machine, the peer
// counts.
func clientAddress(trusted []netip.Prefix) func(http.Handler) http.Handler {
	if len(trusted) == 0 {
		return middleware.ClientIPFromRemoteAddr
	}
	cidrs := make([]string, len(trusted))
	for i, p := range trusted {
		cidrs[i] = p.String()
	}
	return func(next http.Handler) http.Handler {
		peer := middleware.ClientIPFromRemoteAddr(next)
		return middleware.ClientIPFromXFF(cidrs...)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if middleware.GetClientIP(r.Context()) == "" {
				peer.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		}))
	}
}

// mount adds the endpoints of one protocol. Several endpoints may share a
// path with different methods.
func (h *handler) mount(p dialect.Dialect, claimed map[string]string) {
	byPath := map[string][]dialect.Endpoint{}
	for _, e := range p.Endpoints {
		if e.FoldCase {
			e.Path = strings.ToLower(e.Path)
			h.fold(e.Path)
		}
		byPath[e.Path] = append(byPath[e.Path], e)
	}
	for path, endpoints := range byPath {
		if other, taken := claimed[path]; taken {
			panic("server: " + p.Name + " and " + other + " both claim " + path)
		}
		claimed[path] = p.Name
		h.router.Get(path, h.endpoint(p, path, endpoints))
	}
}

// fold has paths that share the first segment of path matched in any case.
func (h *handler) fold(path string) {
	segment, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	prefix := "/" + segment + "/"
	if !slices.Contains(h.folded, prefix) {
		h.folded = append(h.folded, prefix)
	}
}

// allowed returns the endpoint for a method, or the methods there are.
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
