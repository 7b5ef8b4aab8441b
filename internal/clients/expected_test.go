package clients_test

import (
	"slices"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/clients"
	"github.com/waymark-mail/waymark/internal/settings"
)

// expectation is what a client has to end with, by the settings.
type expectation struct {
	settings settings.Settings // with the address of the mailbox
	address  string            // as the person types it: the old one after a move
	forAll   bool              // the document is for every address of the domain
	offer    offer
	in, out  *settings.Service // what the client's servers are, if any
	account  clients.Account
	verdict  clients.Verdict // "" when the client can use the document
}

// expect returns what a client has to end with: the services that its format
// names, exactly as the settings say, but for what the table of exceptions
// says about it. met is told of each exception that changes something.
func expect(client clients.Client, s settings.Settings, met func(exception)) *expectation {
	e := &expectation{settings: s, address: typed(s), forAll: client.AsksForDomain, offer: offerOf(client.Format, s)}
	if s.Address.IsZero() {
		e.settings.Address, e.forAll = somebody(s), true
	}
	e.in, e.out = e.offer.incoming(), e.offer.smtp
	e.account.CalDAV = e.dav(e.offer.caldav)
	e.account.CardDAV = e.dav(e.offer.carddav)
	e.fill()
	for _, x := range exceptions {
		if e.verdict == "" && slices.Contains(x.clients, client.Name) && x.applies(e) {
			before := *e
			x.then(e)
			if e.account != before.account || e.verdict != before.verdict {
				met(x)
			}
		}
	}
	return e
}

// somebody is who sets up an account where the settings are for a whole domain.
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

// form returns a service's user name as autoconfig has to say it: a name that
// is one mailbox's own as it is, and any other in placeholders.
func (e *expectation) form(svc *settings.Service) string {
	if !e.forAll && (e.settings.MailboxLookup || e.settings.LoginName != "" || e.settings.MovedTo != "") {
		user, _ := e.settings.Login(*svc)
		return user
	}
	return e.settings.LoginForm(*svc).Replace("%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILDOMAIN%")
}

// filled returns a form with what the person typed in it.
func (e *expectation) filled(form string) string {
	at := strings.LastIndexByte(e.address, '@')
	return strings.NewReplacer("%EMAILADDRESS%", e.address, "%EMAILLOCALPART%", e.address[:at], "%EMAILDOMAIN%", e.address[at+1:]).Replace(form)
}

// fill writes the servers into the account.
func (e *expectation) fill() {
	e.account.Incoming, e.account.Outgoing = e.server(e.in), e.server(e.out)
}

func (e *expectation) server(svc *settings.Service) clients.Server {
	if svc == nil {
		return clients.Server{}
	}
	user, _ := e.settings.Login(*svc)
	return clients.Server{
		Protocol: map[settings.Protocol]string{settings.IMAP: "imap", settings.POP3: "pop3", settings.Submission: "smtp"}[svc.Protocol],
		Host:     svc.Host,
		Port:     int(svc.Port),
		Security: clients.Security(svc.Security),
		User:     user,
	}
}

func (e *expectation) dav(svc *settings.Service) clients.DAV {
	if svc == nil {
		return clients.DAV{}
	}
	user, _ := e.settings.Login(*svc)
	return clients.DAV{URL: svc.URL, User: user}
}

// sides returns each server with its service, for those there are.
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
	server  *clients.Server
}

// any reports whether a side is such.
func (e *expectation) any(is func(side) bool) bool { return slices.ContainsFunc(e.sides(), is) }

// exception is one way in which some clients end with something else than what
// the settings say, with the rule of theirs that makes it so.
type exception struct {
	reason  string
	clients []string
	applies func(*expectation) bool
	then    func(*expectation)
}

// The clients, in groups that share an exception.
var (
	placeholders = []string{"Thunderbird", "Thunderbird for Android", "Evolution", "FairEmail", "Delta Chat", "GNOME Online Accounts", "KMail", "Nextcloud Mail"}
	imapAlone    = []string{"Thunderbird for Android", "FairEmail", "Delta Chat", "GNOME Online Accounts", "Nextcloud Mail", "FairEmail's Autodiscover", "Delta Chat's Autodiscover"}
	needBoth     = []string{"Thunderbird", "Thunderbird for Android", "FairEmail", "SnappyMail", "FairEmail's Autodiscover"}
	noDAV        = []string{"Outlook", "Thunderbird's Autodiscover", "FairEmail's Autodiscover", "Delta Chat's Autodiscover"}
)

// exceptions are applied in this order. That each of them is met, and met with
// exactly this outcome, is tested: one that no longer holds fails.
var exceptions = []exception{
	{
		"a redirect to a new address is understood",
		[]string{"Outlook", "eM Client"},
		func(e *expectation) bool { return e.settings.MovedTo != "" },
		func(e *expectation) { e.verdict = clients.AsksAgain },
	},
	{
		"a redirect to a new address does not work; autoconfig, which is asked first, says it in another way",
		[]string{"Thunderbird's Autodiscover", "FairEmail's Autodiscover"},
		func(e *expectation) bool { return e.settings.MovedTo != "" },
		func(e *expectation) { e.verdict = clients.Rejects },
	},
	{
		"a redirect to a new address is passed over; autoconfig, which is asked first, says it in another way",
		[]string{"Delta Chat's Autodiscover"},
		func(e *expectation) bool { return e.settings.MovedTo != "" },
		func(e *expectation) { e.verdict = clients.Ignores },
	},
	{
		"the format has calendars and contacts for eM Client; the others pass over them",
		noDAV,
		func(e *expectation) bool { return e.offer.caldav != nil || e.offer.carddav != nil },
		func(e *expectation) {
			e.account.CalDAV, e.account.CardDAV = clients.DAV{}, clients.DAV{}
		},
	},
	{
		"POP3 is not supported",
		imapAlone,
		func(e *expectation) bool { return e.in != nil && e.in.Protocol == settings.POP3 },
		func(e *expectation) { e.in = nil; e.fill() },
	},
	{
		"a section over plaintext has no way to log in that Thunderbird knows (OAuth2 and client certificates count for the hosts built into it alone) and is skipped; for encrypted ones the password is the last resort",
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
	{
		"there is no connection without encryption, and one plain section rejects the whole file",
		[]string{"Thunderbird for Android"},
		func(e *expectation) bool { return e.any(inClear) },
		func(e *expectation) { e.verdict = clients.Rejects },
	},
	{
		"the first incoming section is taken for IMAP, whatever it is",
		[]string{"SnappyMail"},
		func(e *expectation) bool { return e.offer.imap == nil && (e.in != nil || e.offer.jmap != nil) },
		func(e *expectation) {
			if e.in == nil {
				e.in = &settings.Service{Protocol: settings.JMAP, Security: settings.Plaintext}
				e.fill()
			}
			e.account.Incoming.Protocol = "imap"
		},
	},
	{
		"a document without servers for both directions is rejected, as a whole; the client asks others, then the person",
		needBoth,
		func(e *expectation) bool { return e.in == nil || e.out == nil },
		func(e *expectation) { e.verdict = clients.Rejects },
	},
	{
		"an account that cannot receive is none; one that cannot send uses a server that is set up already",
		[]string{"Thunderbird's Autodiscover"},
		func(e *expectation) bool { return e.in == nil },
		func(e *expectation) { e.verdict = clients.Rejects },
	},
	{
		"without a server in it, the document is no answer",
		[]string{"Nextcloud Mail"},
		func(e *expectation) bool { return e.in == nil && e.out == nil },
		func(e *expectation) { e.verdict = clients.Rejects },
	},
	{
		"without a server in it, the document is an answer all the same, and the client guesses",
		[]string{"Evolution", "Delta Chat", "GNOME Online Accounts", "KMail", "Delta Chat's Autodiscover"},
		func(e *expectation) bool { return e.in == nil && e.out == nil },
		func(e *expectation) { e.verdict = clients.Ignores },
	},
	{
		"one document for all of a domain cannot cut a sub-address off, and knows no mailbox with a user name of its own",
		placeholders,
		func(e *expectation) bool {
			return e.any(func(s side) bool { return s.server.User != e.filled(e.form(s.service)) })
		},
		func(e *expectation) {
			for _, s := range e.sides() {
				s.server.User = e.filled(e.form(s.service))
			}
		},
	},
	{
		"one document for all of a domain has no word for user names; they are the address",
		[]string{"PACC"},
		func(e *expectation) bool {
			user, _ := e.settings.Login(settings.Service{Login: settings.LoginAddress})
			return user != e.address
		},
		func(e *expectation) {
			for _, s := range e.sides() {
				s.server.User = e.address
			}
			for _, at := range []*clients.DAV{&e.account.CalDAV, &e.account.CardDAV} {
				if at.URL != "" {
					at.User = e.address
				}
			}
		},
	},
	{
		"there is one user name for all servers, the last of the document, which is that of the outgoing server",
		[]string{"FairEmail"},
		func(e *expectation) bool { return e.form(e.in) != e.form(e.out) },
		func(e *expectation) { e.account.Incoming.User = e.account.Outgoing.User },
	},
	{
		"a user name of several placeholders is taken as it stands",
		[]string{"FairEmail"},
		func(e *expectation) bool {
			form := e.form(e.out)
			return e.filled(form) != form && form != "%EMAILADDRESS%" && form != "%EMAILLOCALPART%"
		},
		func(e *expectation) { e.account.Incoming.User, e.account.Outgoing.User = e.form(e.out), e.form(e.out) },
	},
	{
		"the user name is the address, whatever LoginName says",
		[]string{"FairEmail's Autodiscover", "Delta Chat's Autodiscover"},
		func(e *expectation) bool { return e.any(func(s side) bool { return s.server.User != e.address }) },
		func(e *expectation) {
			for _, s := range e.sides() {
				s.server.User = e.address
			}
		},
	},
	{
		"a user name that is not exactly one placeholder is asked for",
		[]string{"GNOME Online Accounts"},
		func(e *expectation) bool {
			return e.any(func(s side) bool { return !singlePlaceholder(e.form(s.service)) })
		},
		func(e *expectation) {
			for _, s := range e.sides() {
				if !singlePlaceholder(e.form(s.service)) {
					s.server.User = ""
				}
			}
		},
	},
	{
		"the user name is what the person types",
		[]string{"SnappyMail"},
		func(*expectation) bool { return true },
		func(e *expectation) { e.account.Incoming.User, e.account.Outgoing.User = "", "" },
	},
	{
		"a user name that is written out and looks like a number becomes one",
		[]string{"Thunderbird", "Thunderbird's Autodiscover"},
		func(e *expectation) bool { return e.any(func(s side) bool { return s.server.User == "007" }) },
		func(e *expectation) {
			for _, s := range e.sides() {
				if s.server.User == "007" {
					s.server.User = "7"
				}
			}
		},
	},
	{
		"a user name that is written out loses what stands before the last sign that XML escapes",
		[]string{"Delta Chat"},
		func(e *expectation) bool {
			return e.any(func(s side) bool { return unescaped(e.form(s.service)) != e.form(s.service) })
		},
		func(e *expectation) {
			for _, s := range e.sides() {
				s.server.User = e.filled(unescaped(e.form(s.service)))
			}
		},
	},
	{
		"a mailbox that is called as a placeholder is filled in once more",
		[]string{"Thunderbird for Android", "KMail"},
		func(e *expectation) bool {
			return strings.Contains(e.address, "%EMAILADDRESS%") && e.any(func(s side) bool {
				return strings.Contains(e.form(s.service), "%EMAILLOCALPART%")
			})
		},
		func(e *expectation) {
			for _, s := range e.sides() {
				if strings.Contains(e.form(s.service), "%EMAILLOCALPART%") {
					s.server.User = strings.ReplaceAll(s.server.User, "%EMAILADDRESS%", e.address)
				}
			}
		},
	},
	{
		"placeholders are filled into an Autodiscover answer as well",
		[]string{"Thunderbird's Autodiscover"},
		func(e *expectation) bool {
			return e.any(func(s side) bool { return strings.Contains(s.server.User, "%EMAILADDRESS%") })
		},
		func(e *expectation) {
			for _, s := range e.sides() {
				s.server.User = strings.Replace(s.server.User, "%EMAILADDRESS%", e.address, 1)
			}
		},
	},
	{
		"the port alone tells the security: STARTTLS on 143, 110, 25 and 587, TLS elsewhere",
		[]string{"Thunderbird's Autodiscover"},
		func(e *expectation) bool {
			return e.any(func(s side) bool { return !inClear(s) && !portTells(*s.service) })
		},
		func(e *expectation) {
			for _, s := range e.sides() {
				if !inClear(s) {
					s.server.Security = byPort(s, 143, 110, 25, 587)
				}
			}
		},
	},
	{
		"there is no connection without encryption; the port tells which it is",
		[]string{"FairEmail"},
		func(e *expectation) bool { return e.any(inClear) },
		func(e *expectation) {
			for _, s := range e.sides() {
				if inClear(s) {
					s.server.Security = fairEmailsPort(s)
				}
			}
		},
	},
	{
		"the port alone tells the security: STARTTLS on 143 for IMAP and 587 for SMTP, TLS elsewhere",
		[]string{"FairEmail's Autodiscover"},
		func(e *expectation) bool {
			return e.any(func(s side) bool { return s.server.Security != fairEmailsPort(s) })
		},
		func(e *expectation) {
			for _, s := range e.sides() {
				s.server.Security = fairEmailsPort(s)
			}
		},
	},
	{
		"TLS is tried on the port, then STARTTLS",
		[]string{"Delta Chat's Autodiscover"},
		func(e *expectation) bool { return e.any(func(s side) bool { return !inClear(s) }) },
		func(e *expectation) {
			for _, s := range e.sides() {
				if !inClear(s) {
					s.server.Security = clients.Negotiated
				}
			}
		},
	},
	{
		"the one switch for encryption means TLS on 993, 995 and 465, and what the server speaks elsewhere",
		[]string{"Apple"},
		func(e *expectation) bool {
			return e.any(func(s side) bool { return !inClear(s) && s.server.Security != applesPort(s) })
		},
		func(e *expectation) {
			for _, s := range e.sides() {
				if !inClear(s) {
					s.server.Security = applesPort(s)
				}
			}
		},
	},
	{
		"there is no user name where nobody logs in",
		[]string{"Apple"},
		func(e *expectation) bool { return e.any(func(s side) bool { return withoutLogin(*s.service) }) },
		func(e *expectation) {
			for _, s := range e.sides() {
				if withoutLogin(*s.service) {
					s.server.User = ""
				}
			}
		},
	},
	{
		"the path of the whole server is left out; the device discovers it",
		[]string{"Apple"},
		func(e *expectation) bool {
			return bare(e.account.CalDAV.URL) != e.account.CalDAV.URL || bare(e.account.CardDAV.URL) != e.account.CardDAV.URL
		},
		func(e *expectation) {
			e.account.CalDAV.URL, e.account.CardDAV.URL = bare(e.account.CalDAV.URL), bare(e.account.CardDAV.URL)
		},
	},
	{
		"the last port there is counts for none",
		[]string{"GNOME Online Accounts"},
		func(e *expectation) bool { return e.any(func(s side) bool { return s.server.Port == 65535 }) },
		func(e *expectation) {
			for _, s := range e.sides() {
				if s.server.Port == 65535 {
					s.server.Port = 0
				}
			}
		},
	},
}

// unescaped returns the last piece of a text between signs that XML escapes. An
// apostrophe needs none in a text.
func unescaped(text string) string {
	pieces := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(`&<>"`, r) })
	for _, piece := range slices.Backward(pieces) {
		if piece = strings.TrimSpace(piece); piece != "" {
			return piece
		}
	}
	return ""
}

func inClear(s side) bool { return s.service.Security == settings.Plaintext }

func unknownToThunderbird(svc *settings.Service) bool {
	if svc == nil || svc.Security != settings.Plaintext || takesPassword(*svc) || svc.Accepts(settings.GSSAPI) || svc.Accepts(settings.NTLM) {
		return false
	}
	return svc.Protocol != settings.Submission || !svc.Accepts(settings.NoAuth)
}

func singlePlaceholder(form string) bool {
	return form == "%EMAILADDRESS%" || form == "%EMAILLOCALPART%" || form == "%EMAILDOMAIN%"
}

func byPort(s side, startTLS ...int) clients.Security {
	if slices.Contains(startTLS, s.server.Port) {
		return clients.STARTTLS
	}
	return clients.TLS
}

func fairEmailsPort(s side) clients.Security {
	if s.server.Protocol == "imap" {
		return byPort(s, 143)
	}
	return byPort(s, 587)
}

func applesPort(s side) clients.Security {
	if slices.Contains([]int{993, 995, 465}, s.server.Port) {
		return clients.TLS
	}
	return clients.Negotiated
}

// withoutLogin reports whether Apple's word for the service is that nobody logs
// in.
func withoutLogin(svc settings.Service) bool { return applesWord(svc) == "EmailAuthNone" }

// bare drops the path "/" of a URL.
func bare(u string) string {
	if strings.Count(u, "/") == 3 {
		return strings.TrimSuffix(u, "/")
	}
	return u
}
