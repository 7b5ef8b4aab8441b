package clients

import (
	"strconv"
	"strings"
)

// ThunderbirdAndroid reads autoconfig as Thunderbird for Android (K-9 Mail)
// does: IMAP and SMTP sections alone, the first of each, and a single one with
// anything it does not take rejects the whole file. There is no connection
// without encryption for it.
func ThunderbirdAndroid(document []byte, address string) (Account, error) {
	events, err := pull(document)
	if err != nil {
		return rejects("%v", err)
	}
	p := &k9Parser{events: skipRemarks(events), address: address}
	if err := p.document(); err != nil {
		return Account{}, err
	}
	a := Account{Incoming: p.incoming, Outgoing: p.outgoing}
	for _, s := range []*Server{&a.Incoming, &a.Outgoing} {
		// OAuth2 is dropped for hosts it was not built with.
		ways := strings.Split(s.Auth, " ")
		if ways[0] == oauth2 && !builtIn(s.Host) {
			ways = ways[1:]
		}
		if len(ways) == 0 {
			return rejects("there is nothing but OAuth2, for a host it was not built with")
		}
		s.Auth = ways[0]
	}
	return a, nil
}

type k9Parser struct {
	events             []event
	at                 int
	address            string
	domain             bool
	incoming, outgoing Server
}

// next returns the next event; they never run out before the end tag that a
// caller waits for, since the document is well-formed.
func (p *k9Parser) next() event {
	e := p.events[p.at]
	p.at++
	return e
}

func (p *k9Parser) document() error {
	found := false
	for p.at < len(p.events) {
		e := p.next()
		if e.kind != startElement {
			continue
		}
		if e.name != "clientConfig" {
			p.skip()
			continue
		}
		if err := p.children(func(e event) error {
			if e.name != "emailProvider" {
				p.skip()
				return nil
			}
			found = true
			return p.provider(e)
		}); err != nil {
			return err
		}
	}
	switch {
	case !found:
		return refused("there is no clientConfig with an emailProvider")
	case !p.domain:
		return refused("there is no valid domain")
	case p.incoming.Host == "" || p.outgoing.Host == "":
		return refused("it needs an IMAP and an SMTP section")
	}
	return nil
}

// children calls visit for each element in the one whose start was just read,
// which must read that element to its end.
func (p *k9Parser) children(visit func(event) error) error {
	for {
		switch e := p.next(); e.kind {
		case startElement:
			if err := visit(e); err != nil {
				return err
			}
		case endElement:
			return nil
		case characters, remark:
		}
	}
}

// skip reads to the end of the element whose start was just read.
func (p *k9Parser) skip() {
	_ = p.children(func(event) error { p.skip(); return nil })
}

func (p *k9Parser) provider(e event) error {
	id, ok := e.attr("id")
	if !ok || !isLegalHost(strings.TrimSpace(id)) {
		return refused("the id of the emailProvider is no host name")
	}
	return p.children(func(e event) error {
		switch e.name {
		case "domain":
			text, err := p.text()
			p.domain = p.domain || isLegalHost(strings.TrimSpace(text))
			return err
		case "incomingServer":
			return p.server(e, "imap", &p.incoming)
		case "outgoingServer":
			return p.server(e, "smtp", &p.outgoing)
		}
		p.skip()
		return nil
	})
}

// server reads a section and keeps the first that is complete. A section of
// another type is skipped, one of this type must be without fault.
func (p *k9Parser) server(e event, protocol string, into *Server) error {
	if kind, _ := e.attr("type"); kind != protocol {
		p.skip()
		return nil
	}
	s := Server{Protocol: protocol}
	var ways []string
	username := false
	if err := p.children(func(e event) error {
		switch e.name {
		case "hostname", "port", "username", "authentication", "socketType":
		default:
			p.skip()
			return nil
		}
		text, err := p.text()
		if err != nil {
			return err
		}
		switch e.name {
		case "hostname":
			s.Host = text
			if !isLegalHost(strings.TrimSpace(text)) {
				return refused("a host name is not valid")
			}
		case "port":
			if s.Port, err = strconv.Atoi(text); err != nil || s.Port < 0 || s.Port > 65535 {
				return refused("a port is no number")
			}
		case "username":
			s.User, username = text, true
		case "authentication":
			switch text {
			case "OAuth2":
				ways = append(ways, oauth2)
			case "password-cleartext":
				ways = append(ways, password)
			case "password-encrypted":
				ways = append(ways, challenge)
			}
		case "socketType":
			switch text {
			case "SSL":
				s.Security = TLS
			case "STARTTLS":
				s.Security = STARTTLS
			default:
				return refused("a socketType is neither SSL nor STARTTLS")
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if s.Host == "" || s.Port == 0 || !username || s.Security == "" || len(ways) == 0 {
		return refused("something is missing in a section of type %s", protocol)
	}
	s.Auth = strings.Join(ways, " ")
	if into.Host == "" {
		*into = s
	}
	return nil
}

// text reads the element whose start was just read, fills in placeholders and
// refuses elements in it.
func (p *k9Parser) text() (string, error) {
	text := ""
	for {
		switch e := p.next(); e.kind {
		case startElement:
			return "", refused("there is an element where text should be")
		case endElement:
			local, domain := split(p.address)
			text = strings.ReplaceAll(text, emailDomain, strings.ToLower(domain))
			text = strings.ReplaceAll(text, emailLocalPart, local)
			return strings.ReplaceAll(text, emailAddress, p.address), nil
		case characters:
			text = e.text
		case remark:
		}
	}
}
