package importer

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// clientConfig reads one document of the ISP database: clientConfig of version
// 1.1, the spellings of draft-ietf-mailmaint-autoconfig included.
type clientConfig struct {
	*draft
	file string
}

// read adds what the document says.
func (c clientConfig) read(root *element) {
	root.attr("version") // clients must not refuse any (draft, "clientConfig")
	providers := root.all("emailProvider")
	if len(providers) == 0 {
		c.lost(place{c.file, root.line, ""}, "there is no emailProvider in it")
	}
	// What stands beside the providers belongs to each of them.
	beside, oauth2 := c.services(root), c.oauth2(root)
	for _, e := range providers {
		p := settings.Provider{ID: e.attr("id"), OAuth2: oauth2}
		domains := c.domains(e)
		c.names(e, &p)
		for _, s := range append(c.services(e), beside...) {
			p.Services = c.append(p.Services, s.Service, s.place)
		}
		if own := c.oauth2(e); own != nil {
			p.OAuth2 = own
		}
		p.HelpURL = c.help(e, p.Name)
		c.add(c.at(e), p, domains)
	}
	c.leftovers(root)
}

func (c clientConfig) at(e *element) place { return place{c.file, e.line, e.path()} }

func (c clientConfig) word(e *element) word { return word{c.at(e), e.text()} }

// first takes the first child with one of these names. What is not there
// stands where e does.
func (c clientConfig) first(e *element, names ...string) word {
	for _, name := range names {
		if child := e.one(name); child != nil {
			return c.word(child)
		}
	}
	at := c.at(e)
	at.key += "/" + names[0]
	return word{place: at}
}

func (c clientConfig) domains(e *element) []named {
	var all []named
	for _, child := range e.all("domain") {
		child.attr("purpose") // "mx": Waymark answers for those in the same way
		w := c.word(child)
		if w.text == emailDomain {
			c.hint(w.place, `%s is every domain: it becomes "*"`, emailDomain)
			all = append(all, named{w.place, everyOther})
			continue
		}
		d, err := address.ParseDomain(w.text)
		if err != nil {
			c.lost(w.place, "%s: %v; it is not carried over", quoted(w.text), err)
			continue
		}
		all = append(all, named{w.place, d})
	}
	return all
}

// names reads the names for people. A name without a language is that of
// everybody, and so is the first one where all have a language.
func (c clientConfig) names(e *element, p *settings.Provider) {
	for _, child := range e.all("displayName") {
		lang := word{c.at(child), child.attr("lang")}
		name := c.name(c.word(child))
		switch {
		case name == "":
		case lang.text == "" && p.Name != "" && p.Names == nil:
			c.lost(c.at(child), "there is a name already; this one is not carried over")
		case lang.text == "":
			p.Name = name
		default:
			if p.Name == "" {
				p.Name = name
			}
			c.nameIn(lang, name, p)
		}
	}
	for _, child := range e.all("displayShortName") {
		lang := child.attr("lang")
		switch name := c.name(c.word(child)); {
		case name == "":
		case p.ShortName != "":
			c.lost(c.at(child), "there is one short name for all languages; this one is not carried over")
		default:
			if lang != "" {
				c.hint(c.at(child), "the short name for the language %s is that for everybody", quoted(lang))
			}
			p.ShortName = name
		}
	}
}

func (c clientConfig) nameIn(lang word, name string, p *settings.Provider) {
	tag, ok := c.language(lang)
	if !ok {
		return
	}
	if _, ok := p.Names[tag]; ok {
		c.lost(lang.place, "there is a name for the language %s already; this one is not carried over", tag)
		return
	}
	if p.Names == nil {
		p.Names = map[string]string{}
	}
	p.Names[tag] = name
}

// help returns the URL of the first page for people that can be written.
func (c clientConfig) help(e *element, name string) string {
	var help string
	for _, child := range e.all("documentation", "instruction") {
		written := child.attr("url")
		if written == "" {
			child.taken = false // the text of an instruction is all there is
			continue
		}
		u, err := webURLOf(written)
		switch {
		case err != nil:
			c.lost(c.at(child), "the page is not carried over: %v", err)
			child.skip()
			continue
		case help != "" && help != u:
			c.lost(c.at(child), "there is room for one page; this one is not carried over")
			child.skip()
			continue
		}
		help = u
		for _, descr := range child.all("descr") {
			// What Waymark writes itself needs no keeping.
			lang, said := descr.attr("lang"), descr.text()
			if words := i18n.All().In(lang); words.Language != lang || said != words.Text("autoconfig.documentation", "provider", name) {
				c.lost(c.at(descr), "descriptions of pages are not kept")
			}
		}
	}
	return help
}

// oauth2 reads the facts of an authorization server; nil when there are none
// that can be written.
func (c clientConfig) oauth2(parent *element) *settings.OAuth2Endpoints {
	e := parent.one("oAuth2")
	if e == nil {
		return nil
	}
	issuer, scope := c.first(e, "issuer"), c.first(e, "scope")
	auth, token := c.first(e, "authURL"), c.first(e, "tokenURL")
	o := &settings.OAuth2Endpoints{Issuer: issuer.text, AuthURL: auth.text, TokenURL: token.text, Scope: scope.text, ClientID: c.first(e, "clientID").text}
	if d, err := address.ParseDomain(o.Issuer); err == nil {
		// Version 1.1 has the host alone.
		o.Issuer = "https://" + string(d)
		c.hint(issuer.place, "the issuer is written as %s; see whether the authorization server writes it so", o.Issuer)
	}
	refuse := func(at place, format string, args ...any) *settings.OAuth2Endpoints {
		c.lost(at, format+"; the authorization server is not carried over", args...)
		e.skip()
		return nil
	}
	if scope.text == "" {
		return refuse(scope.place, "there is no scope")
	}
	for _, w := range []word{{issuer.place, o.Issuer}, auth, token} {
		if w.text == "" {
			return refuse(w.place, "it is missing")
		}
		if _, err := webURLOf(w.text); err != nil {
			return refuse(w.place, "%v", err)
		}
	}
	if !isIssuer(o.Issuer) {
		return refuse(issuer.place, "the issuer must be a URL in lower case, without query and fragment")
	}
	return o
}

// service is a service and where it was read.
type service struct {
	settings.Service
	place
}

// services reads the servers among the children of e, in their order.
func (c clientConfig) services(e *element) []service {
	var all []service
	for _, child := range e.children {
		p, known := protocolOf(child.name, strings.ToLower(child.attr("type")))
		switch {
		case !isServer(child.name):
			continue
		case !known:
			c.lost(c.at(child), "type %s is no service that can be said here", quoted(child.attr("type")))
			child.skip()
			continue
		}
		child.taken = true
		var svc settings.Service
		var ok bool
		if p.ByURL() {
			svc, ok = c.byURL(c.webServer(child, p))
		} else {
			svc, ok = c.byHost(c.server(child, p))
		}
		if !ok {
			child.skip() // a note has said so
			continue
		}
		all = append(all, service{svc, c.at(child)})
	}
	return all
}

func isServer(element string) bool {
	return slices.Contains([]string{"incomingServer", "outgoingServer", "calendar", "addressbook", "addressBook", "fileShare", "setupServer"}, element)
}

// protocolOf returns what a type of server is here. Version 1.1 has
// addressBook, the draft addressbook.
func protocolOf(element, kind string) (settings.Protocol, bool) {
	switch element + " " + kind {
	case "incomingServer imap":
		return settings.IMAP, true
	case "incomingServer pop3":
		return settings.POP3, true
	case "incomingServer jmap":
		return settings.JMAP, true
	case "incomingServer activesync":
		return settings.ActiveSync, true
	case "outgoingServer smtp":
		return settings.Submission, true
	case "calendar caldav":
		return settings.CalDAV, true
	case "addressbook carddav", "addressBook carddav":
		return settings.CardDAV, true
	case "fileShare webdav":
		return settings.WebDAV, true
	case "setupServer managesieve":
		return settings.ManageSieve, true
	}
	return "", false
}

func (c clientConfig) server(e *element, p settings.Protocol) server {
	s := server{
		place: c.at(e), protocol: p,
		host: c.first(e, "hostname"), port: c.first(e, "port"), socket: c.first(e, "socketType"),
		user: c.first(e, "username"), schemes: c.schemes(e),
	}
	if p == settings.POP3 {
		if options := e.one("pop3"); options != nil {
			s.pop = c.popOptions(options)
		}
	}
	c.switches(e)
	return s
}

func (c clientConfig) webServer(e *element, p settings.Protocol) webServer {
	s := webServer{place: c.at(e), protocol: p, url: c.first(e, "url", "URL", "serverURL"), user: c.first(e, "username"), schemes: c.schemes(e)}
	if s.url.text == "" && p == settings.JMAP {
		s.url = c.jmapByHost(e)
	}
	c.switches(e)
	return s
}

// jmapByHost returns the URL of the session resource of a JMAP server that is
// named by its host, as older drafts did (RFC 8620 section 2.2).
func (c clientConfig) jmapByHost(e *element) word {
	host, port, socket := c.first(e, "hostname"), c.first(e, "port"), c.first(e, "socketType")
	if security, ok := securityOf(socket.text); host.text == "" || !ok || security != settings.TLS {
		return word{place: host.place}
	}
	u := "https://" + host.text
	if port.text != "" && port.text != "443" {
		u += ":" + port.text
	}
	u += "/.well-known/jmap"
	c.hint(host.place, "JMAP is named by a URL here: the usual one is taken")
	return word{host.place, u}
}

func (c clientConfig) schemes(e *element) []scheme {
	var all []scheme
	for _, child := range e.all("authentication") {
		all = append(all, scheme{c.word(child), child.attr("system")})
	}
	return all
}

// switches takes what says no more than clients do anyway.
func (c clientConfig) switches(e *element) {
	for _, child := range e.children {
		usual := map[string]string{"addThisServer": "true", "useGlobalPreferredServer": "false"}[child.name]
		if usual != "" && clean(string(child.raw)) == usual {
			child.skip()
		}
	}
}

func (c clientConfig) popOptions(e *element) settings.POPOptions {
	o := settings.POPOptions{
		LeaveMessagesOnServer: c.truth(c.first(e, "leaveMessagesOnServer")),
		DownloadOnBiff:        c.truth(c.first(e, "downloadOnBiff")),
	}
	const most = 3650
	if days := c.first(e, "daysToLeaveMessagesOnServer"); days.text != "" {
		n, err := strconv.Atoi(days.text)
		if err != nil || n < 1 || n > most {
			c.lost(days.place, "it must be a number from 1 to %d, is %s; it is not carried over", most, quoted(days.text))
			n = 0
		}
		o.DaysToLeaveMessagesOnServer = n
	}
	return o
}

func (c clientConfig) truth(w word) *bool {
	on := strings.EqualFold(w.text, "true") || w.text == "1"
	switch {
	case w.text == "":
		return nil
	case !on && !strings.EqualFold(w.text, "false") && w.text != "0":
		c.lost(w.place, "it must be true or false, is %s; it is not carried over", quoted(w.text))
		return nil
	}
	return &on
}

// leftovers notes everything that nobody took.
func (c clientConfig) leftovers(e *element) {
	for _, a := range e.attrs {
		if !a.taken {
			c.lost(c.at(e), "the attribute %s has no place in the settings file", plain(cut(a.name, maxName)))
		}
	}
	if !e.textTaken && len(bytes.TrimSpace(e.raw)) > 0 {
		c.lost(c.at(e), "the text has no place in the settings file")
	}
	taken := map[string]bool{}
	for _, child := range e.children {
		taken[child.name] = taken[child.name] || child.taken
	}
	for _, child := range e.children {
		if !child.taken {
			c.lost(c.at(child), "%s", noPlace(child.name, taken[child.name]))
			continue
		}
		c.leftovers(child)
	}
}

// noPlace says why an element is not carried over. again says that another one
// of its name is.
func noPlace(name string, again bool) string {
	switch {
	case again:
		return "there is one already; this one is not carried over"
	case name == "enable":
		return "what people must switch on first has no place in the settings file; say it on the help page"
	case name == "webMail":
		return "webmail has no place in the settings file"
	case name == "inputField":
		return "questions to people have no place in the settings file"
	case name == "password", name == "clientSecret":
		return "secrets are not handed out"
	}
	return "it has no place in the settings file"
}
