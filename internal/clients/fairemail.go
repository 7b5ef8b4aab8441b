package clients

import "strconv"

// FairEmail reads autoconfig as FairEmail on Android does: the first incoming
// section must be IMAP and the first outgoing one SMTP, since the end of any
// section ends the search. There is one user name for everything, the last of
// the document, and it is a placeholder only where it is nothing else. It never
// connects without encryption.
func FairEmail(document []byte, address string) (Account, error) {
	events, err := pull(document)
	if err != nil {
		return rejects("%v", err)
	}
	events = skipRemarks(events)
	a := Account{Incoming: Server{Protocol: "imap"}, Outgoing: Server{Protocol: "smtp"}}
	user := address
	sought := map[string]bool{"incomingServer": true, "outgoingServer": true}
	var section *Server
	for i, e := range events {
		switch {
		case e.kind == endElement && (e.name == "incomingServer" || e.name == "outgoingServer"):
			sought[e.name], section = false, nil
		case e.kind != startElement:
		case e.name == "incomingServer" && sought[e.name] && typed(e, "imap"):
			section = &a.Incoming
		case e.name == "outgoingServer" && sought[e.name] && typed(e, "smtp"):
			section = &a.Outgoing
		case events[i+1].kind != characters: // an element without text
		default:
			text := events[i+1].text
			if e.name == "username" {
				user = fairEmailUser(text, address)
			}
			if section == nil {
				continue
			}
			if err := fairEmailValue(section, e.name, text); err != nil {
				return Account{}, err
			}
		}
	}
	if a.Incoming.Host == "" || a.Incoming.Port == 0 || a.Outgoing.Host == "" || a.Outgoing.Port == 0 {
		return rejects("it needs an IMAP and an SMTP server")
	}
	a.Incoming.User, a.Outgoing.User = user, user
	return a, nil
}

func typed(e event, want string) bool {
	kind, _ := e.attr("type")
	return kind == want
}

// fairEmailUser returns the user name that a text stands for; any text that is
// no single placeholder is the name itself.
func fairEmailUser(text, address string) string {
	local, _ := split(address)
	switch text {
	case emailAddress:
		return address
	case emailLocalPart:
		return local
	}
	return text
}

func fairEmailValue(s *Server, name, text string) error {
	switch name {
	case "hostname":
		s.Host = text
	case "port":
		port, err := strconv.Atoi(text)
		if err != nil {
			return refused("a port is no number")
		}
		s.Port, s.Security = port, byFairEmailsPort(s.Protocol, port)
	case "socketType":
		switch text {
		case "SSL":
			s.Security = TLS
		case "STARTTLS":
			s.Security = STARTTLS
		}
	}
	return nil
}

// byFairEmailsPort is what a port means to it where nothing else is said.
func byFairEmailsPort(protocol string, port int) Security {
	if protocol == "imap" && port == 143 || protocol == "smtp" && port == 587 {
		return STARTTLS
	}
	return TLS
}

// FairEmailAutodiscover reads the answer for Outlook as FairEmail does: a block
// counts only after AccountType and Action, the last of a type wins, the port
// tells the security, and the user name is the address whatever LoginName says.
func FairEmailAutodiscover(document []byte, address string) (Account, error) {
	events, err := pull(document)
	if err != nil {
		return rejects("%v", err)
	}
	events = skipRemarks(events)
	var a Account
	var in struct{ account, email, settings, protocol bool }
	var block Server
	for i, e := range events {
		text := ""
		if e.kind == startElement && events[i+1].kind == characters {
			text = events[i+1].text
		}
		switch {
		case e.kind == startElement && e.name == "Account":
			in.account = true
		case e.kind == startElement && e.name == "AccountType" && in.account:
			in.email = in.email || text == "email"
		case e.kind == startElement && e.name == "Action" && in.account:
			in.settings = in.settings || text == "settings"
		case e.kind == startElement && e.name == "Protocol" && in.account:
			in.protocol = true
		case e.kind == startElement && in.account && in.email && in.settings && in.protocol:
			switch e.name {
			case "Type":
				block.Protocol = map[string]string{"IMAP": "imap", "SMTP": "smtp"}[text]
			case "Server":
				block.Host = text
			case "Port":
				if port, err := strconv.ParseUint(text, 10, 31); err == nil {
					block.Port = int(port)
				}
			}
		case e.kind == endElement && e.name == "Account":
			in.account, in.email, in.settings = false, false, false
		case e.kind == endElement && e.name == "Protocol":
			if in.protocol && block.Host != "" && block.Port != 0 {
				block.User, block.Security = address, byFairEmailsPort(block.Protocol, block.Port)
				switch block.Protocol {
				case "imap":
					a.Incoming = block
				case "smtp":
					a.Outgoing = block
				}
			}
			in.protocol, block = false, Server{}
		}
	}
	if a.Incoming.Host == "" || a.Outgoing.Host == "" {
		return rejects("it needs an IMAP and an SMTP server")
	}
	return a, nil
}
