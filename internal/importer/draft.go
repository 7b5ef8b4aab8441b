package importer

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// ErrNothing is returned with a Result that has notes only: no domain with a
// service could be imported.
var ErrNothing = errors.New("nothing to import: no domain with a service that can be imported")

// Result is the outcome of an import.
type Result struct {
	Settings  []byte // the settings file
	Providers int
	Domains   int // "*" is one
	Notes     []Note
}

// everyOther is the key for unlisted domains.
const everyOther address.Domain = "*"

// draft is a settings file under construction.
type draft struct {
	notes     []Note
	noted     map[Note]bool
	left      int    // notes beyond maxNotes
	listen    string // "" for the default
	providers []*provider
	byContent map[string]*provider
	ids       map[string]bool
	domains   []address.Domain // in their order
	listed    map[address.Domain]customer
	octets    int // about how many the domains take in the settings file
}

// provider is one entry of providers.
type provider struct {
	settings.Provider
	from []string // files, for the comment
}

// customer is one entry of domains.
type customer struct {
	position
	provider *provider
}

func newDraft() *draft {
	return &draft{noted: map[Note]bool{}, byContent: map[string]*provider{}, ids: map[string]bool{}, listed: map[address.Domain]customer{}}
}

// named is a domain and its position.
type named struct {
	position
	name address.Domain
}

// add adds a provider and its domains. Equal providers share one entry. The id is
// derived from p.ID.
func (d *draft) add(at position, p settings.Provider, domains []named) {
	switch {
	case len(domains) == 0:
		d.lost(at, "no domain; provider not imported")
		return
	case len(p.Services) == 0:
		d.lost(at, "no service can be imported; provider and domains not imported")
		return
	}
	d.finishNames(at, &p, domains[0].name)
	shared := d.share(p, at.file)
	for _, dom := range domains {
		if first, ok := d.listed[dom.name]; ok {
			if first.provider != shared {
				d.lost(dom.position, "%s is already listed in %s with other settings; this entry is not imported", dom.name, first.where())
			}
			continue
		}
		c := customer{dom.position, shared}
		if c.file != "" {
			c.key = "" // where does without, and there may be a million
		}
		d.listed[dom.name] = c
		d.domains = append(d.domains, dom.name)
		d.octets += len("  : {provider: }\n") + len(dom.name) + len(shared.ID)
	}
}

func (c customer) where() string {
	s := plain(c.file)
	if c.line > 0 {
		s += ":" + strconv.Itoa(c.line)
	}
	if s == "" {
		s = c.key
	}
	return s
}

// Maximum lengths of names, in characters.
const (
	maxName      = 60
	maxShortName = 20
)

// finishNames fills in missing names and shortens long ones.
func (d *draft) finishNames(at position, p *settings.Provider, first address.Domain) {
	if host := address.Domain(p.Services[0].Host); first == everyOther && host != "" && !strings.Contains(string(host), "{") {
		first = host
	}
	if p.Name == "" {
		p.Name = p.ID
		if p.Name == "" {
			p.Name = string(first)
		}
		d.hint(at, "no display name; using %s", quoted(cut(p.Name, maxName)))
	}
	p.Name = d.cut(at, "name", p.Name, maxName)
	p.ShortName = d.cut(at, "short name", p.ShortName, maxShortName)
	for _, lang := range slices.Sorted(maps.Keys(p.Names)) {
		p.Names[lang] = d.cut(at, "name in the language "+lang, p.Names[lang], maxName)
	}
	if p.ID == "" {
		p.ID = string(first)
	}
}

// name returns a display name; "" for one with a placeholder.
func (d *draft) name(w word) string {
	if p := foreignPlaceholder().FindString(w.text); p != "" {
		d.lost(w.position, "a name cannot contain %s; not imported", p)
		return ""
	}
	return w.text
}

// language returns a language tag in the form of the settings file.
func (d *draft) language(w word) (string, bool) {
	t, err := language.Parse(w.text)
	if err != nil {
		d.lost(w.position, "%s is not a language such as en or de-CH; name not imported", quoted(w.text))
		return "", false
	}
	return t.String(), true
}

func (d *draft) cut(at position, what, s string, most int) string {
	if n := utf8.RuneCountInString(s); n > most {
		d.lost(at, "the %s has %d characters; cut to %d", what, n, most)
	}
	return cut(s, most)
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return strings.TrimSpace(string(r[:most]))
	}
	return s
}

// share returns the entry for a provider: an existing equal one, or a new one.
func (d *draft) share(p settings.Provider, file string) *provider {
	content := p
	content.ID = ""
	key, err := json.Marshal(content)
	if err != nil { // it holds nothing that JSON cannot say
		key = []byte(p.ID)
	}
	shared, ok := d.byContent[string(key)]
	if !ok {
		p.ID = d.newID(p.ID)
		shared = &provider{Provider: p}
		d.byContent[string(key)] = shared
		d.providers = append(d.providers, shared)
	}
	if file != "" && !slices.Contains(shared.from, file) {
		shared.from = append(shared.from, file)
	}
	return shared
}

// newID derives an id from a name: 1 to 40 characters from a to z, 0 to 9 and -.
func (d *draft) newID(name string) string {
	const most = 40
	if domain, err := address.ParseDomain(name); err == nil {
		name = string(domain)
	}
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	base := strings.Trim(b.String()[:min(b.Len(), most)], "-")
	if base == "" {
		base = "provider"
	}
	id := base
	for n := 2; d.ids[id]; n++ {
		suffix := "-" + strconv.Itoa(n)
		id = strings.TrimRight(base[:min(len(base), most-len(suffix))], "-") + suffix
	}
	d.ids[id] = true
	return id
}
