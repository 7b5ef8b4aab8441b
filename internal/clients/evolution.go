package clients

import (
	"strconv"
	"strings"
)

// Evolution reads autoconfig as GNOME's Evolution does: of the sections of a
// type the last wins, value by value, and a server element with any attribute
// but type makes the whole file unreadable. Nothing is trimmed. IMAP is offered
// before POP3.
func Evolution(document []byte, address string) (Account, error) {
	events, err := pull(document)
	if err != nil {
		return rejects("%v", err)
	}
	results := map[string]*Server{}
	var section *Server
	var within []string
	for _, e := range events {
		switch e.kind {
		case startElement:
			within = append(within, e.name)
			if e.name != "incomingServer" && e.name != "outgoingServer" {
				continue
			}
			kind, ok := e.attr("type")
			if !ok || len(e.attrs) != 1 {
				return rejects("<%s> must have the attribute type and no other", e.name)
			}
			section = nil
			if kind == "imap" || kind == "pop3" || kind == "smtp" {
				if results[kind] == nil {
					results[kind] = &Server{Protocol: kind, Security: Plaintext}
				}
				section = results[kind]
			}
		case endElement:
			within = within[:len(within)-1]
			if e.name == "incomingServer" || e.name == "outgoingServer" {
				section = nil
			}
		case characters:
			if section != nil && !e.cdata {
				evolutionValue(section, within[len(within)-1], e.text, address)
			}
		case remark:
		}
	}
	var a Account
	for _, kind := range []string{"pop3", "imap"} {
		if s := results[kind]; s != nil {
			a.Incoming = *s
		}
	}
	if s := results["smtp"]; s != nil {
		a.Outgoing = *s
	}
	if a == (Account{}) {
		return ignores("no section of type imap, pop3 or smtp")
	}
	return a, nil
}

func evolutionValue(s *Server, name, text, address string) {
	local, domain := split(address)
	text = strings.NewReplacer(emailAddress, address, emailLocalPart, local, emailDomain, domain).Replace(text)
	switch name {
	case "hostname":
		s.Host = text
	case "username":
		s.User = text
	case "port":
		if port, err := strconv.ParseUint(strings.TrimSpace(text), 10, 16); err == nil && port > 0 {
			s.Port = int(port)
		}
	case "socketType":
		switch text {
		case "plain":
			s.Security = Plaintext
		case "SSL":
			s.Security = TLS
		case "STARTTLS":
			s.Security = STARTTLS
		}
	case "authentication": // the last one that it knows wins, too
		switch text {
		case "password-cleartext", "plain":
			s.Auth = password
		case "password-encrypted":
			s.Auth = challenge
		}
	}
}
