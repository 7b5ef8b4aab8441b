package pox

import (
	"encoding/xml"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/markup"
)

// Account is the Account of an answer.
type Account struct {
	AccountType  string  `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a AccountType"`
	Action       string  `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a Action"`
	RedirectAddr string  `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a RedirectAddr"`
	RedirectURL  string  `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a RedirectUrl"`
	Protocols    []Block `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a Protocol"`
}

// Block is one Protocol; nil stands for an absent element.
type Block struct {
	Type         string  `xml:"Type"`
	Host         string  `xml:"Server"` // of CalDAV and CardDAV a URL
	Port         *string `xml:"Port"`
	LoginName    *string `xml:"LoginName"`
	SPA          *string `xml:"SPA"`
	SSL          *string `xml:"SSL"`
	Encryption   *string `xml:"Encryption"`
	AuthRequired *string `xml:"AuthRequired"`
}

// Read returns the Account with the settings in an answer. Its error is a
// *client.Refusal: the answer is unusable, or a redirect.
func Read(document []byte) (Account, error) {
	var doc struct {
		XMLName  xml.Name `xml:"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006 Autodiscover"`
		Response *struct {
			Account *Account  `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a Account"`
			Error   *struct{} `xml:"Error"`
		} `xml:"Response"`
	}
	if _, err := markup.Events(document); err != nil {
		return Account{}, client.Rejected("%v", err)
	}
	if err := xml.Unmarshal(document, &doc); err != nil {
		return Account{}, client.Rejected("not an Autodiscover document: %v", err)
	}
	switch {
	case doc.Response != nil && doc.Response.Error != nil:
		return Account{}, client.Rejected("the answer is an Error")
	case doc.Response == nil || doc.Response.Account == nil:
		return Account{}, client.Rejected("there is no Response with an Account in the right namespaces")
	}
	account := *doc.Response.Account
	switch {
	case account.AccountType != "email":
		return Account{}, client.Rejected("AccountType is not email")
	case account.Action == "redirectAddr" && account.RedirectAddr != "":
		return Account{}, &client.Refusal{Does: client.AsksAgain, Why: "for another address", To: account.RedirectAddr}
	case account.Action == "redirectUrl" && account.RedirectURL != "":
		return Account{}, &client.Refusal{Does: client.AsksAgain, Why: "another server", To: account.RedirectURL}
	case account.Action != "settings":
		return Account{}, client.Rejected("the Action %q does not lead to settings", account.Action)
	}
	return account, nil
}

// Mail returns the first block that receives mail and the first SMTP block. An
// absent element has a default, and two defaults harm: SPA, which means NTLM,
// is on, and the user name is the local part.
func (a Account) Mail(address string) (client.Account, error) {
	var out client.Account
	for _, block := range a.Protocols {
		switch block.Type {
		case "IMAP", "POP3":
			if out.Incoming.Protocol == "" {
				out.Incoming = block.Server(address)
			}
		case "SMTP":
			if out.Outgoing.Protocol == "" {
				out.Outgoing = block.Server(address)
			}
		case "EXCH", "EXPR", "EXHTTP", "WEB":
			return client.Reject("a block of type %s makes it an Exchange account, which cannot work", block.Type)
		}
	}
	if out == (client.Account{}) {
		return client.Reject("there is no block of type IMAP, POP3 or SMTP")
	}
	return out, nil
}

// Server returns the server of a block, with the defaults of absent elements.
func (b Block) Server(address string) client.Server {
	local, _ := client.SplitAddress(address)
	s := client.Server{
		Protocol: strings.ToLower(b.Type),
		Host:     b.Host,
		Port:     map[string]int{"IMAP": 143, "POP3": 110, "SMTP": 25}[b.Type],
		User:     local,
		Security: client.TLS,
		Auth:     client.Password,
	}
	if b.Port != nil {
		s.Port, _ = strconv.Atoi(strings.TrimSpace(*b.Port)) // 0 when it is not a number
	}
	if b.LoginName != nil {
		s.User = *b.LoginName
	}
	if !isOn(b.SSL) {
		s.Security = client.Plaintext
	}
	if b.Encryption != nil { // which overrides SSL
		switch strings.ToLower(*b.Encryption) {
		case "none":
			s.Security = client.Plaintext
		case "ssl":
			s.Security = client.TLS
		case "tls":
			s.Security = client.STARTTLS
		case "auto":
			s.Security = client.Negotiated
		}
	}
	switch {
	case isOn(b.SPA):
		s.Auth = client.NTLM
	case !isOn(b.AuthRequired):
		s.Auth = client.NoAuth
	}
	return s
}

// isOn reads a switch. Each of them is on when it is absent.
func isOn(value *string) bool { return value == nil || !strings.EqualFold(*value, "off") }
