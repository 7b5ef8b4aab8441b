package doctor

import (
	"fmt"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// kind is how findings call a kind of document.
type kind struct {
	id         string // that ids of findings begin with
	name       string
	notID      string // the end of the id for another kind of document
	contentTyp string
	publish    string // how to publish it, for a domain
}

// kindOf returns the kind of the document that answers a stage.
func kindOf(f client.Format) kind {
	switch f {
	case client.Autodiscover, client.JSON:
		return kind{"autodiscover", "Autodiscover", "-not-xml", "text/xml; charset=utf-8",
			"Publish a CNAME record for autodiscover.%[1]s, or an SRV record for _autodiscover._tcp.%[1]s, that leads to a server of Autodiscover, with a certificate for its name."}
	case client.PACC:
		return kind{"pacc", "the PACC document", "-not-json", "application/json",
			"Publish a CNAME record for ua-auto-config.%[1]s that leads to a server of the PACC document, with a certificate for that name, and the TXT record _ua-auto-config.%[1]s."}
	case client.Profile:
		return kind{"profile", "the Apple profile", "-not-plist", "application/x-apple-aspen-config",
			"Serve a signed profile at https://autoconfig.%[1]s/profile.mobileconfig, as Waymark does. Apple Mail asks for nothing by itself."}
	case client.WellKnown:
		return kind{id: "dav", name: "calendars and contacts", publish: "Publish SRV records for _caldavs._tcp.%[1]s and _carddavs._tcp.%[1]s, or redirect https://%[1]s/.well-known/caldav and carddav."}
	case client.Autoconfig, client.Records:
	}
	return kind{"autoconfig", "autoconfig", "-not-xml", "text/xml; charset=utf-8",
		"Publish a CNAME record for autoconfig.%[1]s that leads to a server of autoconfig, with a certificate for that name."}
}

// missing returns the fault of a domain without such a document.
func (k kind) missing(domain string) fault {
	return fault{id: k.id + "-missing", where: domain, seen: "the domain does not offer " + k.name, fix: fmt.Sprintf(k.publish, domain)}
}

// of completes a fault whose id depends on the kind of document.
func (k kind) of(f fault) fault {
	if f.id[0] == '-' {
		f.id = k.id + f.id
	}
	return f
}
