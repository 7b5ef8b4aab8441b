package conformance

import (
	"fmt"
	"strings"
	"sync"
)

// Kind is a kind of document.
type Kind string

// The kinds of documents.
const (
	Autoconfig   Kind = "autoconfig"
	Autodiscover Kind = "autodiscover"
	Profile      Kind = "profile"
	PACC         Kind = "pacc"
)

// Document is an answer of any server.
type Document struct {
	Kind    Kind
	Content []byte // of a profile, without its signature
	Address string // that it was requested for
}

// Judge returns the results of the checks that need nothing but one document. What
// only some servers enable is allowed.
func Judge(d Document) []Result {
	_, domain, _ := strings.Cut(d.Address, "@")
	t := Target{Domain: domain, Known: d.Address, Alternatives: true, OutlookDAV: true, ActiveSync: true, EWS: true, anyLogin: true}
	whole := parsed{d.Content, sync.OnceValues(func() (*element, error) { return parseXML(d.Content) })}
	var results []Result
	for _, c := range All() {
		if c.judges == d.Kind {
			p := &probe{target: t}
			c.judge(t, whole, func(format string, args ...any) { p.note(Finding{Text: fmt.Sprintf(format, args...)}) })
			results = append(results, c.result(p))
		}
	}
	return results
}

// JudgesDocuments reports whether the check is one of those of Judge.
func (c Check) JudgesDocuments() bool { return c.judge != nil }

// judge looks at one document. It reports what it finds by found.
type judge func(t Target, d parsed, found func(format string, args ...any))

// parsed is a document that several checks look at.
type parsed struct {
	content []byte
	xml     func() (*element, error)
}

// reads lets a check judge a single document.
func (c Check) reads(k Kind, j judge) Check {
	c.judges, c.judge = k, j
	return c
}

// inContent is the judge of a document that is not XML.
func inContent(look func(content []byte, found func(format string, args ...any))) judge {
	return func(_ Target, d parsed, found func(format string, args ...any)) { look(d.content, found) }
}

// look is a judge of an element.
type look func(t Target, document *element, found func(format string, args ...any))

// at returns the judge of the element with this path from the root.
func (l look) at(root string, path ...string) judge {
	return func(t Target, d parsed, found func(format string, args ...any)) {
		document, err := d.xml()
		switch {
		case err != nil:
			found("the answer is not XML that every client can read: %v", err)
		case !document.is(root) || document.first(path...) == nil:
			found("there is no %s", strings.Join(append([]string{root}, path...), " with "))
		default:
			l(t, document.first(path...), found)
		}
	}
}
