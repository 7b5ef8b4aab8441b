package clients

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// Outlook reads the answer as classic Outlook does (MS-OXDSCLI): the first
// block that receives mail and the first SMTP block. What is absent has a
// default, and some defaults hurt: SPA, which is NTLM, is on, and the user name
// is the part of the address before the @.
func Outlook(document []byte, address string) (Account, error) {
	account, err := readPOX(document)
	if err != nil {
		return Account{}, err
	}
	return account.mail(address)
}

// poxAccount is what all readers of the format look at.
type poxAccount struct {
	AccountType  string     `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a AccountType"`
	Action       string     `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a Action"`
	RedirectAddr string     `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a RedirectAddr"`
	RedirectURL  string     `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a RedirectUrl"`
	Protocols    []poxBlock `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a Protocol"`
}

// poxBlock is one Protocol; nil stands for an element that is absent.
type poxBlock struct {
	Type         string  `xml:"Type"`
	Server       string  `xml:"Server"`
	Port         *string `xml:"Port"`
	LoginName    *string `xml:"LoginName"`
	SPA          *string `xml:"SPA"`
	SSL          *string `xml:"SSL"`
	Encryption   *string `xml:"Encryption"`
	AuthRequired *string `xml:"AuthRequired"`
}

func readPOX(document []byte) (poxAccount, error) {
	var doc struct {
		XMLName  xml.Name `xml:"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006 Autodiscover"`
		Response *struct {
			Account *poxAccount `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a Account"`
			Error   *struct{}   `xml:"Error"`
		} `xml:"Response"`
	}
	if _, err := pull(document); err != nil {
		return poxAccount{}, refused("%v", err)
	}
	if err := xml.Unmarshal(document, &doc); err != nil {
		return poxAccount{}, refused("it is no Autodiscover document: %v", err)
	}
	switch {
	case doc.Response != nil && doc.Response.Error != nil:
		return poxAccount{}, refused("it is an error")
	case doc.Response == nil || doc.Response.Account == nil:
		return poxAccount{}, refused("there is no Response with an Account in it, in the right namespaces")
	}
	account := *doc.Response.Account
	switch {
	case account.AccountType != "email":
		return poxAccount{}, refused("the account is not of the type email")
	case account.Action == "redirectAddr" && account.RedirectAddr != "":
		return poxAccount{}, &Refusal{Does: AsksAgain, Why: "for another address", To: account.RedirectAddr}
	case account.Action == "redirectUrl" && account.RedirectURL != "":
		return poxAccount{}, &Refusal{Does: AsksAgain, Why: "another server", To: account.RedirectURL}
	case account.Action != "settings":
		return poxAccount{}, refused("the action %q is none that leads to settings", account.Action)
	}
	return account, nil
}

func (a poxAccount) mail(address string) (Account, error) {
	var out Account
	for _, block := range a.Protocols {
		switch block.Type {
		case "IMAP", "POP3":
			if out.Incoming.Protocol == "" {
				out.Incoming = block.server(address)
			}
		case "SMTP":
			if out.Outgoing.Protocol == "" {
				out.Outgoing = block.server(address)
			}
		case "EXCH", "EXPR", "EXHTTP", "WEB":
			return rejects("a block of type %s makes it an Exchange account that cannot work", block.Type)
		}
	}
	if out == (Account{}) {
		return rejects("no block of type IMAP, POP3 or SMTP")
	}
	return out, nil
}

func (b poxBlock) server(address string) Server {
	local, _ := split(address)
	s := Server{
		Protocol: strings.ToLower(b.Type),
		Host:     b.Server,
		Port:     map[string]int{"IMAP": 143, "POP3": 110, "SMTP": 25}[b.Type],
		User:     local,
		Security: TLS,
		Auth:     password,
	}
	if b.Port != nil {
		s.Port, _ = strconv.Atoi(strings.TrimSpace(*b.Port)) // 0 when it is none
	}
	if b.LoginName != nil {
		s.User = *b.LoginName
	}
	if !isOn(b.SSL) {
		s.Security = Plaintext
	}
	if b.Encryption != nil { // it overrides SSL
		switch strings.ToLower(*b.Encryption) {
		case "none":
			s.Security = Plaintext
		case "ssl":
			s.Security = TLS
		case "tls":
			s.Security = STARTTLS
		case "auto":
			s.Security = Negotiated
		}
	}
	switch {
	case isOn(b.SPA):
		s.Auth = ntlm
	case !isOn(b.AuthRequired):
		s.Auth = noAuth
	}
	return s
}

// isOn reads a switch. Each of them is on when it is absent.
func isOn(value *string) bool { return value == nil || !strings.EqualFold(*value, "off") }
