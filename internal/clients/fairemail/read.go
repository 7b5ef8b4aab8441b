package fairemail

import (
	"strconv"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// Read reads autoconfig: the first incoming section must be IMAP and the first
// outgoing section SMTP, since the end of any section ends the search. The last
// user name of the document counts for every server; a placeholder is filled in
// only when it is the whole name. Nothing connects without encryption.
func Read(document []byte, address string) (client.Account, error) {
	events, err := markup.Events(document)
	if err != nil {
		return client.Reject("%v", err)
	}
	events = markup.SkipRemarks(events)
	a := client.Account{Incoming: client.Server{Protocol: "imap"}, Outgoing: client.Server{Protocol: "smtp"}}
	user := address
	sought := map[string]bool{"incomingServer": true, "outgoingServer": true}
	var section *client.Server
	for i, e := range events {
		switch {
		case e.Kind == markup.End && (e.Name == "incomingServer" || e.Name == "outgoingServer"):
			sought[e.Name], section = false, nil
		case e.Kind != markup.Start:
		case e.Name == "incomingServer" && sought[e.Name] && hasType(e, "imap"):
			section = &a.Incoming
		case e.Name == "outgoingServer" && sought[e.Name] && hasType(e, "smtp"):
			section = &a.Outgoing
		case events[i+1].Kind != markup.Characters: // an element without text
		default:
			text := events[i+1].Text
			if e.Name == "username" {
				user = userName(text, address)
			}
			if section == nil {
				continue
			}
			if err := setValue(section, e.Name, text); err != nil {
				return client.Account{}, err
			}
		}
	}
	if a.Incoming.Host == "" || a.Incoming.Port == 0 || a.Outgoing.Host == "" || a.Outgoing.Port == 0 {
		return client.Reject("there must be an IMAP server and an SMTP server")
	}
	a.Incoming.User, a.Outgoing.User = user, user
	return a, nil
}

func hasType(e markup.Event, want string) bool {
	kind, _ := e.Attr("type")
	return kind == want
}

// userName returns what a text stands for: a single placeholder is filled in,
// any other text is the name itself.
func userName(text, address string) string {
	local, _ := client.SplitAddress(address)
	switch text {
	case client.EmailAddress:
		return address
	case client.EmailLocalPart:
		return local
	}
	return text
}

func setValue(s *client.Server, name, text string) error {
	switch name {
	case "hostname":
		s.Host = text
	case "port":
		port, err := strconv.Atoi(text)
		if err != nil {
			return client.Rejected("a port is not a number")
		}
		s.Port, s.Security = port, securityOf(s.Protocol, port)
	case "socketType":
		switch text {
		case "SSL":
			s.Security = client.TLS
		case "STARTTLS":
			s.Security = client.STARTTLS
		}
	}
	return nil
}

// securityOf returns what a port alone means.
func securityOf(protocol string, port int) client.Security {
	if protocol == "imap" && port == 143 || protocol == "smtp" && port == 587 {
		return client.STARTTLS
	}
	return client.TLS
}

// ReadAutodiscover reads the answer for Outlook: a block counts only after
// AccountType and Action, the last block of a type wins, the port tells the
// security, and the user name is the address, whatever LoginName says.
func ReadAutodiscover(document []byte, address string) (client.Account, error) {
	events, err := markup.Events(document)
	if err != nil {
		return client.Reject("%v", err)
	}
	events = markup.SkipRemarks(events)
	var a client.Account
	var in struct{ account, email, settings, protocol bool }
	var block client.Server
	for i, e := range events {
		text := ""
		if e.Kind == markup.Start && events[i+1].Kind == markup.Characters {
			text = events[i+1].Text
		}
		switch {
		case e.Kind == markup.Start && e.Name == "Account":
			in.account = true
		case e.Kind == markup.Start && e.Name == "AccountType" && in.account:
			in.email = in.email || text == "email"
		case e.Kind == markup.Start && e.Name == "Action" && in.account:
			in.settings = in.settings || text == "settings"
		case e.Kind == markup.Start && e.Name == "Protocol" && in.account:
			in.protocol = true
		case e.Kind == markup.Start && in.account && in.email && in.settings && in.protocol:
			switch e.Name {
			case "Type":
				block.Protocol = map[string]string{"IMAP": "imap", "SMTP": "smtp"}[text]
			case "Server":
				block.Host = text
			case "Port":
				if port, err := strconv.ParseUint(text, 10, 31); err == nil {
					block.Port = int(port)
				}
			}
		case e.Kind == markup.End && e.Name == "Account":
			in.account, in.email, in.settings = false, false, false
		case e.Kind == markup.End && e.Name == "Protocol":
			if in.protocol && block.Host != "" && block.Port != 0 {
				block.User, block.Security = address, securityOf(block.Protocol, block.Port)
				switch block.Protocol {
				case "imap":
					a.Incoming = block
				case "smtp":
					a.Outgoing = block
				}
			}
			in.protocol, block = false, client.Server{}
		}
	}
	if a.Incoming.Host == "" || a.Outgoing.Host == "" {
		return client.Reject("there must be an IMAP server and an SMTP server")
	}
	return a, nil
}
