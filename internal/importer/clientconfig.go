package importer

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// clientConfig reads a clientConfig document of version 1.1, including the
// spellings of draft-ietf-mailmaint-autoconfig.
type clientConfig struct {
	*draft
	file string
}

// read adds the content of the document.
func (c clientConfig) read(root *element) {
	root.attr("version") // clients must not refuse any (draft, "clientConfig")
	providers := root.all("emailProvider")
	if len(providers) == 0 {
		c.lost(position{c.file, root.line, ""}, "contains no emailProvider")
	}
	// Services beside the providers belong to each of them.
	beside, oauth2, webmail := c.services(root), c.oauth2(root), c.webmail(root)
	for _, e := range providers {
		p := settings.Provider{ID: e.attr("id"), OAuth2: oauth2}
		domains := c.domains(e)
		c.names(e, &p)
		for _, s := range append(c.services(e), beside...) {
			p.Services = c.append(p.Services, s.Service, s.position)
		}
		if own := c.oauth2(e); own != nil {
			p.OAuth2 = own
		}
		p.HelpURL = c.help(e, p.Name)
		p.WebmailURL = cmp.Or(c.webmail(e), webmail)
		c.add(c.at(e), p, domains)
	}
	c.leftovers(root)
}

func (c clientConfig) at(e *element) position { return position{c.file, e.line, e.path()} }

func (c clientConfig) word(e *element) word { return word{c.at(e), e.text()} }

// first takes the first child with one of these names. A missing one has the
// position of e.
func (c clientConfig) first(e *element, names ...string) word {
	for _, name := range names {
		if child := e.one(name); child != nil {
			return c.word(child)
		}
	}
	at := c.at(e)
	at.key += "/" + names[0]
	return word{position: at}
}

func (c clientConfig) domains(e *element) []named {
	var all []named
	for _, child := range e.all("domain") {
		child.attr("purpose") // "mx": Waymark answers for those in the same way
		w := c.word(child)
		if w.text == emailDomain {
			c.hint(w.position, `%s stands for every domain; it becomes "*"`, emailDomain)
			all = append(all, named{w.position, everyOther})
			continue
		}
		d, err := address.ParseDomain(w.text)
		if err != nil {
			c.lost(w.position, "%s: %v; not imported", quoted(w.text), err)
			continue
		}
		all = append(all, named{w.position, d})
	}
	return all
}

// names reads the display names. The one without a language is the default, else
// the first one.
func (c clientConfig) names(e *element, p *settings.Provider) {
	for _, child := range e.all("displayName") {
		lang := word{c.at(child), child.attr("lang")}
		name := c.name(c.word(child))
		switch {
		case name == "":
		case lang.text == "" && p.Name != "" && p.Names == nil:
			c.lost(c.at(child), "there is already a name; this one is not imported")
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
			c.lost(c.at(child), "Waymark has one short name for all languages; this one is not imported")
		default:
			if lang != "" {
				c.hint(c.at(child), "the short name for the language %s is used for every language", quoted(lang))
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
		c.lost(lang.position, "there is already a name for the language %s; this one is not imported", tag)
		return
	}
	if p.Names == nil {
		p.Names = map[string]string{}
	}
	p.Names[tag] = name
}

// help returns the URL of the first supported help page.
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
			c.lost(c.at(child), "page not imported: %v", err)
			child.skip()
			continue
		case help != "" && help != u:
			c.lost(c.at(child), "only one page is supported; this one is not imported")
			child.skip()
			continue
		}
		help = u
		for _, descr := range child.all("descr") {
			// Waymark generates the same text itself.
			lang, said := descr.attr("lang"), descr.text()
			if words := i18n.All().In(lang); words.Language != lang || said != words.Text("autoconfig.documentation", "provider", name) {
				c.lost(c.at(descr), "page descriptions are not imported")
			}
		}
	}
	return help
}

// webmail returns the URL of the first supported page where people log in to their
// webmail.
func (c clientConfig) webmail(parent *element) string {
	var webmail string
	for _, e := range parent.all("webMail") {
		pages := e.all("loginPage", "loginPageInfo")
		if len(pages) == 0 {
			c.lost(c.at(e), "contains no page to log in")
		}
		for _, page := range pages {
			u, err := webmailURLOf(page.attr("url"))
			switch {
			case err != nil:
				c.lost(c.at(page), "page not imported: %v", err)
			case webmail == "" || webmail == u:
				webmail = u
			default:
				c.lost(c.at(page), "only one page is supported; this one is not imported")
			}
			if len(page.children) > 0 {
				c.lost(c.at(page), "steps to fill in the page are not supported")
			}
			page.skip()
		}
	}
	return webmail
}

// oauth2 reads the OAuth 2.0 endpoints; nil when there are none that are
// supported.
func (c clientConfig) oauth2(parent *element) *settings.OAuth2Endpoints {
	e := parent.one("oAuth2")
	if e == nil {
		return nil
	}
	issuer, scope := c.first(e, "issuer"), c.first(e, "scope")
	auth, token := c.first(e, "authURL"), c.first(e, "tokenURL")
	o := &settings.OAuth2Endpoints{Issuer: issuer.text, AuthURL: auth.text, TokenURL: token.text, Scope: scope.text, ClientID: c.first(e, "clientID").text}
	if d, err := address.ParseDomain(o.Issuer); err == nil {
		// Version 1.1 has the host only.
		o.Issuer = "https://" + string(d)
		c.hint(issuer.position, "the issuer becomes %s; check that the authorization server uses this form", o.Issuer)
	}
	refuse := func(at position, format string, args ...any) *settings.OAuth2Endpoints {
		c.lost(at, format+"; authorization server not imported", args...)
		e.skip()
		return nil
	}
	if scope.text == "" {
		return refuse(scope.position, "no scope")
	}
	for _, w := range []word{{issuer.position, o.Issuer}, auth, token} {
		if w.text == "" {
			return refuse(w.position, "missing")
		}
		if _, err := webURLOf(w.text); err != nil {
			return refuse(w.position, "%v", err)
		}
	}
	if !isIssuer(o.Issuer) {
		return refuse(issuer.position, "the issuer must be a lower-case URL without query and fragment")
	}
	return o
}

// service is a service and its position.
type service struct {
	settings.Service
	position
}

// services reads the servers among the children of e, in order.
func (c clientConfig) services(e *element) []service {
	var all []service
	for _, child := range e.children {
		p, known := protocolOf(child.name, strings.ToLower(child.attr("type")))
		switch {
		case !isServer(child.name):
			continue
		case !known:
			c.lost(c.at(child), "unsupported service type %s", quoted(child.attr("type")))
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
		if sync, ok := c.syncBeside(child, svc); ok {
			all = append(all, sync)
		}
	}
	return all
}

// syncBeside returns the ActiveSync service that the type exchange names beside
// Exchange Web Services, whose login and authentication it has; false for none.
func (c clientConfig) syncBeside(e *element, ews settings.Service) (service, bool) {
	if ews.Protocol != settings.EWS || e.one("easURL") == nil {
		return service{}, false
	}
	w := c.first(e, "easURL")
	u, err := urlOf(w.text)
	if err != nil {
		c.lost(w.position, "%v; service not imported", err)
		return service{}, false
	}
	ews.Protocol, ews.URL = settings.ActiveSync, u
	return service{ews, w.position}, true
}

func isServer(element string) bool {
	return slices.Contains([]string{"incomingServer", "outgoingServer", "calendar", "addressbook", "addressBook", "fileShare", "setupServer"}, element)
}

// protocolOf returns the protocol of a server type. Version 1.1 spells
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
	case "incomingServer ews", "incomingServer exchange":
		return settings.EWS, true
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
		position: c.at(e), protocol: p,
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
	s := webServer{position: c.at(e), protocol: p, url: c.first(e, "url", "URL", "serverURL"), user: c.first(e, "username"), schemes: c.schemes(e)}
	switch {
	case p == settings.EWS:
		if s.url.text == "" {
			s.url = c.first(e, "ewsURL")
		}
		for _, child := range e.all("hostname", "port", "socketType") {
			child.skip() // the URL has them
		}
	case p == settings.JMAP && s.url.text == "":
		s.url = c.jmapByHost(e)
	}
	c.switches(e)
	return s
}

// jmapByHost returns the URL of the session resource of a JMAP server with a host
// name, as in older drafts (RFC 8620 section 2.2).
func (c clientConfig) jmapByHost(e *element) word {
	host, port, socket := c.first(e, "hostname"), c.first(e, "port"), c.first(e, "socketType")
	if security, ok := securityOf(socket.text); host.text == "" || !ok || security != settings.TLS {
		return word{position: host.position}
	}
	u := "https://" + host.text
	if port.text != "" && port.text != "443" {
		u += ":" + port.text
	}
	u += "/.well-known/jmap"
	c.hint(host.position, "JMAP needs a URL; using the well-known one")
	return word{host.position, u}
}

func (c clientConfig) schemes(e *element) []scheme {
	var all []scheme
	for _, child := range e.all("authentication") {
		all = append(all, scheme{c.word(child), child.attr("system")})
	}
	return all
}

// switches takes elements that ask for what clients do anyway.
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
			c.lost(days.position, "must be a number from 1 to %d, is %s; not imported", most, quoted(days.text))
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
		c.lost(w.position, "must be true or false, is %s; not imported", quoted(w.text))
		return nil
	}
	return &on
}

// leftovers adds a note for everything that was not taken.
func (c clientConfig) leftovers(e *element) {
	for _, a := range e.attrs {
		if !a.taken {
			c.lost(c.at(e), "the attribute %s is not supported", plain(cut(a.name, maxName)))
		}
	}
	if !e.textTaken && len(bytes.TrimSpace(e.raw)) > 0 {
		c.lost(c.at(e), "the text is not supported")
	}
	taken := map[string]bool{}
	for _, child := range e.children {
		taken[child.name] = taken[child.name] || child.taken
	}
	for _, child := range e.children {
		if !child.taken {
			c.lost(c.at(child), "%s", unsupported(child.name, taken[child.name]))
			continue
		}
		c.leftovers(child)
	}
}

// unsupported returns why an element is not imported. duplicate means that
// another one of its name is.
func unsupported(name string, duplicate bool) string {
	switch {
	case duplicate:
		return "is listed twice; this one is not imported"
	case name == "enable":
		return "steps to enable a service are not supported; put them on the help page"
	case name == "inputField":
		return "questions to users are not supported"
	case name == "password", name == "clientSecret":
		return "secrets are not imported"
	}
	return "not supported"
}
