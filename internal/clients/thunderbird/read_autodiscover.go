package thunderbird

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// ReadAutodiscover reads the answer for Outlook: the first Protocol block that
// receives mail and the first SMTP block win. The port alone tells STARTTLS from
// implicit TLS. Without an SMTP block the account sends through a server that is
// already set up. An Exchange block in front of the others is an alternative to mail
// servers, and the account where there are none; behind one it writes itself over
// it. Redirects in the document do not work.
func ReadAutodiscover(document []byte, address string) (client.Account, error) {
	root, err := markup.Parse(document)
	if err != nil {
		return client.Reject("%v", err)
	}
	if root.Name != "Autodiscover" {
		return client.Reject("the root is not Autodiscover")
	}
	account := get(get(jxon(root), "Response"), "Account")
	if !has(account, "Protocol") {
		return client.Reject("there is no Protocol in Autodiscover/Response/Account")
	}
	var a client.Account
	var exchange client.Server
	for _, block := range list(account, "Protocol") {
		kind, _ := oneOf(get(block, "Type"), []string{"WEB", "EXHTTP", "EXCH", "POP3", "IMAP", "SMTP"})
		switch kind {
		case "":
		case "EXHTTP", "EXCH":
			if s, ok := readExchange(block); ok && a.Incoming.Host == "" {
				exchange = s
			} else if ok {
				return client.Reject("a %s block after a mail server makes it an Exchange account with the port of that server", kind)
			}
		case "WEB":
			return client.Reject("a WEB block makes it an Exchange account that needs an add-on")
		case "SMTP":
			if s, ok := readBlock(block, "smtp"); ok && a.Outgoing.Host == "" {
				a.Outgoing = s
			}
		default:
			if s, ok := readBlock(block, strings.ToLower(kind)); ok && a.Incoming.Host == "" {
				a.Incoming = s
			}
		}
	}
	if a.Incoming.Host == "" && exchange.Host != "" {
		a.Incoming, a.Outgoing = exchange, exchange // the same server sends
	}
	if a.Incoming.Host == "" {
		return client.Reject("there is no block that receives mail")
	}
	for _, s := range []*client.Server{&a.Incoming, &a.Outgoing} {
		s.User = replaceVariables(s.User, address)
	}
	return a, nil
}

// readExchange reads the URL of an Exchange block; false when there is no EwsUrl,
// since ASUrl alone ends in an exception. It reads no user name.
func readExchange(block any) (client.Server, bool) {
	text, _ := get(block, "EwsUrl").(string)
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return client.Server{}, false
	}
	s := client.Server{Protocol: "ews", Host: u.Hostname(), Port: 443, Security: client.TLS, User: client.EmailAddress, Auth: client.Password}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		s.Port = port
	}
	return s, true
}

// readBlock reads one block; false when a value is unusable.
func readBlock(block any, protocol string) (client.Server, bool) {
	s := client.Server{Protocol: protocol, User: client.EmailAddress, Auth: client.Password}
	var err error
	if s.Host, err = readHost(get(block, "Server")); err != nil {
		return s, false
	}
	var ok bool
	if s.Port, ok = readPort(get(block, "Port")); !ok {
		return s, false
	}
	words := map[string]string{}
	for _, name := range []string{"SSL", "Encryption", "SPA"} {
		if !has(block, name) {
			continue
		}
		word, isText := get(block, name).(string)
		if !isText {
			return s, false // toLowerCase fails on anything else
		}
		words[name] = strings.ToLower(word)
	}
	switch {
	case words["SSL"] == "off" || words["Encryption"] == "none":
		s.Security = client.Plaintext
	case s.Port == 143 || s.Port == 110 || s.Port == 25 || s.Port == 587:
		s.Security = client.STARTTLS
	default:
		s.Security = client.TLS
	}
	if words["SPA"] == "on" {
		s.Auth = client.NTLM // or Kerberos: "any secure authentication"
	}
	if has(block, "LoginName") {
		if falsy(get(block, "LoginName")) {
			return s, false
		}
		s.User = toString(get(block, "LoginName"))
	}
	return s, true
}
