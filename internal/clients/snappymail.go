package clients

import (
	"strconv"
	"strings"
)

// SnappyMail reads autoconfig as the plug-in login-autoconfig of the web mail
// SnappyMail does: the first incoming section, whatever its type, is taken for
// IMAP, the first outgoing one for SMTP. The user name is what the person types.
func SnappyMail(document []byte, _ string) (Account, error) {
	root, err := tree(document)
	if err != nil {
		return rejects("%v", err)
	}
	provider := root.child("emailProvider")
	if provider == nil {
		return rejects("there is no emailProvider")
	}
	in, out := provider.child("incomingServer"), provider.child("outgoingServer")
	if in == nil || out == nil {
		return rejects("it needs an incoming and an outgoing server")
	}
	return Account{
		Incoming: snappyMailServer(in, "imap"),
		Outgoing: snappyMailServer(out, "smtp"),
	}, nil
}

func snappyMailServer(n *node, protocol string) Server {
	s := Server{Protocol: protocol, Host: n.textOf("hostname"), Security: Plaintext}
	s.Port, _ = strconv.Atoi(strings.TrimSpace(n.textOf("port")))
	switch n.textOf("socketType") {
	case "SSL":
		s.Security = TLS
	case "STARTTLS":
		s.Security = STARTTLS
	}
	return s
}
