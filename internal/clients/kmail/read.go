package kmail

import (
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// Read reads autoconfig: the first section of each type that has a host and a
// port, IMAP before POP3. Values count in their exact case; an unknown socketType
// means plaintext.
func Read(document []byte, address string) (client.Account, error) {
	root, err := markup.Parse(document)
	if err != nil {
		return client.Ignore("%v", err) // a body that is not XML still ends the search
	}
	provider := find(root, "emailProvider")
	if provider == nil {
		return client.Ignore("there is no emailProvider")
	}
	var a client.Account
	for _, kind := range []string{"pop3", "imap"} {
		if s, ok := readServer(provider.Named("incomingServer"), kind, address); ok {
			a.Incoming = s
		}
	}
	a.Outgoing, _ = readServer(provider.Named("outgoingServer"), "smtp", address)
	if a == (client.Account{}) {
		return client.Ignore("there is no section of type imap, pop3 or smtp")
	}
	return a, nil
}

// find returns the first element of that name below n, in document order.
func find(n *markup.Node, name string) *markup.Node {
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
		if found := find(c, name); found != nil {
			return found
		}
	}
	return nil
}

func readServer(sections []*markup.Node, kind, address string) (client.Server, bool) {
	for _, n := range sections {
		if n.Attr("type") != kind {
			continue
		}
		s := client.Server{Protocol: kind, Security: client.Plaintext}
		for _, c := range n.Children {
			setValue(&s, c.Name, c.All, address)
		}
		if s.Host != "" && s.Port != 0 {
			return s, true
		}
	}
	return client.Server{}, false
}

func setValue(s *client.Server, name, text, address string) {
	switch name {
	case "hostname":
		s.Host = fill(text, address)
	case "username":
		s.User = fill(text, address)
	case "port":
		s.Port, _ = strconv.Atoi(strings.TrimSpace(text)) // 0 when it is not a number
	case "socketType":
		switch text {
		case "plain":
			s.Security = client.Plaintext
		case "SSL":
			s.Security = client.TLS
		case "STARTTLS":
			s.Security = client.STARTTLS
		}
	case "authentication":
		if s.Auth == "" {
			s.Auth = map[string]string{
				"password-cleartext": client.Password, "plain": client.Password,
				"password-encrypted": client.PasswordChallenge, "secure": client.PasswordChallenge,
				"NTLM": client.NTLM, "GSSAPI": client.GSSAPI, "none": client.NoAuth,
			}[text]
			if text == "OAuth2" && s.Protocol == "imap" {
				s.Auth = client.OAuth2
			}
		}
	}
}

// fill replaces the placeholders one after the other.
func fill(text, address string) string {
	local, domain := client.SplitAddress(address)
	text = strings.ReplaceAll(text, client.EmailLocalPart, local)
	text = strings.ReplaceAll(text, client.EmailAddress, address)
	return strings.ReplaceAll(text, client.EmailDomain, domain)
}
