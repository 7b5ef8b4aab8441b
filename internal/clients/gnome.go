package clients

import (
	"strconv"
	"strings"
)

// GNOMEOnlineAccounts reads autoconfig as GNOME's settings do: the first
// section of each type; the user name only where it is exactly one placeholder,
// so that it asks for any other; host names as they are. A document with the
// right root is an answer, even without a server.
func GNOMEOnlineAccounts(document []byte, address string) (Account, error) {
	root, err := tree(document)
	if err != nil {
		return rejects("%v", err)
	}
	if root.name != "clientConfig" {
		return rejects("the root is not clientConfig")
	}
	var a Account
	if provider := root.child("emailProvider"); provider != nil {
		for _, n := range provider.named("incomingServer") {
			if n.attr("type") == "imap" && a.Incoming.Protocol == "" {
				a.Incoming = gnomeServer(n, address)
			}
		}
		for _, n := range provider.named("outgoingServer") {
			if n.attr("type") == "smtp" && a.Outgoing.Protocol == "" {
				a.Outgoing = gnomeServer(n, address)
			}
		}
	}
	if a == (Account{}) {
		return ignores("no section of type imap or smtp")
	}
	return a, nil
}

func gnomeServer(n *node, address string) Server {
	s := Server{Protocol: n.attr("type"), Host: n.textOf("hostname")}
	switch strings.ToLower(n.textOf("socketType")) {
	case "ssl":
		s.Security = TLS
	case "starttls":
		s.Security = STARTTLS
	case "plain":
		s.Security = Plaintext
	}
	// It stops short of the last port there is.
	if port, err := strconv.ParseUint(strings.TrimSpace(n.textOf("port")), 10, 64); err == nil && port > 0 && port < 65535 {
		s.Port = int(port)
	}
	local, domain := split(address)
	switch strings.ToUpper(n.textOf("username")) {
	case emailAddress:
		s.User = address
	case emailLocalPart:
		s.User = local
	case emailDomain:
		s.User = domain
	}
	return s
}
