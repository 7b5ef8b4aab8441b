package clients

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"
)

// PACCClient reads the document of draft-ietf-mailmaint-pacc: hosts mean TLS at
// once on the registered port, the user name is the address, and what the draft
// requires must be there. Outgoing mail is "submit" since version 03 of the
// draft, and was "smtp" before. Names of members count in their exact case.
func PACCClient(document []byte, address string) (Account, error) {
	dec := json.NewDecoder(bytes.NewReader(document))
	var doc map[string]any
	if err := dec.Decode(&doc); err != nil {
		return rejects("it is no JSON object: %v", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return rejects("there is something behind the JSON object")
	}
	protocols, ok := doc["protocols"].(map[string]any)
	if !ok {
		return rejects("there is no object protocols")
	}
	info, _ := doc["info"].(map[string]any)
	provider, _ := info["provider"].(map[string]any)
	if name, _ := provider["name"].(string); name == "" || utf8.RuneCountInString(name) > 60 {
		return rejects("there is no info with a provider's name of at most 60 characters")
	}
	auth, err := paccAuth(doc["authentication"])
	if err != nil {
		return Account{}, err
	}
	var a Account
	for _, p := range []struct {
		member, protocol string
		port             int
		into             *Server
	}{
		{"imap", "imap", 993, &a.Incoming},
		{"pop3", "pop3", 995, &a.Incoming},
		{"submit", "smtp", 465, &a.Outgoing},
		{"smtp", "smtp", 465, &a.Outgoing},
	} {
		host, there, err := paccText(protocols, p.member, "host")
		if err != nil || there && !isLegalHost(host) {
			return rejects("the host of %s is no host name", p.member)
		}
		if there && p.into.Host == "" {
			*p.into = Server{Protocol: p.protocol, Host: host, Port: p.port, Security: TLS, User: address, Auth: auth}
		}
	}
	for _, p := range []struct {
		member string
		into   *DAV
	}{{"jmap", new(DAV)}, {"caldav", &a.CalDAV}, {"carddav", &a.CardDAV}, {"webdav", new(DAV)}} {
		at, there, err := paccText(protocols, p.member, "url")
		if err != nil || there && !isPACCURL(at) {
			return rejects("the url of %s is not https on its usual port", p.member)
		}
		if there {
			*p.into = DAV{at, address}
		}
	}
	return a, nil
}

// paccAuth returns how to log in; "" when the document does not say.
func paccAuth(value any) (string, error) {
	if value == nil {
		return "", nil
	}
	ways, _ := value.(map[string]any)
	takesPassword, ok := ways["password"].(bool)
	if !ok {
		return "", refused("authentication does not say whether there are passwords")
	}
	if takesPassword {
		return password, nil
	}
	if public, ok := ways["oauth-public"].(map[string]any); ok && public["issuer"] != nil {
		return oauth2, nil
	}
	return "", nil
}

// paccText returns the one text that a protocol has; false when the protocol is
// not offered.
func paccText(protocols map[string]any, protocol, key string) (text string, there bool, err error) {
	value, there := protocols[protocol]
	if !there {
		return "", false, nil
	}
	member, _ := value.(map[string]any)
	text, ok := member[key].(string)
	if !ok {
		return "", true, refused("%s has no %s", protocol, key)
	}
	return text, true, nil
}

func isPACCURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && !strings.Contains(u.Host, ":") && u.User == nil
}
