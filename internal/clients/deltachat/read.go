package deltachat

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// Read reads autoconfig: names count in any case, sections without host, port and
// user name are skipped, and the first section of each type is tried first. Any
// well-formed XML is an answer, even without a server: the client then asks no
// further URL and guesses. Of a text with references such as &amp; only the last
// piece counts.
func Read(document []byte, address string) (client.Account, error) {
	events, err := markup.Events(document)
	if err != nil {
		return client.Reject("%v", err)
	}
	local, domain := client.SplitAddress(address)
	var a client.Account
	for i := 0; i < len(events); i++ {
		e := events[i]
		name := strings.ToLower(e.Name)
		if e.Kind != markup.Start || name != "incomingserver" && name != "outgoingserver" {
			continue
		}
		s := client.Server{Security: client.Negotiated}
		seen := map[string]bool{}
		for _, attr := range e.Attrs {
			if s.Protocol == "" && strings.EqualFold(attr.Name, "type") {
				s.Protocol = strings.ToLower(attr.Value)
			}
		}
		within := ""
		for i++; i < len(events); i++ {
			e := events[i]
			if e.Kind == markup.End && strings.ToLower(e.Name) == name {
				break
			}
			if e.Kind == markup.Start {
				within = strings.ToLower(e.Name)
			}
			if text := lastPiece(e); text != "" {
				seen[within] = true
				setValue(&s, within, text)
			}
		}
		if !seen["hostname"] || !seen["port"] || !seen["username"] {
			continue
		}
		for _, text := range []*string{&s.Host, &s.User} {
			*text = strings.ReplaceAll(*text, client.EmailAddress, address)
			*text = strings.ReplaceAll(*text, client.EmailLocalPart, local)
			*text = strings.ReplaceAll(*text, client.EmailDomain, domain)
		}
		keepFirst(&a, s)
	}
	if a == (client.Account{}) {
		return client.Ignore("there is no section of type imap or smtp")
	}
	return a, nil
}

// keepFirst keeps the first server of each type.
func keepFirst(a *client.Account, s client.Server) {
	switch {
	case s.Protocol == "imap" && a.Incoming.Host == "":
		a.Incoming = s
	case s.Protocol == "smtp" && a.Outgoing.Host == "":
		a.Outgoing = s
	}
}

var reference = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`&[^;]*;`)
})

// lastPiece returns the last part of some characters, which Delta Chat's parser
// cuts at references; "" when there is only white space.
func lastPiece(e markup.Event) string {
	if e.Kind != markup.Characters || e.CDATA {
		return ""
	}
	last := ""
	for _, piece := range reference().Split(e.Raw, -1) {
		if piece = strings.TrimSpace(piece); piece != "" {
			last = piece
		}
	}
	return last
}

func setValue(s *client.Server, name, text string) {
	switch name {
	case "hostname":
		s.Host = text
	case "port":
		s.Port = portOrNone(text)
	case "username":
		s.User = text
	case "sockettype":
		switch strings.ToLower(text) {
		case "ssl":
			s.Security = client.TLS
		case "starttls":
			s.Security = client.STARTTLS
		case "plain":
			s.Security = client.Plaintext
		default:
			s.Security = client.Negotiated
		}
	}
}

// portOrNone returns a port, or 0 when the text is not one: the client then tries
// the usual ports.
func portOrNone(text string) int {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return int(port)
}

// ReadAutodiscover reads the answer for Outlook: of Type, Server, Port and SSL
// only. The client tries implicit TLS, then STARTTLS on the port, with the address
// as user name.
func ReadAutodiscover(document []byte, address string) (client.Account, error) {
	events, err := markup.Events(document)
	if err != nil {
		return client.Reject("%v", err)
	}
	var a client.Account
	for i := 0; i < len(events); i++ {
		if events[i].Kind == markup.Start && strings.EqualFold(events[i].Name, "redirecturl") {
			return client.Account{}, &client.Refusal{Does: client.AsksAgain, Why: "another server", To: strings.TrimSpace(reference().Split(events[i+1].Raw, 2)[0])}
		}
		if events[i].Kind != markup.Start || !strings.EqualFold(events[i].Name, "protocol") {
			continue
		}
		s := client.Server{Security: client.Negotiated, User: address}
		seen := map[string]bool{}
		within := ""
		for i++; i < len(events); i++ {
			e := events[i]
			if e.Kind == markup.End && strings.EqualFold(e.Name, "protocol") {
				break
			}
			switch e.Kind {
			case markup.Start:
				within = strings.ToLower(e.Name)
			case markup.End:
				within = ""
			case markup.Characters, markup.Remark:
			}
			text := lastPiece(e)
			if text == "" {
				continue
			}
			seen[within] = true
			switch within {
			case "type":
				s.Protocol = strings.ToLower(text)
			case "server":
				s.Host = text
			case "port":
				s.Port = portOrNone(text)
			case "ssl":
				if s.Security = client.Negotiated; text == "off" { // in lower case only
					s.Security = client.Plaintext
				}
			}
		}
		if seen["type"] && seen["server"] && seen["port"] {
			keepFirst(&a, s)
		}
	}
	if a == (client.Account{}) {
		return client.Ignore("there is no block of type IMAP or SMTP")
	}
	return a, nil
}
