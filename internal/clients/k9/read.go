package k9

import (
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// Read reads autoconfig: the first IMAP section and the first SMTP section. One
// faulty section of these types rejects the whole file, and so does plaintext.
func Read(document []byte, address string) (client.Account, error) {
	events, err := markup.Events(document)
	if err != nil {
		return client.Reject("%v", err)
	}
	p := &parser{events: markup.SkipRemarks(events), address: address}
	if err := p.document(); err != nil {
		return client.Account{}, err
	}
	a := client.Account{Incoming: p.incoming, Outgoing: p.outgoing}
	for _, s := range []*client.Server{&a.Incoming, &a.Outgoing} {
		// OAuth2 does not count for hosts without built-in endpoints.
		ways := strings.Split(s.Auth, " ")
		if ways[0] == client.OAuth2 && !client.HasOAuth2(s.Host) {
			ways = ways[1:]
		}
		if len(ways) == 0 {
			return client.Reject("OAuth2 is the only way to log in, and the host has no built-in endpoints")
		}
		s.Auth = ways[0]
	}
	return a, nil
}

type parser struct {
	events             []markup.Event
	at                 int
	address            string
	domain             bool
	incoming, outgoing client.Server
}

// next returns the next event. There is one up to the end tag that a caller
// waits for, since the document is well-formed.
func (p *parser) next() markup.Event {
	e := p.events[p.at]
	p.at++
	return e
}

func (p *parser) document() error {
	found := false
	for p.at < len(p.events) {
		e := p.next()
		if e.Kind != markup.Start {
			continue
		}
		if e.Name != "clientConfig" {
			p.skip()
			continue
		}
		if err := p.children(func(e markup.Event) error {
			if e.Name != "emailProvider" {
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
		return client.Rejected("there is no clientConfig with an emailProvider")
	case !p.domain:
		return client.Rejected("there is no valid domain")
	case p.incoming.Host == "" || p.outgoing.Host == "":
		return client.Rejected("it needs an IMAP and an SMTP section")
	}
	return nil
}

// children calls visit for each child of the element whose start was just read.
// visit must read the child to its end.
func (p *parser) children(visit func(markup.Event) error) error {
	for {
		switch e := p.next(); e.Kind {
		case markup.Start:
			if err := visit(e); err != nil {
				return err
			}
		case markup.End:
			return nil
		case markup.Characters, markup.Remark:
		}
	}
}

// skip reads to the end of the element whose start was just read.
func (p *parser) skip() {
	_ = p.children(func(markup.Event) error { p.skip(); return nil })
}

func (p *parser) provider(e markup.Event) error {
	id, ok := e.Attr("id")
	if !ok || !client.IsHostName(strings.TrimSpace(id)) {
		return client.Rejected("the id of the emailProvider is not a host name")
	}
	return p.children(func(e markup.Event) error {
		switch e.Name {
		case "domain":
			text, err := p.text()
			p.domain = p.domain || client.IsHostName(strings.TrimSpace(text))
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

// server reads a section and keeps the first of its protocol. Sections of other
// types are skipped.
func (p *parser) server(e markup.Event, protocol string, into *client.Server) error {
	if kind, _ := e.Attr("type"); kind != protocol {
		p.skip()
		return nil
	}
	s := client.Server{Protocol: protocol}
	var ways []string
	username := false
	if err := p.children(func(e markup.Event) error {
		switch e.Name {
		case "hostname", "port", "username", "authentication", "socketType":
		default:
			p.skip()
			return nil
		}
		text, err := p.text()
		if err != nil {
			return err
		}
		switch e.Name {
		case "hostname":
			s.Host = text
			if !client.IsHostName(strings.TrimSpace(text)) {
				return client.Rejected("a host name is not valid")
			}
		case "port":
			if s.Port, err = strconv.Atoi(text); err != nil || s.Port < 0 || s.Port > 65535 {
				return client.Rejected("a port is not a number from 0 to 65535")
			}
		case "username":
			s.User, username = text, true
		case "authentication":
			switch text {
			case "OAuth2":
				ways = append(ways, client.OAuth2)
			case "password-cleartext":
				ways = append(ways, client.Password)
			case "password-encrypted":
				ways = append(ways, client.PasswordChallenge)
			}
		case "socketType":
			switch text {
			case "SSL":
				s.Security = client.TLS
			case "STARTTLS":
				s.Security = client.STARTTLS
			default:
				return client.Rejected("a socketType is neither SSL nor STARTTLS")
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if s.Host == "" || s.Port == 0 || !username || s.Security == "" || len(ways) == 0 {
		return client.Rejected("a section of type %s is incomplete", protocol)
	}
	s.Auth = strings.Join(ways, " ")
	if into.Host == "" {
		*into = s
	}
	return nil
}

// text returns the text of the element whose start was just read, placeholders
// filled in. A child element is an error.
func (p *parser) text() (string, error) {
	text := ""
	for {
		switch e := p.next(); e.Kind {
		case markup.Start:
			return "", client.Rejected("there is an element in place of text")
		case markup.End:
			local, domain := client.SplitAddress(p.address)
			text = strings.ReplaceAll(text, client.EmailDomain, strings.ToLower(domain))
			text = strings.ReplaceAll(text, client.EmailLocalPart, local)
			return strings.ReplaceAll(text, client.EmailAddress, p.address), nil
		case markup.Characters:
			text = e.Text
		case markup.Remark:
		}
	}
}
