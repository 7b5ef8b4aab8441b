package snappymail

import (
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// Read reads autoconfig: the first incoming section, whatever its type, is used as
// IMAP, and the first outgoing section as SMTP. The user name is what the person
// types.
func Read(document []byte, _ string) (client.Account, error) {
	root, err := markup.Parse(document)
	if err != nil {
		return client.Reject("%v", err)
	}
	provider := root.Child("emailProvider")
	if provider == nil {
		return client.Reject("there is no emailProvider")
	}
	in, out := provider.Child("incomingServer"), provider.Child("outgoingServer")
	if in == nil || out == nil {
		return client.Reject("there must be an incoming and an outgoing server")
	}
	return client.Account{
		Incoming: readServer(in, "imap"),
		Outgoing: readServer(out, "smtp"),
	}, nil
}

func readServer(n *markup.Node, protocol string) client.Server {
	s := client.Server{Protocol: protocol, Host: n.TextOf("hostname"), Security: client.Plaintext}
	s.Port, _ = strconv.Atoi(strings.TrimSpace(n.TextOf("port")))
	switch n.TextOf("socketType") {
	case "SSL":
		s.Security = client.TLS
	case "STARTTLS":
		s.Security = client.STARTTLS
	}
	return s
}
