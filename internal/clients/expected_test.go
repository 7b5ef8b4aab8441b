package clients_test

import (
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/settings"
)

// expectation is what a client has to end with, by the settings.
type expectation struct {
	settings settings.Settings // with the address of the mailbox
	address  string            // as the person types it: the old one after a move
	forAll   bool              // the document is for every address of the domain
	offer    offer
	in, out  *settings.Service // behind the client's servers; nil for none
	account  client.Account
	verdict  client.Verdict // "" when the client can use the document
}

// expect returns what a client has to end with: the services that its format
// names, exactly as the settings say, but for its exceptions. met is called with
// each exception that changes something.
func expect(r reader, s settings.Settings, met func(exception)) *expectation {
	e := &expectation{settings: s, address: typed(s), forAll: r.AsksForDomain, offer: offerOf(r.Format, s)}
	if s.Address.IsZero() {
		e.settings.Address, e.forAll = somebody(s), true
	}
	e.in, e.out = e.offer.incoming(), e.offer.smtp
	e.account.CalDAV, e.account.CardDAV = e.dav(e.offer.caldav), e.dav(e.offer.carddav)
	e.fill()
	for _, x := range exceptions {
		if e.verdict == "" && slices.Contains(x.clients, r.Name) && x.applies(e) {
			before := *e
			x.then(e)
			if e.account != before.account || e.verdict != before.verdict {
				met(x)
			}
		}
	}
	return e
}

// somebody returns a placeholder address for settings of a whole domain.
func somebody(s settings.Settings) address.Address {
	if s.MovedTo != "" {
		return address.Address{Local: "anna", Domain: s.MovedTo}
	}
	return address.Address{Local: "anna", Domain: s.Domain}
}

// typed returns the address that a person types into a client.
func typed(s settings.Settings) string {
	a := s.Address
	if a.IsZero() {
		a = somebody(s)
	}
	if s.MovedTo != "" {
		a.Domain = s.Domain
	}
	return a.String()
}

// form returns a service's user name as autoconfig has to write it: literally
// when it belongs to one mailbox, else in placeholders.
func (e *expectation) form(svc *settings.Service) string {
	if !e.forAll && (e.settings.MailboxLookup || e.settings.LoginName != "" || e.settings.MovedTo != "" || e.settings.LoginDomain != "") {
		user, _ := e.settings.Login(*svc)
		return user
	}
	return svc.Login.Replace(client.EmailAddress, client.EmailLocalPart, client.EmailDomain)
}

// filled returns a form with the typed address filled in.
func (e *expectation) filled(form string) string {
	at := strings.LastIndexByte(e.address, '@')
	return strings.NewReplacer(client.EmailAddress, e.address, client.EmailLocalPart, e.address[:at], client.EmailDomain, e.address[at+1:]).Replace(form)
}

// fill writes the servers into the account.
func (e *expectation) fill() {
	e.account.Incoming, e.account.Outgoing = e.server(e.in), e.server(e.out)
}

func (e *expectation) server(svc *settings.Service) client.Server {
	if svc == nil {
		return client.Server{}
	}
	user, _ := e.settings.Login(*svc)
	if svc.Protocol == settings.EWS {
		s := client.Server{Protocol: "ews", Host: hostOf(svc.URL), Security: client.TLS, User: user}
		if !https(*svc) {
			s.Security = client.Plaintext
		}
		return s
	}
	return client.Server{
		Protocol: map[settings.Protocol]string{settings.IMAP: "imap", settings.POP3: "pop3", settings.Submission: "smtp"}[svc.Protocol],
		Host:     svc.Host,
		Port:     int(svc.Port),
		Security: client.Security(svc.Security),
		User:     user,
	}
}

func (e *expectation) dav(svc *settings.Service) client.DAV {
	if svc == nil {
		return client.DAV{}
	}
	user, _ := e.settings.Login(*svc)
	return client.DAV{URL: svc.URL, User: user}
}

// sides returns each server with its service.
func (e *expectation) sides() []side {
	var all []side
	for _, s := range []side{{e.in, &e.account.Incoming}, {e.out, &e.account.Outgoing}} {
		if s.service != nil {
			all = append(all, s)
		}
	}
	return all
}

type side struct {
	service *settings.Service
	server  *client.Server
}

// any reports whether is holds for a side.
func (e *expectation) any(is func(side) bool) bool { return slices.ContainsFunc(e.sides(), is) }

// exception is one way in which some clients end with something else than what
// the settings say, and the client's rule that makes it so.
type exception struct {
	reason  string
	clients []string
	applies func(*expectation) bool
	then    func(*expectation)
}

// perServer is an exception that changes each server to which it applies.
func perServer(reason string, clients []string, applies func(*expectation, side) bool, change func(*expectation, side)) exception {
	return exception{reason, clients, func(e *expectation) bool {
		return e.any(func(s side) bool { return applies(e, s) })
	}, func(e *expectation) {
		for _, s := range e.sides() {
			if applies(e, s) {
				change(e, s)
			}
		}
	}}
}

// refuses is an exception that ends without an account.
func refuses(reason string, verdict client.Verdict, clients []string, applies func(*expectation) bool) exception {
	return exception{reason, clients, applies, func(e *expectation) { e.verdict = verdict }}
}

// The clients, in groups that share an exception.
var (
	placeholders = []string{"Thunderbird", "Thunderbird for Android", "Evolution", "FairEmail", "Delta Chat", "GNOME Online Accounts", "KMail", "Nextcloud Mail"}
	imapOnly     = []string{"Thunderbird for Android", "FairEmail", "Delta Chat", "GNOME Online Accounts", "Nextcloud Mail", "FairEmail's Autodiscover", "Delta Chat's Autodiscover"}
	needBoth     = []string{"Thunderbird", "Thunderbird for Android", "FairEmail", "SnappyMail", "FairEmail's Autodiscover"}
	noDAV        = []string{"Outlook", "Thunderbird's Autodiscover", "FairEmail's Autodiscover", "Delta Chat's Autodiscover"}
)

func moved(e *expectation) bool { return e.settings.MovedTo != "" }

func noServer(e *expectation) bool { return e.in == nil && e.out == nil }

// exceptions apply in this order. The tests want each of them to be met, with
// exactly this outcome: one that no longer holds fails.
var exceptions = []exception{
	refuses("a redirect to a new address works", client.AsksAgain, []string{"Outlook", "eM Client"}, moved),
	refuses("a redirect to a new address does not work; autoconfig, which comes first, names the new server", client.Rejects,
		[]string{"Thunderbird's Autodiscover", "FairEmail's Autodiscover"}, moved),
	refuses("a redirect to a new address is ignored; autoconfig, which comes first, names the new server", client.Ignores,
		[]string{"Delta Chat's Autodiscover"}, moved),
	refuses("Exchange is preferred to mail servers, and without MAPI there is no account", client.Rejects,
		[]string{"Outlook", "eM Client"}, func(e *expectation) bool { return e.offer.ews != nil }),
	{
		"Autodiscover has calendars and contacts for eM Client; others ignore them",
		noDAV,
		func(e *expectation) bool { return e.offer.caldav != nil || e.offer.carddav != nil },
		func(e *expectation) { e.account.CalDAV, e.account.CardDAV = client.DAV{}, client.DAV{} },
	},
	{
		"POP3 is not supported",
		imapOnly,
		func(e *expectation) bool { return e.in != nil && e.in.Protocol == settings.POP3 },
		func(e *expectation) { e.in = nil; e.fill() },
	},
	{
		"a plaintext section without a way to log in that Thunderbird supports is skipped; encrypted sections have the password as the last resort",
		[]string{"Thunderbird"},
		func(e *expectation) bool {
			return slices.ContainsFunc([]*settings.Service{e.offer.imap, e.offer.pop3, e.offer.smtp}, unknownToThunderbird)
		},
		func(e *expectation) {
			for _, svc := range []**settings.Service{&e.offer.imap, &e.offer.pop3, &e.offer.smtp} {
				if unknownToThunderbird(*svc) {
					*svc = nil
				}
			}
			e.in, e.out = e.offer.incoming(), e.offer.smtp
			e.fill()
		},
	},
	refuses("one plaintext section rejects the whole file", client.Rejects, []string{"Thunderbird for Android"},
		func(e *expectation) bool { return e.any(inClear) }),
	{
		"the first incoming section is used as IMAP, whatever its type",
		[]string{"SnappyMail"},
		func(e *expectation) bool {
			return e.offer.imap == nil && (e.in != nil || e.offer.jmap != nil || e.offer.ews != nil)
		},
		func(e *expectation) {
			if e.in == nil {
				e.in = &settings.Service{Protocol: settings.JMAP, Security: settings.Plaintext}
				e.fill()
			}
			e.account.Incoming.Protocol = "imap"
		},
	},
	{
		"Exchange receives and sends where there is no mail server; a URL with a port is not read, and there must be a mail server that sends",
		[]string{"Thunderbird"},
		func(e *expectation) bool {
			return e.in == nil && e.out != nil && e.offer.ews != nil && !strings.Contains(hostOf(e.offer.ews.URL), ":")
		},
		func(e *expectation) {
			e.in, e.out = e.offer.ews, e.offer.ews
			e.fill()
		},
	},
	{
		"Exchange receives and sends where there is no mail server; the user name is the address, whatever LoginName says",
		[]string{"Thunderbird's Autodiscover"},
		func(e *expectation) bool { return e.in == nil && e.offer.ews != nil },
		func(e *expectation) {
			e.in, e.out = e.offer.ews, e.offer.ews
			host, port, hasPort := strings.Cut(hostOf(e.in.URL), ":")
			s := client.Server{Protocol: "ews", Host: host, Port: 443, Security: client.TLS, User: e.address}
			if hasPort {
				s.Port, _ = strconv.Atoi(port)
			}
			e.account.Incoming, e.account.Outgoing = s, s
		},
	},
	refuses("a document without servers for both directions is rejected", client.Rejects, needBoth,
		func(e *expectation) bool { return e.in == nil || e.out == nil }),
	refuses("an account must receive; one that cannot send uses a server that is already set up", client.Rejects,
		[]string{"Thunderbird's Autodiscover"}, func(e *expectation) bool { return e.in == nil }),
	refuses("a document without a server is not an answer", client.Rejects, []string{"Nextcloud Mail"}, noServer),
	refuses("a document without a server is still an answer, and the client guesses", client.Ignores,
		[]string{"Evolution", "Delta Chat", "GNOME Online Accounts", "KMail", "Delta Chat's Autodiscover"}, noServer),
	perServer("one document for a whole domain cannot remove a tag from an address, and knows no mailbox with a user name of its own", placeholders,
		func(e *expectation, s side) bool { return s.server.User != e.filled(e.form(s.service)) },
		func(e *expectation, s side) { s.server.User = e.filled(e.form(s.service)) }),
	{
		"one document for a whole domain has no user names; they are the address",
		[]string{"PACC"},
		func(e *expectation) bool {
			user, _ := e.settings.Login(settings.Service{Login: settings.LoginAddress})
			return user != e.address
		},
		func(e *expectation) {
			for _, s := range e.sides() {
				s.server.User = e.address
			}
			for _, at := range []*client.DAV{&e.account.CalDAV, &e.account.CardDAV} {
				if at.URL != "" {
					at.User = e.address
				}
			}
		},
	},
	{
		"the last user name of the document, which is the outgoing server's, counts for every server",
		[]string{"FairEmail"},
		func(e *expectation) bool { return e.form(e.in) != e.form(e.out) },
		func(e *expectation) { e.account.Incoming.User = e.account.Outgoing.User },
	},
	{
		"a user name of several placeholders is used as written",
		[]string{"FairEmail"},
		func(e *expectation) bool {
			form := e.form(e.out)
			return e.filled(form) != form && form != client.EmailAddress && form != client.EmailLocalPart
		},
		func(e *expectation) { e.account.Incoming.User, e.account.Outgoing.User = e.form(e.out), e.form(e.out) },
	},
	perServer("the user name is the address, whatever LoginName says", []string{"FairEmail's Autodiscover", "Delta Chat's Autodiscover"},
		func(e *expectation, s side) bool { return s.server.User != e.address },
		func(e *expectation, s side) { s.server.User = e.address }),
	perServer("the person is asked for a user name that is not exactly one placeholder", []string{"GNOME Online Accounts"},
		func(e *expectation, s side) bool { return !singlePlaceholder(e.form(s.service)) },
		func(_ *expectation, s side) { s.server.User = "" }),
	{
		"the user name is what the person types",
		[]string{"SnappyMail"},
		func(*expectation) bool { return true },
		func(e *expectation) { e.account.Incoming.User, e.account.Outgoing.User = "", "" },
	},
	perServer("a literal user name that looks like a number becomes one", []string{"Thunderbird", "Thunderbird's Autodiscover"},
		func(_ *expectation, s side) bool { return s.server.User == "007" },
		func(_ *expectation, s side) { s.server.User = "7" }),
	perServer("a literal user name loses what comes before the last character that XML escapes", []string{"Delta Chat"},
		func(e *expectation, s side) bool { return unescaped(e.form(s.service)) != e.form(s.service) },
		func(e *expectation, s side) { s.server.User = e.filled(unescaped(e.form(s.service))) }),
	perServer("a mailbox with the name of a placeholder is filled in once more", []string{"Thunderbird for Android", "KMail"},
		func(e *expectation, s side) bool {
			return strings.Contains(e.address, client.EmailAddress) && strings.Contains(e.form(s.service), client.EmailLocalPart)
		},
		func(e *expectation, s side) {
			s.server.User = strings.ReplaceAll(s.server.User, client.EmailAddress, e.address)
		}),
	perServer("placeholders are filled into an Autodiscover answer as well", []string{"Thunderbird's Autodiscover"},
		func(_ *expectation, s side) bool {
			return s.service.Protocol != settings.EWS && strings.Contains(s.server.User, client.EmailAddress)
		},
		func(e *expectation, s side) {
			s.server.User = strings.Replace(s.server.User, client.EmailAddress, e.address, 1)
		}),
	perServer("the port alone tells the security: STARTTLS on 143, 110, 25 and 587, implicit TLS elsewhere", []string{"Thunderbird's Autodiscover"},
		func(_ *expectation, s side) bool { return !inClear(s) && !portTells(*s.service) },
		func(_ *expectation, s side) { s.server.Security = byPort(s, 143, 110, 25, 587) }),
	perServer("there is no plaintext; the port tells the security", []string{"FairEmail"},
		func(_ *expectation, s side) bool { return inClear(s) },
		func(_ *expectation, s side) { s.server.Security = fairEmailsPort(s) }),
	perServer("the port alone tells the security: STARTTLS on 143 for IMAP and 587 for SMTP, implicit TLS elsewhere", []string{"FairEmail's Autodiscover"},
		func(_ *expectation, s side) bool { return s.server.Security != fairEmailsPort(s) },
		func(_ *expectation, s side) { s.server.Security = fairEmailsPort(s) }),
	perServer("implicit TLS is tried on the port, then STARTTLS", []string{"Delta Chat's Autodiscover"},
		func(_ *expectation, s side) bool { return !inClear(s) },
		func(_ *expectation, s side) { s.server.Security = client.Negotiated }),
	perServer("UseSSL means implicit TLS on 993, 995 and 465, and whatever the server offers elsewhere", []string{"Apple Mail"},
		func(_ *expectation, s side) bool { return !inClear(s) && s.server.Security != applesPort(s) },
		func(_ *expectation, s side) { s.server.Security = applesPort(s) }),
	perServer("there is no user name without authentication", []string{"Apple Mail"},
		func(_ *expectation, s side) bool { return applesWord(*s.service) == "EmailAuthNone" },
		func(_ *expectation, s side) { s.server.User = "" }),
	{
		"the path / is left out; the device discovers it",
		[]string{"Apple Mail"},
		func(e *expectation) bool {
			return bare(e.account.CalDAV.URL) != e.account.CalDAV.URL || bare(e.account.CardDAV.URL) != e.account.CardDAV.URL
		},
		func(e *expectation) {
			e.account.CalDAV.URL, e.account.CardDAV.URL = bare(e.account.CalDAV.URL), bare(e.account.CardDAV.URL)
		},
	},
	perServer("port 65535 is ignored", []string{"GNOME Online Accounts"},
		func(_ *expectation, s side) bool { return s.server.Port == 65535 },
		func(_ *expectation, s side) { s.server.Port = 0 }),
}

// unescaped returns the last piece of a text between characters that XML escapes,
// which an apostrophe is not.
func unescaped(text string) string {
	pieces := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(`&<>"`, r) })
	for _, piece := range slices.Backward(pieces) {
		if piece = strings.TrimSpace(piece); piece != "" {
			return piece
		}
	}
	return ""
}

// hostOf returns the host of a URL, and its port if it has one.
func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

func inClear(s side) bool { return s.service.Security == settings.Plaintext }

func unknownToThunderbird(svc *settings.Service) bool {
	if svc == nil || svc.Security != settings.Plaintext || takesPassword(*svc) || svc.Accepts(settings.GSSAPI) || svc.Accepts(settings.NTLM) {
		return false
	}
	return svc.Protocol != settings.Submission || !svc.Accepts(settings.NoAuth)
}

func singlePlaceholder(form string) bool {
	return form == client.EmailAddress || form == client.EmailLocalPart || form == client.EmailDomain
}

func byPort(s side, startTLS ...int) client.Security {
	if slices.Contains(startTLS, s.server.Port) {
		return client.STARTTLS
	}
	return client.TLS
}

func fairEmailsPort(s side) client.Security {
	if s.server.Protocol == "imap" {
		return byPort(s, 143)
	}
	return byPort(s, 587)
}

func applesPort(s side) client.Security {
	if slices.Contains([]int{993, 995, 465}, s.server.Port) {
		return client.TLS
	}
	return client.Negotiated
}

// bare drops the path "/" of a URL.
func bare(u string) string {
	if strings.Count(u, "/") == 3 {
		return strings.TrimSuffix(u, "/")
	}
	return u
}
