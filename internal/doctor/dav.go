package doctor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/davx5"
	"github.com/waymark-mail/waymark/internal/dnslookup"
)

// principal asks who is logged in, as clients do before they log in.
const principal = `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>`

// collections is how the domain offers calendars or contacts.
type collections struct {
	service string // caldav or carddav
	offered bool
	faults  []fault
}

// findCollections follows RFC 6764 section 6: the SRV record and its path, else the
// well-known URL of the domain.
func (x *examination) findCollections(ctx context.Context, service string) collections {
	c := collections{service: service}
	name := "_" + service + "s._tcp." + x.domain
	answer, err := x.net.lookup(ctx, name, dnslookup.SRV)
	if err != nil {
		c.offered = true
		c.faults = append(c.faults, fault{"dns-failure", name, err.Error(), "Make the name servers of " + x.domain + " answer."})
		return c
	}
	if records := mostPreferred(answer.Records); len(records) > 0 && records[0].Target != "." {
		c.offered = true
		at := originAt(records[0])
		path := "/.well-known/" + service
		if texts, err := x.net.lookup(ctx, name, dnslookup.TXT); err == nil {
			for _, text := range texts.Texts("path=") {
				path = text[len("path="):]
			}
		}
		c.faults = append(c.faults, x.collection(ctx, at+path)...)
		return c
	}
	asked := "https://" + x.domain + "/.well-known/" + service
	a := x.web.askOnly(ctx, propfind(asked))
	if a.fault != nil || a.status < 300 || a.status > 399 {
		return c // the website of the domain knows nothing of it
	}
	c.offered = true
	found, err := davx5.Read(asked, a.status, a.location, x.address)
	switch {
	case err != nil:
		c.faults = append(c.faults, fault{"dav-redirect-broken", asked, fmt.Sprintf("it redirects to %q: %v", a.location, err), "Redirect to the https URL of the " + service + " service."})
	case strings.HasPrefix(found.URL, "http://"):
		c.faults = append(c.faults, fault{"dav-redirect-plain", asked, "it redirects to " + found.URL + ", where clients would send the password without encryption", "Redirect to an https URL."})
	default:
		c.faults = append(c.faults, x.collection(ctx, found.URL)...)
	}
	return c
}

// originAt returns the https URL of the target of an SRV record, without a path.
func originAt(r dnslookup.Record) string {
	if r.Port == 443 {
		return "https://" + r.Target
	}
	return "https://" + net.JoinHostPort(r.Target, strconv.Itoa(int(r.Port)))
}

func propfind(at string) client.Question {
	return client.Question{Owner: client.Domain, Method: "PROPFIND", URL: at, Header: http.Header{"Depth": {"0"}, "Content-Type": {"text/xml; charset=utf-8"}}, Body: principal}
}

// collection tests that a DAV service answers at a URL: it asks for a password, or
// answers.
func (x *examination) collection(ctx context.Context, at string) []fault {
	a := x.web.ask(ctx, propfind(at))
	switch {
	case a.fault != nil:
		f := kind{id: "dav"}.of(*a.fault)
		if f.id == absent {
			f.id = "host-no-address"
		}
		return []fault{f}
	case a.status == http.StatusMultiStatus, a.status == http.StatusUnauthorized:
		return nil
	}
	return []fault{{"dav-no-service", at, fmt.Sprintf("PROPFIND returns %d %s, where a service of calendars or contacts asks for a password", a.status, http.StatusText(a.status)),
		"Correct the path, or let the web server pass PROPFIND to the service."}}
}

// examineCollections blames what is wrong on the clients that look for calendars
// and contacts. They have a mail account, so they ask the user for the URL; DAVx5
// has nothing else.
func (x *examination) examineCollections(ctx context.Context, journeys []*journey) {
	services := []collections{x.findCollections(ctx, "caldav"), x.findCollections(ctx, "carddav")}
	for _, j := range journeys {
		plan := j.client.Ask(x.address, client.DNS{})
		searches := slices.ContainsFunc(plan, func(s client.Stage) bool { return s.Format == client.WellKnown })
		onlyDAV := len(plan) == 1
		for _, c := range services {
			if !searches {
				continue
			}
			got := "none"
			if c.offered {
				got = "offered"
			}
			if len(c.faults) > 0 {
				got = c.faults[0].seen
			}
			j.steps = append(j.steps, Step{"search for " + c.service + " (RFC 6764)", got})
			switch {
			case onlyDAV && len(c.faults) > 0:
				j.found, j.breaks = true, append(j.breaks, c.faults...)
			case onlyDAV && c.offered:
				j.found = true
			case len(c.faults) > 0:
				j.asks = append(j.asks, c.faults...)
			}
		}
		for _, d := range []client.DAV{j.account.CalDAV, j.account.CardDAV} {
			if strings.HasPrefix(d.URL, "https://") {
				j.asks = append(j.asks, x.collection(ctx, d.URL)...)
			}
		}
	}
}
