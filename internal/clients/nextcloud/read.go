package nextcloud

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// Read reads autoconfig: the first IMAP section and the first SMTP section; one of
// them is enough. An unknown socketType means plaintext.
func Read(document []byte, address string) (client.Account, error) {
	root, err := markup.Parse(document)
	if err != nil {
		return client.Reject("%v", err)
	}
	provider := root.Child("emailProvider")
	if provider == nil {
		return client.Reject("there is no emailProvider")
	}
	var a client.Account
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
	if a == (client.Account{}) {
		return client.Reject("there is no section of type imap or smtp")
	}
	return a, nil
}

var leadingDigits = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*\d+`)
})

func readServer(n *markup.Node, address string) client.Server {
	s := client.Server{Protocol: n.Attr("type"), Host: n.TextOf("hostname"), Security: client.Plaintext}
	s.Port, _ = strconv.Atoi(strings.TrimSpace(leadingDigits().FindString(n.TextOf("port"))))
	switch strings.ToLower(n.TextOf("socketType")) {
	case "ssl":
		s.Security = client.TLS
	case "starttls", "tls":
		s.Security = client.STARTTLS
	}
	local, domain := client.SplitAddress(address)
	s.User = n.TextOf("username")
	s.User = strings.ReplaceAll(s.User, client.EmailAddress, address)
	s.User = strings.ReplaceAll(s.User, client.EmailLocalPart, local)
	s.User = strings.ReplaceAll(s.User, client.EmailDomain, domain)
	return s
}
