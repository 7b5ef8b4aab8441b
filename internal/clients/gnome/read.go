package gnome

import (
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// Read reads autoconfig: the first section of each type. A user name counts only
// when it is exactly one placeholder; the person is asked for any other. Host
// names are used as written. A document with the right root is an answer, even
// without a server.
func Read(document []byte, address string) (client.Account, error) {
	root, err := markup.Parse(document)
	if err != nil {
		return client.Reject("%v", err)
	}
	if root.Name != "clientConfig" {
		return client.Reject("the root is not clientConfig")
	}
	var a client.Account
	if provider := root.Child("emailProvider"); provider != nil {
		for _, n := range provider.Named("incomingServer") {
			if n.Attr("type") == "imap" && a.Incoming.Protocol == "" {
				a.Incoming = readServer(n, address)
			}
		}
		for _, n := range provider.Named("outgoingServer") {
			if n.Attr("type") == "smtp" && a.Outgoing.Protocol == "" {
				a.Outgoing = readServer(n, address)
			}
		}
	}
	if a == (client.Account{}) {
		return client.Ignore("there is no section of type imap or smtp")
	}
	return a, nil
}

func readServer(n *markup.Node, address string) client.Server {
	s := client.Server{Protocol: n.Attr("type"), Host: n.TextOf("hostname")}
	switch strings.ToLower(n.TextOf("socketType")) {
	case "ssl":
		s.Security = client.TLS
	case "starttls":
		s.Security = client.STARTTLS
	case "plain":
		s.Security = client.Plaintext
	}
	// The upper limit of the check excludes port 65535.
	if port, err := strconv.ParseUint(strings.TrimSpace(n.TextOf("port")), 10, 64); err == nil && port > 0 && port < 65535 {
		s.Port = int(port)
	}
	local, domain := client.SplitAddress(address)
	switch strings.ToUpper(n.TextOf("username")) {
	case client.EmailAddress:
		s.User = address
	case client.EmailLocalPart:
		s.User = local
	case client.EmailDomain:
		s.User = domain
	}
	return s
}
