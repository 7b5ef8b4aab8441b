package clients

import (
	"strconv"
	"strings"
)

// KMail reads autoconfig as KDE's account wizard does: the first section of
// each type that has a host and a port, IMAP before POP3. Words count in their
// exact case; what it does not know is no encryption.
func KMail(document []byte, address string) (Account, error) {
	root, err := tree(document)
	if err != nil {
		return ignores("%v", err) // even the body of an error ends its search
	}
	provider := find(root, "emailProvider")
	if provider == nil {
		return ignores("there is no emailProvider")
	}
	var a Account
	for _, kind := range []string{"pop3", "imap"} {
		if s, ok := kmailServer(provider.named("incomingServer"), kind, address); ok {
			a.Incoming = s
		}
	}
	a.Outgoing, _ = kmailServer(provider.named("outgoingServer"), "smtp", address)
	if a == (Account{}) {
		return ignores("no section of type imap, pop3 or smtp")
	}
	return a, nil
}

// find returns the first element of that name below n, in document order.
func find(n *node, name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
		if found := find(c, name); found != nil {
			return found
		}
	}
	return nil
}

func kmailServer(sections []*node, kind, address string) (Server, bool) {
	for _, n := range sections {
		if n.attr("type") != kind {
			continue
		}
		s := Server{Protocol: kind, Security: Plaintext}
		for _, c := range n.children {
			kmailValue(&s, c.name, c.all, address)
		}
		if s.Host != "" && s.Port != 0 {
			return s, true
		}
	}
	return Server{}, false
}

func kmailValue(s *Server, name, text, address string) {
	switch name {
	case "hostname":
		s.Host = kmailPlaceholders(text, address)
	case "username":
		s.User = kmailPlaceholders(text, address)
	case "port":
		s.Port, _ = strconv.Atoi(strings.TrimSpace(text)) // 0 when it is none
	case "socketType":
		switch text {
		case "plain":
			s.Security = Plaintext
		case "SSL":
			s.Security = TLS
		case "STARTTLS":
			s.Security = STARTTLS
		}
	case "authentication":
		if s.Auth == "" {
			s.Auth = map[string]string{
				"password-cleartext": password, "plain": password,
				"password-encrypted": challenge, "secure": challenge,
				"NTLM": ntlm, "GSSAPI": gssapi, "none": noAuth,
			}[text]
			if text == "OAuth2" && s.Protocol == "imap" {
				s.Auth = oauth2
			}
		}
	}
}

// kmailPlaceholders fills in one placeholder after the other.
func kmailPlaceholders(text, address string) string {
	local, domain := split(address)
	text = strings.ReplaceAll(text, emailLocalPart, local)
	text = strings.ReplaceAll(text, emailAddress, address)
	return strings.ReplaceAll(text, emailDomain, domain)
}
