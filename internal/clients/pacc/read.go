package pacc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// Read reads the document of draft-ietf-mailmaint-pacc. A host means implicit TLS
// on the registered port, the user name is the address, and required members must
// be present. Outgoing mail is "submit" since version 03 of the draft and was
// "smtp" before. Member names count in their exact case.
func Read(document []byte, address string) (client.Account, error) {
	dec := json.NewDecoder(bytes.NewReader(document))
	var doc map[string]any
	if err := dec.Decode(&doc); err != nil {
		return client.Reject("not a JSON object: %v", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return client.Reject("there is data after the JSON object")
	}
	protocols, ok := doc["protocols"].(map[string]any)
	if !ok {
		return client.Reject("there is no object protocols")
	}
	info, _ := doc["info"].(map[string]any)
	provider, _ := info["provider"].(map[string]any)
	if name, _ := provider["name"].(string); name == "" || utf8.RuneCountInString(name) > 60 {
		return client.Reject("info.provider.name must have 1 to 60 characters")
	}
	auth, err := readAuth(doc["authentication"])
	if err != nil {
		return client.Account{}, err
	}
	var a client.Account
	for _, p := range []struct {
		member, protocol string
		port             int
		into             *client.Server
	}{
		{"imap", "imap", 993, &a.Incoming},
		{"pop3", "pop3", 995, &a.Incoming},
		{"submit", "smtp", 465, &a.Outgoing},
		{"smtp", "smtp", 465, &a.Outgoing},
	} {
		host, there, err := readText(protocols, p.member, "host")
		if err != nil || there && !client.IsHostName(host) {
			return client.Reject("the host of %s is not a host name", p.member)
		}
		if there && p.into.Host == "" {
			*p.into = client.Server{Protocol: p.protocol, Host: host, Port: p.port, Security: client.TLS, User: address, Auth: auth}
		}
	}
	for _, p := range []struct {
		member string
		into   *client.DAV
	}{{"jmap", new(client.DAV)}, {"caldav", &a.CalDAV}, {"carddav", &a.CardDAV}, {"webdav", new(client.DAV)}} {
		at, there, err := readText(protocols, p.member, "url")
		if err != nil || there && !isURL(at) {
			return client.Reject("the url of %s is not https on port 443", p.member)
		}
		if there {
			*p.into = client.DAV{URL: at, User: address}
		}
	}
	return a, nil
}

// readAuth returns how to log in; "" when the document does not state it.
func readAuth(value any) (string, error) {
	if value == nil {
		return "", nil
	}
	ways, _ := value.(map[string]any)
	takesPassword, ok := ways["password"].(bool)
	if !ok {
		return "", client.Rejected("authentication has no boolean password")
	}
	if takesPassword {
		return client.Password, nil
	}
	if public, ok := ways["oauth-public"].(map[string]any); ok && public["issuer"] != nil {
		return client.OAuth2, nil
	}
	return "", nil
}

// readText returns the one text of a protocol; false when the protocol is not
// offered.
func readText(protocols map[string]any, protocol, key string) (text string, there bool, err error) {
	value, there := protocols[protocol]
	if !there {
		return "", false, nil
	}
	member, _ := value.(map[string]any)
	text, ok := member[key].(string)
	if !ok {
		return "", true, client.Rejected("%s has no %s", protocol, key)
	}
	return text, true, nil
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && !strings.Contains(u.Host, ":") && u.User == nil
}
