package clients

import (
	"regexp"
	"strconv"
	"strings"
)

// DeltaChat reads autoconfig as Delta Chat does: names in any case, sections
// without host, port and user name are skipped, and the first of each type is
// tried first. Any well-formed XML is an answer, even one without a server:
// then nobody else is asked, and it guesses. Of a text with references such as
// &amp; in it only the last piece counts.
func DeltaChat(document []byte, address string) (Account, error) {
	events, err := pull(document)
	if err != nil {
		return rejects("%v", err)
	}
	local, domain := split(address)
	var a Account
	for i := 0; i < len(events); i++ {
		e := events[i]
		name := strings.ToLower(e.name)
		if e.kind != startElement || name != "incomingserver" && name != "outgoingserver" {
			continue
		}
		s := Server{Security: Negotiated}
		seen := map[string]bool{}
		for _, attr := range e.attrs {
			if s.Protocol == "" && strings.EqualFold(qualified(attr.Name), "type") {
				s.Protocol = strings.ToLower(attr.Value)
			}
		}
		within := ""
		for i++; i < len(events); i++ {
			e := events[i]
			if e.kind == endElement && strings.ToLower(e.name) == name {
				break
			}
			if e.kind == startElement {
				within = strings.ToLower(e.name)
			}
			if text := lastPiece(e); text != "" {
				seen[within] = true
				deltaChatValue(&s, within, text)
			}
		}
		if !seen["hostname"] || !seen["port"] || !seen["username"] {
			continue
		}
		for _, text := range []*string{&s.Host, &s.User} {
			*text = strings.ReplaceAll(*text, emailAddress, address)
			*text = strings.ReplaceAll(*text, emailLocalPart, local)
			*text = strings.ReplaceAll(*text, emailDomain, domain)
		}
		keepFirst(&a, s)
	}
	if a == (Account{}) {
		return ignores("no section of type imap or smtp")
	}
	return a, nil
}

// keepFirst keeps a server of a type that Delta Chat has not seen yet.
func keepFirst(a *Account, s Server) {
	switch {
	case s.Protocol == "imap" && a.Incoming.Host == "":
		a.Incoming = s
	case s.Protocol == "smtp" && a.Outgoing.Host == "":
		a.Outgoing = s
	}
}

var reference = regexp.MustCompile(`&[^;]*;`)

// lastPiece returns what Delta Chat's parser reports last of some characters,
// which it cuts at references; "" when there is nothing but white space.
func lastPiece(e event) string {
	if e.kind != characters || e.cdata {
		return ""
	}
	last := ""
	for _, piece := range reference.Split(e.raw, -1) {
		if piece = strings.TrimSpace(piece); piece != "" {
			last = piece
		}
	}
	return last
}

func deltaChatValue(s *Server, name, text string) {
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
			s.Security = TLS
		case "starttls":
			s.Security = STARTTLS
		case "plain":
			s.Security = Plaintext
		default:
			s.Security = Negotiated
		}
	}
}

// portOrNone reads a port; 0, which stands for the usual ones, when it is none.
func portOrNone(text string) int {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return int(port)
}

// DeltaChatAutodiscover reads the answer for Outlook as Delta Chat does, which
// looks at Type, Server, Port and SSL alone: it tries TLS and then STARTTLS on
// the port, with the address as user name.
func DeltaChatAutodiscover(document []byte, address string) (Account, error) {
	events, err := pull(document)
	if err != nil {
		return rejects("%v", err)
	}
	var a Account
	for i := 0; i < len(events); i++ {
		if events[i].kind == startElement && strings.EqualFold(events[i].name, "redirecturl") {
			return Account{}, &Refusal{Does: AsksAgain, Why: "another server", To: strings.TrimSpace(reference.Split(events[i+1].raw, 2)[0])}
		}
		if events[i].kind != startElement || !strings.EqualFold(events[i].name, "protocol") {
			continue
		}
		s := Server{Security: Negotiated, User: address}
		seen := map[string]bool{}
		within := ""
		for i++; i < len(events); i++ {
			e := events[i]
			if e.kind == endElement && strings.EqualFold(e.name, "protocol") {
				break
			}
			switch e.kind {
			case startElement:
				within = strings.ToLower(e.name)
			case endElement:
				within = ""
			case characters, remark:
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
				if s.Security = Negotiated; text == "off" { // in lower case only
					s.Security = Plaintext
				}
			}
		}
		if seen["type"] && seen["server"] && seen["port"] {
			keepFirst(&a, s)
		}
	}
	if a == (Account{}) {
		return ignores("no block of type IMAP or SMTP")
	}
	return a, nil
}
