package checks

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// autoconfigDocumentChecks are about what is in the config.
func autoconfigDocumentChecks() []Check {
	return []Check{
		{9, "the config has the structure that the autoconfig draft describes", onConfig(draftStructure)},
		{10, "the provider's id and its domains are plain host names, the domain that was asked for among them", onConfig(namesOfConfig)},
		{11, "imap stands first and smtp stands first, and every type stands once", onConfig(orderOfSections)},
		{12, "values carry no attribute in mail sections, and the sections carry type alone", onConfig(attributesOfSections)},
		{13, "no white space stands around a value, and ports are digits from 1 to 65535", onConfig(plainValues)},
		{14, "each mail section is complete, encrypted, and takes password-cleartext", onConfig(completeSections)},
		{15, "one placeholder is the user name everywhere, and nothing of the query is echoed", (*probe).placeholders},
		{16, "names have at most 60 and 20 characters, none for control, and are escaped once", onConfig(lengthOfNames)},
		{17, "an international domain is answered in A-labels, however it is written, and host names are in lower case", (*probe).international},
	}
}

// onConfig makes a check of one that looks at the config of the known mailbox.
func onConfig(look func(p *probe, config *element, found func(format string, args ...any))) func(*probe) {
	return func(p *probe) {
		a, config, ok := p.knownConfig()
		if ok {
			look(p, config, func(format string, args ...any) { p.find(a.request, format, args...) })
		}
	}
}

// quoted shows a value in a finding.
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

// titled names a section in a finding.
func titled(section *element) string {
	kind, _ := section.attr("type")
	return fmt.Sprintf("%s %q", section.name.Local, kind)
}

func draftStructure(_ *probe, config *element, found func(string, ...any)) {
	for _, problem := range againstDraft(config) {
		found("%s", problem)
	}
}

func namesOfConfig(p *probe, config *element, found func(string, ...any)) {
	provider := config.first("emailProvider")
	if provider == nil {
		found("there is no emailProvider")
		return
	}
	if id, _ := provider.attr("id"); !isHostName(id) {
		found("the id %s is no host name in ASCII", quoted(id))
	}
	plain, named := 0, false
	for _, d := range provider.all("domain") {
		if !isHostName(d.text) {
			found("the domain %s is no host name in ASCII", quoted(d.text))
		}
		if len(d.attrs) == 0 {
			plain++
			named = named || strings.EqualFold(d.text, p.target.Domain)
		}
	}
	if plain == 0 {
		found("no domain element is without an attribute; Thunderbird passes over those with one")
	} else if !named {
		found("%s was asked for and is none of the domain elements without an attribute", p.target.Domain)
	}
}

func orderOfSections(p *probe, config *element, found func(string, ...any)) {
	provider := config.first("emailProvider")
	for _, want := range []struct{ section, first string }{{"incomingServer", "imap"}, {"outgoingServer", "smtp"}} {
		seen := map[string]int{}
		for i, s := range provider.all(want.section) {
			kind, _ := s.attr("type")
			if i == 0 && kind != want.first {
				found("the first %s is %s; FairEmail looks at the first alone, and it must be %s", want.section, quoted(kind), want.first)
			}
			seen[kind]++
			if seen[kind] == 2 && !p.target.Alternatives {
				found("%s stands there again; Evolution takes the last of a type and everybody else the first", titled(s))
			}
		}
		if len(seen) == 0 {
			found("there is no %s", want.section)
		}
	}
}

func attributesOfSections(_ *probe, config *element, found func(string, ...any)) {
	for _, s := range mailSections(config) {
		for _, a := range s.attrs {
			if a.Name.Local != "type" || a.Name.Space != "" {
				found("%s has the attribute %s; Evolution refuses a file for any but type", titled(s), a.Name.Local)
			}
		}
		for _, c := range s.children {
			if len(c.children) == 0 && len(c.attrs) > 0 {
				found("%s of %s has the attribute %s; Thunderbird no longer reads it as text", c.name.Local, titled(s), c.attrs[0].Name.Local)
			}
		}
	}
}

var portForm = regexp.MustCompile(`^[1-9][0-9]{0,4}$`)

// isPort reports whether s is a port in the form that every client reads.
func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && portForm.MatchString(s) && n <= 65535
}

func plainValues(_ *probe, config *element, found func(string, ...any)) {
	config.each(func(e *element) {
		if len(e.children) > 0 {
			return
		}
		if e.text != strings.TrimSpace(e.text) {
			found("%s is %s, with white space around it", e.name.Local, quoted(e.text))
		}
		if e.is("port") && !isPort(e.text) {
			found("port %s is not a number from 1 to 65535 in plain digits", quoted(e.text))
		}
	})
}

func completeSections(_ *probe, config *element, found func(string, ...any)) {
	sections := mailSections(config)
	if len(sections) == 0 {
		found("there is no imap, pop3 or smtp section")
	}
	for _, s := range sections {
		for _, name := range []string{"hostname", "port", "socketType", "username"} {
			if n := len(s.all(name)); n != 1 || s.value(name) == "" {
				found("%s has %d of %s; it must have one that is not empty", titled(s), n, name)
			}
		}
		if socket := s.value("socketType"); socket != "SSL" && socket != "STARTTLS" {
			found("%s has the socketType %s; Thunderbird for Android refuses the file for anything but SSL and STARTTLS", titled(s), quoted(socket))
		}
		if !slices.ContainsFunc(s.all("authentication"), func(e *element) bool { return e.text == "password-cleartext" }) {
			found("%s does not offer password-cleartext, the way that every client knows", titled(s))
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
		p.find(a.request, "something of the query is in the answer")
	}
	allowed := []string{"%EMAILADDRESS%", "%EMAILLOCALPART%"} // FairEmail knows no other
	if p.target.Login != "" {
		allowed = []string{strings.NewReplacer("{address}", "%EMAILADDRESS%", "{local}", "%EMAILLOCALPART%", "{domain}", "%EMAILDOMAIN%").Replace(p.target.Login)}
	}
	seen := map[string]bool{}
	config.each(func(e *element) {
		if !e.is("username") {
			return
		}
		seen[e.text] = true
		if !slices.Contains(allowed, e.text) {
			p.find(a.request, "a username is %s; it must be %s", quoted(e.text), strings.Join(allowed, " or "))
		}
	})
	if len(seen) > 1 {
		p.find(a.request, "there are %d different usernames; FairEmail takes the last one of the file for every server", len(seen))
	}
}

var entity = regexp.MustCompile(`&(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);`)

func lengthOfNames(_ *probe, config *element, found func(string, ...any)) {
	for _, limit := range []struct {
		element    string
		characters int
	}{{"displayName", 60}, {"displayShortName", 20}} {
		for _, e := range config.first("emailProvider").all(limit.element) {
			if n := utf8.RuneCountInString(e.text); n > limit.characters {
				found("%s has %d characters; it may have %d", limit.element, n, limit.characters)
			}
			if strings.ContainsFunc(e.text, unicode.IsControl) || strings.ContainsRune(e.text, utf8.RuneError) {
				found("%s %s holds a character that cannot be shown", limit.element, quoted(e.text))
			}
			if entity.MatchString(e.text) {
				found("%s %s was escaped twice", limit.element, quoted(e.text))
			}
		}
	}
}

func (p *probe) international() {
	a, config, ok := p.knownConfig()
	if !ok {
		return
	}
	p.lowerCaseHosts(a.request, config)
	if p.target.IDN == "" {
		p.skip("it needs an international domain that the server answers for")
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
			p.lowerCaseHosts(a.request, config)
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

// lowerCaseHosts looks at every host name of a config.
func (p *probe) lowerCaseHosts(q request, config *element) {
	config.each(func(e *element) {
		host := e.text
		switch {
		case e.is("url"):
			u, err := url.Parse(e.text)
			if err != nil {
				p.find(q, "%s is no URL", quoted(e.text))
				return
			}
			host = u.Hostname()
		case !e.is("hostname", "domain"):
			return
		}
		if !isHostName(host) || host != strings.ToLower(host) {
			p.find(q, "%s %s is not a host name in lower-case ASCII", e.name.Local, quoted(host))
		}
	})
}
