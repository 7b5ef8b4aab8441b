package conformance

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// autoconfigDocumentChecks are about the content of the config.
func autoconfigDocumentChecks() []Check {
	return []Check{
		inConfig(9, "the config has the structure of the autoconfig draft", draftStructure),
		inConfig(10, "the provider's id and domains are ASCII host names, and the requested domain is among them", namesOfConfig),
		inConfig(11, "the first incoming server is imap, the first outgoing server is smtp, and no type is listed twice", orderOfSections),
		inConfig(12, "mail sections have only the attribute type, and their values have no attribute", attributesOfSections),
		inConfig(13, "values have no surrounding white space, and ports are digits from 1 to 65535", plainValues),
		inConfig(14, "each mail section is complete, encrypted and offers password-cleartext", completeSections),
		check(15, "every user name is the same placeholder, and nothing of the query is echoed", (*probe).placeholders).reads(Autoconfig, look(userNames).at("clientConfig")),
		inConfig(16, "displayName has at most 60 and displayShortName at most 20 characters, without control characters, escaped once", lengthOfNames),
		check(17, "an international domain is returned in A-labels, however it is requested, and host names are in lower case", (*probe).international).reads(Autoconfig, look(lowerCaseHosts).at("clientConfig")),
	}
}

// inConfig is a check that only looks at the config.
func inConfig(number int, sentence string, look look) Check {
	return check(number, sentence, on((*probe).knownConfig, look)).reads(Autoconfig, look.at("clientConfig"))
}

// quoted formats a value for a finding.
func quoted(value string) string { return strconv.Quote(shortened(value)) }

// mailSections returns the sections of imap, pop3 and smtp servers.
func mailSections(config *element) []*element {
	var mail []*element
	for _, s := range config.first("emailProvider").all("incomingServer", "outgoingServer") {
		if kind, _ := s.attr("type"); slices.Contains([]string{"imap", "pop3", "smtp"}, kind) {
			mail = append(mail, s)
		}
	}
	return mail
}

// titled formats the name of a section for a finding.
func titled(section *element) string {
	kind, _ := section.attr("type")
	return fmt.Sprintf("%s %q", section.name.Local, kind)
}

func draftStructure(_ Target, config *element, found func(string, ...any)) {
	for _, problem := range againstDraft(config) {
		found("%s", problem)
	}
}

func namesOfConfig(t Target, config *element, found func(string, ...any)) {
	provider := config.first("emailProvider")
	if provider == nil {
		found("there is no emailProvider")
		return
	}
	if id, _ := provider.attr("id"); !isHostName(id) {
		found("the id %s is not an ASCII host name", quoted(id))
	}
	plain, named := 0, false
	for _, d := range provider.all("domain") {
		if !isHostName(d.text) {
			found("the domain %s is not an ASCII host name", quoted(d.text))
		}
		if len(d.attrs) == 0 {
			plain++
			named = named || strings.EqualFold(d.text, t.Domain)
		}
	}
	if plain == 0 {
		found("every domain element has an attribute; Thunderbird ignores those")
	} else if !named {
		found("the requested domain %s is not among the domain elements without an attribute", t.Domain)
	}
}

func orderOfSections(t Target, config *element, found func(string, ...any)) {
	provider := config.first("emailProvider")
	for _, want := range []struct{ section, first string }{{"incomingServer", "imap"}, {"outgoingServer", "smtp"}} {
		seen := map[string]int{}
		for i, s := range provider.all(want.section) {
			kind, _ := s.attr("type")
			if i == 0 && kind != want.first {
				found("the first %s is %s; FairEmail reads only the first, which must be %s", want.section, quoted(kind), want.first)
			}
			seen[kind]++
			if seen[kind] == 2 && !t.Alternatives {
				found("%s is listed twice; Evolution uses the last one, other clients the first", titled(s))
			}
		}
		if len(seen) == 0 {
			found("there is no %s", want.section)
		}
	}
}

func attributesOfSections(_ Target, config *element, found func(string, ...any)) {
	for _, s := range mailSections(config) {
		for _, a := range s.attrs {
			if a.Name.Local != "type" || a.Name.Space != "" {
				found("%s has the attribute %s; Evolution rejects the file for any attribute but type", titled(s), a.Name.Local)
			}
		}
		for _, c := range s.children {
			if len(c.children) == 0 && len(c.attrs) > 0 {
				found("%s of %s has the attribute %s; Thunderbird then does not read it as text", c.name.Local, titled(s), c.attrs[0].Name.Local)
			}
		}
	}
}

var portForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[1-9][0-9]{0,4}$`)
})

// isPort reports whether every client reads s as a port.
func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && portForm().MatchString(s) && n <= 65535
}

func plainValues(_ Target, config *element, found func(string, ...any)) {
	config.each(func(e *element) {
		if len(e.children) > 0 {
			return
		}
		if e.text != strings.TrimSpace(e.text) {
			found("%s is %s, with surrounding white space", e.name.Local, quoted(e.text))
		}
		if e.is("port") && !isPort(e.text) {
			found("port %s is not a number from 1 to 65535 in plain digits", quoted(e.text))
		}
	})
}

func completeSections(_ Target, config *element, found func(string, ...any)) {
	sections := mailSections(config)
	if len(sections) == 0 {
		found("there is no imap, pop3 or smtp section")
	}
	for _, s := range sections {
		for _, name := range []string{"hostname", "port", "socketType", "username"} {
			if n := len(s.all(name)); n != 1 || s.value(name) == "" {
				found("%s has %d elements %s; it must have one that is not empty", titled(s), n, name)
			}
		}
		if socket := s.value("socketType"); socket != "SSL" && socket != "STARTTLS" {
			found("%s has the socketType %s; Thunderbird for Android rejects the file for any value but SSL and STARTTLS", titled(s), quoted(socket))
		}
		if !slices.ContainsFunc(s.all("authentication"), func(e *element) bool { return e.text == "password-cleartext" }) {
			found("%s does not offer password-cleartext, which every client supports", titled(s))
		}
	}
}

func (p *probe) placeholders() {
	const marker = "Echo4711"
	query := "?emailaddress=" + marker + "%40" + p.target.Domain + "&emailmd5=" + marker + "&x=" + marker
	a, config, ok := p.config(p.at(autoconfigHost(p.target.Domain), configPath+query))
	if !ok {
		return
	}
	if bytes.Contains(bytes.ToLower(a.body), []byte(strings.ToLower(marker))) {
		p.find(a.request, "the answer echoes a part of the query")
	}
	userNames(p.target, config, p.finds(a))
}

// userNames requires the same placeholder for every server.
func userNames(t Target, config *element, found func(string, ...any)) {
	allowed := []string{"%EMAILADDRESS%", "%EMAILLOCALPART%"} // FairEmail supports no other
	if t.Login != "" {
		allowed = []string{strings.NewReplacer("{address}", "%EMAILADDRESS%", "{local}", "%EMAILLOCALPART%", "{domain}", "%EMAILDOMAIN%").Replace(t.Login)}
	}
	seen := map[string]bool{}
	config.each(func(e *element) {
		if !e.is("username") {
			return
		}
		seen[e.text] = true
		if !slices.Contains(allowed, e.text) {
			found("a username is %s; it must be %s", quoted(e.text), strings.Join(allowed, " or "))
		}
	})
	if len(seen) > 1 {
		found("there are %d different usernames; FairEmail uses the last one for every server", len(seen))
	}
}

var entity = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`&(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);`)
})

func lengthOfNames(_ Target, config *element, found func(string, ...any)) {
	for _, limit := range []struct {
		element    string
		characters int
	}{{"displayName", 60}, {"displayShortName", 20}} {
		for _, e := range config.first("emailProvider").all(limit.element) {
			if n := utf8.RuneCountInString(e.text); n > limit.characters {
				found("%s has %d characters; the limit is %d", limit.element, n, limit.characters)
			}
			if strings.ContainsFunc(e.text, unicode.IsControl) || strings.ContainsRune(e.text, utf8.RuneError) {
				found("%s %s has a control character or invalid UTF-8", limit.element, quoted(e.text))
			}
			if entity().MatchString(e.text) {
				found("%s %s is escaped twice", limit.element, quoted(e.text))
			}
		}
	}
}

func (p *probe) international() {
	a, config, ok := p.knownConfig()
	if !ok {
		return
	}
	lowerCaseHosts(p.target, config, p.finds(a))
	if !p.needs(p.target.IDN, "an international domain that the server serves") {
		return
	}
	label := p.target.IDN
	written, err := idna.Lookup.ToUnicode(label)
	if err != nil {
		written = label
	}
	var first answer
	for _, domain := range []string{label, written, strings.ToUpper(label), strings.ToUpper(written)} {
		for _, host := range []string{autoconfigHost(label), autoconfigHost(p.target.Domain)} {
			a, config, ok := p.config(p.at(host, configPath+forAddress("anna@"+domain)))
			if !ok {
				continue
			}
			lowerCaseHosts(p.target, config, p.finds(a))
			if first.url == "" {
				first = a
			} else if !bytes.Equal(a.body, first.body) {
				p.find(a.request, "the answer differs from that of %s; the domain is the same", first.url)
			}
			domains := config.first("emailProvider").all("domain")
			if !slices.ContainsFunc(domains, func(e *element) bool { return e.text == label }) {
				p.find(a.request, "%s is not among the domain elements", label)
			}
		}
	}
}

// lowerCaseHosts checks every host name of a config.
func lowerCaseHosts(_ Target, config *element, found func(string, ...any)) {
	config.each(func(e *element) {
		host := e.text
		switch {
		case e.is("url"):
			u, err := url.Parse(e.text)
			if err != nil {
				found("%s is not a URL", quoted(e.text))
				return
			}
			host = u.Hostname()
		case !e.is("hostname", "domain"):
			return
		}
		if !isHostName(host) || host != strings.ToLower(host) {
			found("%s %s is not a host name in lower-case ASCII", e.name.Local, quoted(host))
		}
	})
}
