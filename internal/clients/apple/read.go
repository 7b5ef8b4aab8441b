package apple

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// Read reads a configuration profile without its signature. Any invalid key
// refuses the whole profile. UseSSL is the only key about encryption: with it a
// device uses implicit TLS on 993, 995 and 465 and, as far as is known, negotiates
// STARTTLS on other ports; without it the connection is plaintext.
func Read(document []byte, _ string) (client.Account, error) {
	list, err := markup.ReadPropertyList(document)
	if err != nil {
		return client.Reject("not a property list: %v", err)
	}
	top, _ := list.(map[string]any)
	p := profileReader{seen: map[string]bool{}}
	if p.head(top); top["PayloadType"] != "Configuration" {
		p.refuse("PayloadType", "is not Configuration")
	}
	var a client.Account
	content, ok := top["PayloadContent"].([]any)
	if !ok {
		p.refuse("PayloadContent", "is not an array")
	}
	for _, item := range content {
		payload, _ := item.(map[string]any)
		p.head(payload)
		switch payload["PayloadType"] {
		case "com.apple.mail.managed":
			a.Incoming, a.Outgoing = p.mail(payload)
		case "com.apple.caldav.account":
			a.CalDAV = p.dav(payload, "CalDAV")
		case "com.apple.carddav.account":
			a.CardDAV = p.dav(payload, "CardDAV")
		}
	}
	if p.err != nil {
		return client.Account{}, p.err
	}
	return a, nil
}

// profileReader keeps the first problem.
type profileReader struct {
	seen map[string]bool // identifiers and UUIDs
	err  error
}

func (p *profileReader) refuse(key, why string) {
	if p.err == nil {
		p.err = client.Rejected("%s %s", key, why)
	}
}

// head checks the keys that the profile and each payload must have.
func (p *profileReader) head(d map[string]any) {
	for key, value := range d {
		if value == "" {
			p.refuse(key, "is empty")
		}
	}
	for _, key := range []string{"PayloadIdentifier", "PayloadUUID"} {
		id := p.text(d, key, true)
		if p.seen[id] {
			p.refuse(key, "is not unique")
		}
		p.seen[id] = true
	}
	p.text(d, "PayloadType", true)
	if d["PayloadVersion"] != int64(1) {
		p.refuse("PayloadVersion", "is not the integer 1")
	}
}

func (p *profileReader) text(d map[string]any, key string, required bool) string {
	value, there := d[key]
	text, ok := value.(string)
	if there && !ok || required && !there {
		p.refuse(key, "is not a string")
	}
	return text
}

func (p *profileReader) host(d map[string]any, key string) string {
	host := p.text(d, key, true)
	if !client.IsHostName(host) {
		p.refuse(key, "is not a bare host name")
	}
	return host
}

// port returns 0 for an absent port.
func (p *profileReader) port(d map[string]any, key string) int {
	value, there := d[key]
	port, ok := value.(int64)
	if there && (!ok || port < 1 || port > 65535) {
		p.refuse(key, "is not an integer from 1 to 65535")
	}
	return int(port)
}

func (p *profileReader) flag(d map[string]any, key string, absent bool) bool {
	value, there := d[key]
	if !there {
		return absent
	}
	on, ok := value.(bool)
	if !ok {
		p.refuse(key, "is not a boolean")
	}
	return on
}

func (p *profileReader) mail(d map[string]any) (in, out client.Server) {
	protocol := map[string]string{"EmailTypeIMAP": "imap", "EmailTypePOP": "pop3"}[p.text(d, "EmailAccountType", true)]
	if protocol == "" {
		p.refuse("EmailAccountType", "is neither IMAP nor POP")
	}
	in, out = p.server(d, "IncomingMailServer"), p.server(d, "OutgoingMailServer")
	in.Protocol, out.Protocol = protocol, "smtp"
	if in.Port == 0 {
		in.Port = map[string]int{"imap": 143, "pop3": 110}[protocol]
		if in.Security != client.Plaintext {
			in.Port = map[string]int{"imap": 993, "pop3": 995}[protocol]
		}
	}
	if out.Port == 0 {
		out.Port = 25 // then 587, then 465
	}
	in.Security, out.Security = securityOf(in), securityOf(out)
	p.flag(d, "OutgoingPasswordSameAsIncomingPassword", false)
	return in, out
}

func (p *profileReader) server(d map[string]any, prefix string) client.Server {
	s := client.Server{
		Host:     p.host(d, prefix+"HostName"),
		Port:     p.port(d, prefix+"PortNumber"),
		User:     p.text(d, prefix+"Username", false),
		Security: client.Plaintext,
	}
	if p.flag(d, prefix+"UseSSL", false) {
		s.Security = client.Negotiated
	}
	word := p.text(d, prefix+"Authentication", true)
	s.Auth = map[string]string{
		"EmailAuthPassword": client.Password, "EmailAuthCRAMMD5": client.PasswordChallenge, "EmailAuthHTTPMD5": client.PasswordChallenge,
		"EmailAuthNTLM": client.NTLM, "EmailAuthNone": client.NoAuth,
	}[word]
	if s.Auth == "" {
		p.refuse(prefix+"Authentication", "is not one of the five values")
	}
	return s
}

func securityOf(s client.Server) client.Security {
	if s.Security != client.Plaintext && (s.Port == 993 || s.Port == 995 || s.Port == 465) {
		return client.TLS
	}
	return s.Security
}

func (p *profileReader) dav(d map[string]any, prefix string) client.DAV {
	u := url.URL{Scheme: "http", Host: p.host(d, prefix+"HostName")}
	if p.flag(d, prefix+"UseSSL", true) {
		u.Scheme = "https"
	}
	if port := p.port(d, prefix+"Port"); port != 0 {
		u.Host += ":" + strconv.Itoa(port)
	}
	at := client.DAV{URL: u.String(), User: p.text(d, prefix+"Username", false)}
	switch principal := p.text(d, prefix+"PrincipalURL", false); {
	case strings.Contains(principal, "://"):
		at.URL = principal
	case strings.HasPrefix(principal, "/"):
		at.URL += principal
	case principal != "":
		p.refuse(prefix+"PrincipalURL", "is neither a path nor a URL")
	}
	return at
}
