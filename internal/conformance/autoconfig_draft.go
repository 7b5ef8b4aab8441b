package conformance

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// rule is the rule of draft-ietf-mailmaint-autoconfig for an element. Order and
// number are free, and unknown names are ignored everywhere.
type rule struct {
	attrs    []string // required
	children []string // allowed among the known elements
	scalar   bool     // text only
}

func draftRules() map[string]rule {
	section := rule{attrs: []string{"type"}, children: []string{"url", "hostname", "port", "socketType", "authentication", "username"}}
	rules := map[string]rule{
		"clientConfig": {attrs: []string{"version"}, children: []string{"emailProvider", "calendar", "addressbook", "fileShare",
			"chatServer", "videoConference", "setupServer", "oAuth2", "clientConfigUpdate"}},
		"emailProvider": {attrs: []string{"id"}, children: []string{"domain", "displayName", "displayShortName", "documentation",
			"incomingServer", "outgoingServer"}},
		"documentation":      {attrs: []string{"url"}, children: []string{"descr"}},
		"oAuth2":             {children: []string{"authURL", "tokenURL", "issuer", "scope", "clientID", "clientSecret"}},
		"clientConfigUpdate": {attrs: []string{"url"}},
	}
	for _, name := range []string{"incomingServer", "outgoingServer", "calendar", "addressbook", "fileShare", "chatServer", "videoConference", "setupServer"} {
		rules[name] = section
	}
	for _, name := range []string{"domain", "displayName", "displayShortName", "descr", "url", "hostname", "port", "socketType", "authentication",
		"username", "authURL", "tokenURL", "issuer", "scope", "clientID", "clientSecret"} {
		rules[name] = rule{scalar: true}
	}
	return rules
}

// positive is the form of xsd:positiveInteger.
var positive = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*\+?0*[1-9][0-9]*\s*$`)
})

// againstDraft returns the problems of the structure of a config.
func againstDraft(root *element) []string {
	d := draft{rules: draftRules()}
	if root.name.Space != "" || !root.is("clientConfig") {
		d.found("the root element must be clientConfig, in no namespace")
		return d.problems
	}
	if len(root.all("emailProvider")) == 0 {
		d.found("there is no emailProvider")
	}
	d.visit(root)
	return d.problems
}

type draft struct {
	rules    map[string]rule
	problems []string
}

func (d *draft) found(text string) { d.problems = append(d.problems, text) }

// visit checks a known element and its children.
func (d *draft) visit(e *element) {
	name := e.name.Local
	r := d.rules[name]
	for _, a := range r.attrs {
		if _, ok := e.attr(a); !ok {
			d.found(name + " has no attribute " + a)
		}
	}
	switch {
	case r.scalar && len(e.children) > 0:
		d.found(name + " has child elements; it must be text only")
		return
	case !r.scalar && strings.TrimSpace(e.text) != "":
		d.found(name + " has text between its elements")
	case name == "port" && !positive().MatchString(e.text):
		d.found("port " + quoted(e.text) + " is not a positive integer")
	}
	for _, c := range e.children {
		_, known := d.rules[c.name.Local]
		switch {
		case !known || c.name.Space != "": // an extension
		case !slices.Contains(r.children, c.name.Local):
			d.found(c.name.Local + " is not allowed in " + name)
		default:
			d.visit(c)
		}
	}
}
