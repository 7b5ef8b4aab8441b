package autodiscover

import (
	"encoding/xml"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Render returns the response for Outlook (schema 2006a): a Protocol block each for
// IMAP, POP3 and SMTP, in this order because Thunderbird uses the first incoming
// block, then CalDAV and CardDAV for eM Client if the provider enables them. EXCH
// and EXPR blocks for Exchange Web Services are in front if the provider enables
// them, or if it has nothing else that receives mail. For a domain that moved, or a
// provider with a redirect, it returns RenderRedirect. The error is NotOffered when
// there is neither Exchange nor a mail service that accepts a password, BadRequest
// when s has no address.
func Render(s settings.Settings) ([]byte, error) {
	if s.Address.IsZero() {
		return nil, errNoAddress
	}
	if s.MovedTo != "" {
		return RenderRedirect(settings.Redirect{Domain: s.MovedTo}, s.Address)
	}
	if to := s.Provider.Outlook.Redirect; to != nil {
		return RenderRedirect(*to, primary(s))
	}
	services := s.Services()
	blocks := make([]protocolBlock, 0, 7)
	if svc, ok := exchange(s); ok {
		blocks = append(blocks, exchangeBlock(s, svc, "EXCH"), exchangeBlock(s, svc, "EXPR"))
	}
	for _, p := range [...]settings.Protocol{settings.IMAP, settings.POP3, settings.Submission} {
		if svc, ok := choose(services, p); ok {
			blocks = append(blocks, mailBlock(s, svc))
		}
	}
	if len(blocks) == 0 {
		return nil, settings.Errorf(settings.NotOffered, "there is no mail service for that domain that Outlook could use")
	}
	if s.Provider.Outlook.DAV {
		for _, p := range [...]settings.Protocol{settings.CalDAV, settings.CardDAV} {
			if svc, ok := choose(services, p); ok {
				blocks = append(blocks, block(s, svc))
			}
		}
	}
	return document(outlookDocument{Response: outlookResponse{
		User:    &user{primary(s).String()},
		Account: account{AccountType: "email", Action: "settings", Protocol: blocks},
	}})
}

// exchange returns the Exchange Web Services to announce; false for none. Classic
// Outlook prefers Exchange to IMAP, but uses MAPI, which needs values of each mailbox
// that only an Exchange server knows. So where IMAP or POP3 would work, they are
// announced only on request.
func exchange(s settings.Settings) (settings.Service, bool) {
	services := s.Services()
	_, imap := choose(services, settings.IMAP)
	_, pop3 := choose(services, settings.POP3)
	if (imap || pop3) && !s.Provider.Outlook.EWS {
		return settings.Service{}, false
	}
	return settings.FirstWeb(services, settings.EWS)
}

// exchangeBlock returns a block of type EXCH, for clients inside a network, or EXPR,
// for those outside. It must be in front of the mail blocks: Thunderbird writes its
// URL over the first server. Evolution and Apple Mail read ASUrl, Thunderbird EwsUrl.
func exchangeBlock(s settings.Settings, svc settings.Service, kind string) protocolBlock {
	login, _ := s.Login(svc) // there is an address
	b := protocolBlock{Type: kind, ASURL: svc.URL, EWSURL: svc.URL, LoginName: login, DomainRequired: off}
	if kind == "EXPR" {
		b.SSL = on
	}
	return b
}

// primary returns the address without its sub-address, Microsoft's "primary
// address".
func primary(s settings.Settings) address.Address {
	return s.Address.WithoutTag(s.Provider.Subaddress)
}

var errNoAddress error = &settings.Error{Kind: settings.BadRequest, Message: "Autodiscover needs an address, not only a domain"}

// choose returns the service of a protocol for its only block: the first one
// that every reader understands alike, else the first with TLS or STARTTLS, else
// the first. Thunderbird and FairEmail derive STARTTLS or TLS from the port and
// ignore the rest: for STARTTLS on another port they would use implicit TLS.
func choose(services []settings.Service, p settings.Protocol) (settings.Service, bool) {
	return settings.Best(services, p, func(s settings.Service) int {
		switch {
		case !usable(s):
			return -1
		case strings.HasPrefix(s.URL, "https://"):
			return 0
		case p.ByURL() || s.Security == settings.Plaintext:
			return 2
		case settings.PortContradicts(s.Port, s.Security):
			return 1
		}
		return 0
	})
}

// usable excludes services that accept only what these clients cannot be told:
// AuthPackage does not apply to IMAP, POP3 and SMTP, and the OAuth2 that
// clients know is for servers built into them. They would ask again and again
// for a password that does not work.
func usable(s settings.Service) bool {
	return s.TakesPassword() || s.Accepts(settings.NoAuth)
}

func mailBlock(s settings.Settings, svc settings.Service) protocolBlock {
	b := block(s, svc)
	b.Server, b.Port = svc.Host, svc.Port
	// Encryption overrides SSL in clients that know it. SSL must be on for
	// STARTTLS too: for Delta Chat and Thunderbird, "off" is plaintext.
	switch svc.Security {
	case settings.TLS:
		b.SSL, b.Encryption = on, "SSL"
	case settings.STARTTLS:
		b.SSL, b.Encryption = on, "TLS"
	case settings.Plaintext:
		b.SSL, b.Encryption = off, "None"
	}
	return b
}

// Delta Chat accepts these values in lower case only.
const (
	on  = "on"
	off = "off"
)

// block returns the elements of all protocols. LoginName is always present:
// Outlook's default is the local part of the address.
func block(s settings.Settings, svc settings.Service) protocolBlock {
	login, _ := s.Login(svc) // there is an address
	b := protocolBlock{
		Type:           typeOf(svc.Protocol),
		Server:         svc.URL,
		LoginName:      login,
		DomainRequired: off,
		SPA:            off,
		AuthRequired:   off,
	}
	if svc.TakesPassword() {
		b.AuthRequired = on
	}
	return b
}

// typeOf returns the value of Type, whose case matters to Thunderbird and
// FairEmail. CalDAV and CardDAV are known to eM Client; Outlook ignores them.
func typeOf(p settings.Protocol) string {
	switch p {
	case settings.IMAP:
		return "IMAP"
	case settings.POP3:
		return "POP3"
	case settings.Submission:
		return "SMTP"
	case settings.CalDAV:
		return "CalDAV"
	case settings.CardDAV:
		return "CardDAV"
	case settings.JMAP, settings.WebDAV, settings.ManageSieve, settings.ActiveSync, settings.EWS:
	}
	return "" // never chosen
}

// RenderRedirect returns the response that redirects Outlook and Evolution from
// address a to the same local part at another domain (redirectAddr), or to another
// Autodiscover service (redirectUrl; MS-OXDSCLI section 2.2.4.1.1.2). Thunderbird
// follows neither and finds no settings in it.
func RenderRedirect(to settings.Redirect, a address.Address) ([]byte, error) {
	elsewhere := account{AccountType: "email", Action: "redirectUrl", RedirectURL: to.URL}
	if to.URL == "" {
		a.Domain = to.Domain
		elsewhere = account{AccountType: "email", Action: "redirectAddr", RedirectAddr: a.String()}
	}
	return document(outlookDocument{Response: outlookResponse{Account: elsewhere}})
}

// culture is required, but no client uses it.
const culture = "en:us"

// RenderMobileSync returns the response for ActiveSync clients. The error is
// NotOffered when the provider has no activesync service, because a client would
// create an Exchange account that cannot work; BadRequest when s has no address.
func RenderMobileSync(s settings.Settings) ([]byte, error) {
	if s.Address.IsZero() {
		return nil, errNoAddress
	}
	if s.MovedTo != "" {
		return mobileSyncRedirect(s.Address, s.Address)
	}
	svc, ok := settings.First(s.Services(), settings.ActiveSync)
	if to := s.Provider.Outlook.Redirect; !ok && to != nil && to.Domain != "" { // the schema cannot name another service
		return mobileSyncRedirect(s.Address, address.Address{Local: primary(s).Local, Domain: to.Domain})
	}
	if !ok {
		return nil, &codedError{noProvider, settings.Errorf(settings.NotOffered, "there is no ActiveSync service for that domain")}
	}
	return document(mobileSyncDocument{Response: mobileSyncResponse{
		Culture: culture,
		Email:   primary(s).String(),
		Server:  &server{Type: "MobileSync", URL: svc.URL, Name: svc.URL},
	}})
}

func mobileSyncRedirect(from, to address.Address) ([]byte, error) {
	return document(mobileSyncDocument{Response: mobileSyncResponse{Culture: culture, Email: from.String(), Redirect: to.String()}})
}

// document encodes a document with its XML declaration.
func document(v any) ([]byte, error) {
	body, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, &settings.Error{Kind: settings.Internal, Message: "cannot encode the document", Cause: err}
	}
	return append([]byte(xml.Header), append(body, '\n')...), nil
}
