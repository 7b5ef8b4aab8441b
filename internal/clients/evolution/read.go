package evolution

import (
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// Read reads autoconfig: the last section of a type wins, value by value. A
// server element with any attribute but type makes the whole file unreadable.
// Text is not trimmed. IMAP is offered before POP3.
func Read(document []byte, address string) (client.Account, error) {
	events, err := markup.Events(document)
	if err != nil {
		return client.Reject("%v", err)
	}
	results := map[string]*client.Server{}
	var section *client.Server
	var within []string
	for _, e := range events {
		switch e.Kind {
		case markup.Start:
			within = append(within, e.Name)
			if e.Name != "incomingServer" && e.Name != "outgoingServer" {
				continue
			}
			kind, ok := e.Attr("type")
			if !ok || len(e.Attrs) != 1 {
				return client.Reject("<%s> must have the attribute type and no other", e.Name)
			}
			section = nil
			if kind == "imap" || kind == "pop3" || kind == "smtp" {
				if results[kind] == nil {
					results[kind] = &client.Server{Protocol: kind, Security: client.Plaintext}
				}
				section = results[kind]
			}
		case markup.End:
			within = within[:len(within)-1]
			if e.Name == "incomingServer" || e.Name == "outgoingServer" {
				section = nil
			}
		case markup.Characters:
			if section != nil && !e.CDATA {
				setValue(section, within[len(within)-1], e.Text, address)
			}
		case markup.Remark:
		}
	}
	var a client.Account
	for _, kind := range []string{"pop3", "imap"} {
		if s := results[kind]; s != nil {
			a.Incoming = *s
		}
	}
	if s := results["smtp"]; s != nil {
		a.Outgoing = *s
	}
	if a == (client.Account{}) {
		return client.Ignore("there is no section of type imap, pop3 or smtp")
	}
	return a, nil
}

func setValue(s *client.Server, name, text, address string) {
	local, domain := client.SplitAddress(address)
	text = strings.NewReplacer(client.EmailAddress, address, client.EmailLocalPart, local, client.EmailDomain, domain).Replace(text)
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
			s.Security = client.Plaintext
		case "SSL":
			s.Security = client.TLS
		case "STARTTLS":
			s.Security = client.STARTTLS
		}
	case "authentication": // the last known one wins
		switch text {
		case "password-cleartext", "plain":
			s.Auth = client.Password
		case "password-encrypted":
			s.Auth = client.PasswordChallenge
		}
	}
}
