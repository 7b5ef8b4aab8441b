package doctor

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
	"github.com/waymark-mail/waymark/internal/clients/pox"
	"github.com/waymark-mail/waymark/internal/dnslookup"
)

// advertised lists every server that a document names, also those that no client
// prefers.
func (d document) advertised(address string) []client.Server {
	var all []client.Server
	switch d.format {
	case client.Autoconfig:
		root, err := markup.Parse(d.content)
		if err != nil {
			return nil
		}
		provider := root.Child("emailProvider")
		if provider == nil {
			return nil
		}
		for _, n := range slices.Concat(provider.Named("incomingServer"), provider.Named("outgoingServer")) {
			port, err := strconv.Atoi(strings.TrimSpace(n.TextOf("port")))
			security, ok := map[string]client.Security{"SSL": client.TLS, "STARTTLS": client.STARTTLS, "plain": client.Plaintext}[n.TextOf("socketType")]
			if err == nil && ok && !strings.Contains(n.TextOf("hostname"), "%") {
				all = append(all, client.Server{Protocol: n.Attr("type"), Host: n.TextOf("hostname"), Port: port, Security: security})
			}
		}
	case client.Autodiscover, client.JSON:
		account, err := pox.Read(d.content)
		if err != nil {
			return nil
		}
		for _, block := range account.Protocols {
			if s := block.Server(address); slices.Contains([]string{"IMAP", "POP3", "SMTP"}, block.Type) {
				s.Protocol = map[string]string{"IMAP": "imap", "POP3": "pop3", "SMTP": "smtp"}[block.Type]
				all = append(all, s)
			}
		}
	case client.PACC, client.Profile, client.WellKnown, client.Records:
		all = append(all, d.contact.Incoming, d.contact.Outgoing)
	}
	return slices.DeleteFunc(all, func(s client.Server) bool { return s.Host == "" })
}

// compareDocuments finds documents that lead to another server than autoconfig.
func (x *examination) compareDocuments(documents []document) {
	var reference []client.Server
	from := ""
	for _, d := range documents {
		if d.format == client.Autoconfig {
			reference, from = d.advertised(x.address), d.url
			break
		}
	}
	for _, d := range documents {
		for _, s := range []client.Server{d.contact.Incoming, d.contact.Outgoing} {
			var hosts []string
			for _, r := range reference {
				if r.Protocol == s.Protocol {
					hosts = append(hosts, strings.ToLower(r.Host))
				}
			}
			if s.Host != "" && len(hosts) > 0 && !slices.Contains(hosts, strings.ToLower(s.Host)) {
				x.book.add(fault{"formats-disagree", d.url, fmt.Sprintf("it names %s for %s, and %s names %s", s.Host, s.Protocol, from, strings.Join(hosts, ", ")),
					"Describe the same servers in all formats."}, "")
			}
		}
	}
}

// mailServices lists the SRV records of mail and what a document calls them.
func mailServices() []struct {
	service, protocol string
	security          client.Security
} {
	return []struct {
		service, protocol string
		security          client.Security
	}{
		{"_imaps._tcp", "imap", client.TLS},
		{"_imap._tcp", "imap", client.STARTTLS},
		{"_pop3s._tcp", "pop3", client.TLS},
		{"_pop3._tcp", "pop3", client.STARTTLS},
		{"_submissions._tcp", "smtp", client.TLS},
		{"_submission._tcp", "smtp", client.STARTTLS},
		{"_sieve._tcp", managesieve, client.STARTTLS},
	}
}

// examineServices checks the SRV records themselves, and compares those of mail
// with the documents.
func (x *examination) examineServices(ctx context.Context, documents []document) (named []client.Server) {
	var advertised []client.Server
	for _, d := range documents {
		advertised = append(advertised, d.advertised(x.address)...)
	}
	for _, m := range mailServices() {
		name := m.service + "." + x.domain
		records := x.services(ctx, name)
		var offered []string
		for _, s := range advertised {
			if s.Protocol == m.protocol && s.Security == m.security {
				offered = append(offered, fmt.Sprintf("%s:%d", strings.ToLower(s.Host), s.Port))
			}
		}
		for _, r := range records {
			at := fmt.Sprintf("%s:%d", r.Target, r.Port)
			switch {
			case r.Target == "." && len(offered) > 0:
				x.book.add(fault{"srv-denies-offered", name, "it declares that the service does not exist, and documents name " + offered[0],
					fmt.Sprintf("Publish %s. SRV 0 1 %s", name, srvOf(offered[0]))}, "")
			case r.Target == ".":
			case len(offered) > 0 && !slices.Contains(offered, at):
				x.book.add(fault{"srv-differs", name, fmt.Sprintf("it names %s, and documents name %s", at, strings.Join(slices.Compact(slices.Sorted(slices.Values(offered))), ", ")),
					fmt.Sprintf("Publish %s. SRV 0 1 %s", name, srvOf(offered[0]))}, "")
			}
			if r.Target != "." {
				named = append(named, client.Server{Protocol: m.protocol, Host: r.Target, Port: int(r.Port), Security: m.security})
			}
		}
	}
	for _, service := range []string{"_caldavs._tcp", "_carddavs._tcp", "_jmap._tcp", "_autodiscover._tcp"} {
		name := service + "." + x.domain
		for _, r := range x.services(ctx, name) {
			if service == "_autodiscover._tcp" && r.Target != "." && r.Port != 443 {
				x.book.add(fault{"srv-autodiscover-port", name, fmt.Sprintf("it names port %d, and clients use 443 whatever it names", r.Port), fmt.Sprintf("Publish %s. SRV 0 0 443 %s.", name, r.Target)}, "")
			}
		}
	}
	return named
}

// srvOf writes "host:port" as the end of an SRV record.
func srvOf(at string) string {
	host, port, _ := strings.Cut(at, ":")
	return port + " " + host + "."
}

// services returns the SRV records of a name, and checks their targets (RFC 2782).
func (x *examination) services(ctx context.Context, name string) []dnslookup.Record {
	answer, err := x.net.lookup(ctx, name, dnslookup.SRV)
	if err != nil {
		x.book.add(fault{"dns-failure", name, err.Error(), "Make the name servers of " + x.domain + " answer."}, "")
		return nil
	}
	for _, r := range answer.Records {
		if r.Target == "." {
			if len(answer.Records) > 1 {
				x.book.add(fault{"srv-contradiction", name, "one record declares that the service does not exist, and another names a server", "Remove one of them."}, "")
			}
			continue
		}
		alias, err := x.net.lookup(ctx, r.Target, dnslookup.CNAME)
		if err == nil && len(alias.Records) > 0 {
			x.book.add(fault{"srv-target-alias", name, fmt.Sprintf("its target %s is an alias of %s, which RFC 2782 forbids", r.Target, alias.Records[0].Target),
				fmt.Sprintf("Publish %s. SRV %d %d %d %s.", name, r.Priority, r.Weight, r.Port, alias.Records[0].Target)}, "")
		}
	}
	return answer.Records
}
