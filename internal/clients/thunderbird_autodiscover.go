package clients

import "strings"

// ThunderbirdAutodiscover reads the answer for Outlook as Thunderbird on a
// desktop does, which asks for it when there is no autoconfig: the first
// Protocol block that receives mail and the first SMTP block win. It tells
// STARTTLS from TLS by the port alone. Without an SMTP block the account sends
// through a server that is set up already. Redirects in the document do not work.
func ThunderbirdAutodiscover(document []byte, address string) (Account, error) {
	root, err := tree(document)
	if err != nil {
		return rejects("%v", err)
	}
	if root.name != "Autodiscover" {
		return rejects("the root is not Autodiscover")
	}
	account := get(get(jxon(root), "Response"), "Account")
	if !has(account, "Protocol") {
		return rejects("there is no Protocol in Autodiscover/Response/Account")
	}
	var a Account
	for _, block := range list(account, "Protocol") {
		kind, _ := oneOf(get(block, "Type"), []string{"WEB", "EXHTTP", "EXCH", "POP3", "IMAP", "SMTP"})
		switch kind {
		case "":
		case "WEB", "EXHTTP", "EXCH":
			return rejects("a %s block makes it an Exchange account", kind)
		case "SMTP":
			if s, ok := thunderbirdBlock(block, "smtp"); ok && a.Outgoing.Host == "" {
				a.Outgoing = s
			}
		default:
			if s, ok := thunderbirdBlock(block, strings.ToLower(kind)); ok && a.Incoming.Host == "" {
				a.Incoming = s
			}
		}
	}
	if a.Incoming.Host == "" {
		return rejects("no block receives mail")
	}
	for _, s := range []*Server{&a.Incoming, &a.Outgoing} {
		s.User = replaceVariables(s.User, address)
	}
	return a, nil
}

// thunderbirdBlock reads one block; false when a value of it cannot be used.
func thunderbirdBlock(block any, protocol string) (Server, bool) {
	s := Server{Protocol: protocol, User: emailAddress, Auth: password}
	var err error
	if s.Host, err = mozillaHost(get(block, "Server")); err != nil {
		return s, false
	}
	var ok bool
	if s.Port, ok = mozillaPort(get(block, "Port")); !ok {
		return s, false
	}
	words := map[string]string{}
	for _, name := range []string{"SSL", "Encryption", "SPA"} {
		if !has(block, name) {
			continue
		}
		word, isText := get(block, name).(string)
		if !isText {
			return s, false // there is no toLowerCase of anything else
		}
		words[name] = strings.ToLower(word)
	}
	switch {
	case words["SSL"] == "off" || words["Encryption"] == "none":
		s.Security = Plaintext
	case s.Port == 143 || s.Port == 110 || s.Port == 25 || s.Port == 587:
		s.Security = STARTTLS
	default:
		s.Security = TLS
	}
	if words["SPA"] == "on" {
		s.Auth = ntlm // or Kerberos: "any secure"
	}
	if has(block, "LoginName") {
		if falsy(get(block, "LoginName")) {
			return s, false
		}
		s.User = toString(get(block, "LoginName"))
	}
	return s, true
}
