package doctor

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/clients"
	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/dnslookup"
)

// Options configure an examination.
type Options struct {
	Domain address.Domain
	// Address is what a user would type; the zero value for a made-up one.
	Address  address.Address
	Resolver *dnslookup.Resolver
	Timeout  time.Duration  // of the whole examination; 0 for 30 s
	Roots    *x509.CertPool // that servers are verified with; nil for the roots of the machine
	Clients  []string       // names of clients, as Clients lists them; none for all
	Sections []string       // that run, as Sections lists them; none for all
	// Selectors are those of the DKIM keys to check.
	Selectors []string
	// AllowPrivate lets the doctor connect to addresses that are not public.
	AllowPrivate bool
	// ConnectTo has the addresses to use for a host and port, by "host:port".
	ConnectTo map[string][]netip.AddrPort
	// Only lists the servers to connect to, as "host:port"; nil for all. Another mail
	// server is a finding, and another web server does not exist.
	Only []string
	// Progress is called with the name of the next part of the examination, unless it is nil.
	Progress func(what string)
	Now      time.Time

	// patience returns how long to wait for the answer of a URL or mail server, in
	// tests; 0 for the default.
	patience func(where string) time.Duration
	// connections bounds those to one web server at a time, in tests; 0 for no bound.
	connections int
}

const defaultTimeout = 30 * time.Second

// The sections of an examination.
const (
	sectionClients  = "clients"
	sectionServers  = "servers"
	sectionDAV      = "dav"
	sectionRecords  = "records"
	sectionSecurity = "security"
)

// Sections lists the parts of an examination.
func Sections() []string {
	return []string{sectionClients, sectionServers, sectionDAV, sectionRecords, sectionSecurity}
}

// Clients lists the names of the clients.
func Clients() []string {
	var names []string
	for _, c := range clients.All() {
		names = append(names, c.Name)
	}
	return names
}

// examination is one run.
type examination struct {
	domain  string
	address string
	options Options
	net     *network
	web     *web

	mu     sync.Mutex
	book   safeBook
	offers map[server]func() offer
}

// safeBook is a book that several goroutines write.
type safeBook struct {
	mu sync.Mutex
	book
}

func (b *safeBook) add(f fault, client string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.book.add(f, client)
}

// Examine examines a domain. It never fails: what cannot be examined is a finding.
func Examine(ctx context.Context, o Options) Report {
	timeout := cmp.Or(o.Timeout, defaultTimeout)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	x := &examination{domain: string(o.Domain), options: o, offers: map[server]func() offer{}}
	x.address = o.Address.String()
	if o.Address.Local == "" {
		x.address = "someone@" + x.domain
	}
	x.net = &network{resolver: o.Resolver, roots: o.Roots, allowPrivate: o.AllowPrivate, connectTo: o.ConnectTo, only: o.Only, now: o.Now, patience: o.patience}
	x.web = newWeb(x.net, o.connections, func(f fault) { x.book.add(f, "") })
	defer x.web.client.CloseIdleConnections()
	x.book.order = Clients()

	report := Report{Domain: x.domain, Verdicts: []Verdict{}}
	if f := x.domainFault(ctx); f != nil {
		x.book.add(*f, "")
	} else {
		var security sync.WaitGroup
		if x.runs(sectionSecurity) {
			x.progress("the records that protect mail")
			security.Go(func() { x.security(ctx) })
		}
		report.Verdicts = x.clients(ctx)
		security.Wait()
	}
	// A lookup may end a moment before the context does.
	if deadline, _ := ctx.Deadline(); ctx.Err() != nil || !time.Now().Before(deadline) {
		x.book.add(fault{"incomplete", x.domain, fmt.Sprintf("the examination did not end within %v", timeout), "Run it again with a longer --timeout, and see which step takes long."}, "")
	}
	report.Findings = x.book.findings()
	if len(report.Findings) > 0 && report.Findings[0].Severity != Info {
		report.FixFirst = report.Findings[0].ID
	}
	return report
}

func (x *examination) runs(section string) bool {
	return len(x.options.Sections) == 0 || slices.Contains(x.options.Sections, section)
}

func (x *examination) progress(what string) {
	if x.options.Progress != nil {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.options.Progress(what)
	}
}

// domainFault returns why nothing else can be examined.
func (x *examination) domainFault(ctx context.Context) *fault {
	answer, err := x.net.lookup(ctx, x.domain, dnslookup.MX)
	switch {
	case err != nil:
		return &fault{"dns-failure", x.domain, err.Error(), "Check the name servers of " + x.domain + ", its delegation and DNSSEC."}
	case !answer.Exists:
		return &fault{"domain-not-found", x.domain, "the domain does not exist", "Check its spelling, and that it is registered and delegated."}
	}
	return nil
}

// clients lets every client look for the account, then tests what each has found.
func (x *examination) clients(ctx context.Context) []Verdict {
	if !x.runs(sectionClients) {
		if x.runs(sectionRecords) {
			x.examineServices(ctx, nil)
		}
		return []Verdict{}
	}
	var journeys []*journey
	var all sync.WaitGroup
	for _, c := range clients.All() {
		if len(x.options.Clients) > 0 && !slices.Contains(x.options.Clients, c.Name) {
			continue
		}
		j := &journey{client: c}
		journeys = append(journeys, j)
		x.progress(c.Name)
		all.Go(func() { *j = *x.follow(ctx, c, x.address, true) })
	}
	all.Wait()

	var documents []document
	for _, j := range journeys {
		for _, d := range j.documents {
			if !slices.ContainsFunc(documents, func(o document) bool { return o.url == d.url }) {
				documents = append(documents, d)
			}
		}
		if j.found && j.format == client.PACC {
			x.digest(ctx, j)
		}
		x.completeness(j)
	}
	x.httpOnly(journeys)
	x.compareDocuments(documents)
	x.conformance(documents)
	var named []client.Server
	if x.runs(sectionRecords) {
		named = x.examineServices(ctx, documents)
	}
	if x.runs(sectionServers) {
		x.servers(ctx, journeys, documents, named)
		x.examineJMAP(ctx, documents)
	}
	if x.runs(sectionDAV) {
		x.progress("calendars and contacts")
		x.examineCollections(ctx, journeys)
	} else {
		journeys = slices.DeleteFunc(journeys, func(j *journey) bool { return formatOf(j.client, x.address) == client.WellKnown })
	}
	return x.verdicts(journeys)
}

// completeness asks for the other half of an account that has only one, and for
// the user name.
func (x *examination) completeness(j *journey) {
	if !j.found || j.format == client.PACC || j.format == client.WellKnown {
		return
	}
	for protocol, s := range map[string]client.Server{"reading mail": j.account.Incoming, "sending mail": j.account.Outgoing} {
		if s.Host == "" {
			j.breaks = append(j.breaks, fault{kindOf(j.format).id + "-incomplete", j.url, "the document names no server for " + protocol, "Describe a server for " + protocol + " in the document."})
		}
	}
	if in := j.account.Incoming; in.Host != "" && in.User == "" && !j.client.TypedLogin {
		j.asks = append(j.asks, fault{"login-not-named", j.url, "the client finds no user name that it understands in the document, and asks for it", "Write the user name as exactly one placeholder, such as %EMAILADDRESS%."})
	}
}

// httpOnly explains to clients that need https why they found nothing where others
// did.
func (x *examination) httpOnly(journeys []*journey) {
	overTLS := slices.ContainsFunc(journeys, func(j *journey) bool {
		return j.found && j.format == client.Autoconfig && strings.HasPrefix(j.url, "https://")
	})
	for _, found := range journeys {
		if overTLS || !found.found || found.format != client.Autoconfig || !strings.HasPrefix(found.url, "http://") {
			continue
		}
		f := fault{"autoconfig-http-only", found.url, "the document is served over plain http, and not over https", "Get a certificate for " + hostOf(found.url) + ", and serve the same document over https."}
		x.book.add(f, "")
		for _, j := range journeys {
			if !j.found && len(j.obstacles) == 0 && formatOf(j.client, x.address) == client.Autoconfig {
				j.obstacles = append(j.obstacles, f)
			}
		}
		return
	}
}

// offerOf probes a server once.
func (x *examination) offerOf(ctx context.Context, s server) offer {
	x.mu.Lock()
	once, ok := x.offers[s]
	if !ok {
		once = sync.OnceValue(func() offer { return x.probe(ctx, s) })
		x.offers[s] = once
	}
	x.mu.Unlock()
	return once()
}

// servers probes the servers of every account, of the documents and of the SRV
// records, at the same time.
func (x *examination) servers(ctx context.Context, journeys []*journey, documents []document, named []client.Server) {
	x.progress("the mail servers")
	others := named
	for _, d := range documents {
		others = append(others, d.advertised(x.address)...)
	}
	var all sync.WaitGroup
	for _, j := range journeys {
		all.Go(func() {
			for _, s := range []client.Server{j.account.Incoming, j.account.Outgoing} {
				if s.Host == "" {
					continue
				}
				breaks, warnings := x.examineServer(ctx, s)
				j.breaks = append(j.breaks, breaks...)
				for _, f := range warnings {
					if f.id == "plaintext-advertised" {
						j.asks = append(j.asks, f) // clients warn about it
						continue
					}
					x.book.add(f, "")
				}
			}
		})
	}
	all.Wait()
	for _, s := range others {
		all.Go(func() {
			breaks, warnings := x.examineServer(ctx, s)
			for _, f := range append(breaks, warnings...) {
				x.book.add(f, "")
			}
		})
	}
	all.Wait()
}

// verdicts decides what each client does, and records the faults to blame. A
// fault breaks no client that found settings elsewhere.
func (x *examination) verdicts(journeys []*journey) []Verdict {
	var all []Verdict
	for _, j := range journeys {
		outcome, faults := j.judgement(x.domain, x.address)
		v := Verdict{Client: j.client.Name, Verdict: outcome, Findings: []string{}, Steps: append([]Step{}, j.steps...)}
		for _, f := range faults {
			if f.id == absent {
				continue
			}
			x.book.add(f, j.client.Name)
			if !slices.Contains(v.Findings, f.id) {
				v.Findings = append(v.Findings, f.id)
			}
		}
		if outcome == Works || outcome == Question {
			for _, f := range j.obstacles {
				x.book.add(f, "")
			}
		}
		if outcome == Broken {
			for _, f := range j.asks {
				x.book.add(f, "")
			}
		}
		all = append(all, v)
	}
	return all
}
