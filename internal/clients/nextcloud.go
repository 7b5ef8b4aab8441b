package clients

import (
	"regexp"
	"strconv"
	"strings"
)

// NextcloudMail reads autoconfig as Nextcloud's mail app does: the first IMAP
// and the first SMTP section, one of them is enough. A socketType that it does
// not know is no encryption.
func NextcloudMail(document []byte, address string) (Account, error) {
	root, err := tree(document)
	if err != nil {
		return rejects("%v", err)
	}
	provider := root.child("emailProvider")
	if provider == nil {
		return rejects("there is no emailProvider")
	}
	var a Account
	for _, n := range provider.named("incomingServer") {
		if n.attr("type") == "imap" && a.Incoming.Protocol == "" {
			a.Incoming = nextcloudServer(n, address)
		}
	}
	for _, n := range provider.named("outgoingServer") {
		if n.attr("type") == "smtp" && a.Outgoing.Protocol == "" {
			a.Outgoing = nextcloudServer(n, address)
		}
	}
	if a == (Account{}) {
		return rejects("no section of type imap or smtp")
	}
	return a, nil
}

var leadingDigits = regexp.MustCompile(`^\s*\d+`)

func nextcloudServer(n *node, address string) Server {
	s := Server{Protocol: n.attr("type"), Host: n.textOf("hostname"), Security: Plaintext}
	s.Port, _ = strconv.Atoi(strings.TrimSpace(leadingDigits.FindString(n.textOf("port"))))
	switch strings.ToLower(n.textOf("socketType")) {
	case "ssl":
		s.Security = TLS
	case "starttls", "tls":
		s.Security = STARTTLS
	}
	local, domain := split(address)
	s.User = n.textOf("username")
	s.User = strings.ReplaceAll(s.User, emailAddress, address)
	s.User = strings.ReplaceAll(s.User, emailLocalPart, local)
	s.User = strings.ReplaceAll(s.User, emailDomain, domain)
	return s
}
