package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// everyOther is the key for unlisted domains, and below begins one for those below a
// domain.
const (
	everyOther = "*"
	below      = "*."
)

// domain is an entry of domains while it is read.
type domain struct {
	provider   *provider
	aliasOf    address.Domain
	aliasLogin aliasLogin
	movedTo    *settings.MovedError
}

// move is a domain whose mailboxes moved.
type move struct {
	at     value
	domain address.Domain
	moved  *settings.MovedError
}

// alias is a domain that has the settings of another one.
type alias struct {
	at     value
	domain address.Domain
	target address.Domain
	login  aliasLogin
}

// aliasLogin is the domain of the user names of an alias domain.
type aliasLogin string

const (
	loginTarget aliasLogin = "target" // the domain at the end of the aliases; the default
	loginTyped  aliasLogin = "typed"  // the alias domain
)

func (r *reader) aliasLogin(v value) aliasLogin {
	l, _ := oneOf(r, v, "alias_login", []aliasLogin{loginTarget, loginTyped})
	return l
}

func domainFields(f *file) []field[domain] {
	fields := []field[domain]{
		{"provider", func(r *reader, v value, d *domain) { d.provider = r.provider(v, f) }},
		{"alias_of", func(r *reader, v value, d *domain) { d.aliasOf = r.domainName(v) }},
		{"alias_login", func(r *reader, v value, d *domain) { d.aliasLogin = r.aliasLogin(v) }},
		{"moved_to", func(r *reader, v value, d *domain) { d.movedTo = r.movedTo(v) }},
	}
	for _, override := range overrides() { // read by reader.override, once the provider is known
		fields = append(fields, field[domain]{override.key, func(*reader, value, *domain) {}})
	}
	return fields
}

// overrides are the keys of a provider that a domain may have too.
func overrides() []field[provider] {
	return slices.DeleteFunc(providerFields(), func(f field[provider]) bool {
		return !slices.Contains([]string{"name", "help_url", "webmail_url", "brand", "login", "logins", "auth", "subaddress", "services", "autodiscover", "signing"}, f.key)
	})
}

// readDomains reads the blocks of the settings file and of those that it includes.
func readDomains(r *reader, all []value, f *file) {
	f.Domains = map[address.Domain]settings.Domain{}
	first := map[address.Domain]mention{} // of keys
	var aliases []alias
	var moves []move
	errorsBefore := r.errors
	fields, overrides := domainFields(f), overrides()
	entry := func(key, v value) {
		name := r.entryName(key)
		if before, ok := first[name]; ok && name != "" {
			r.refuse(key, "duplicate domain, first listed %s%s", before.place(key.doc), otherSpelling(before.written, key.written()))
			return
		}
		first[name] = key.mention()
		if r.wholeDomain(v, f) {
			return
		}

		var d domain
		before := r.errors
		if !readBlock(r, v, fields, &d) {
			return
		}
		own := r.override(v, d.provider, overrides)
		if !r.oneAnswer(v, name) || r.errors > before || name == "" {
			return
		}
		if d.aliasOf != "" {
			aliases = append(aliases, alias{v.at("alias_of"), name, d.aliasOf, d.aliasLogin})
			return
		}
		if d.movedTo != nil {
			moves = append(moves, move{v.at("moved_to"), name, d.movedTo})
			f.Domains[name] = settings.Domain{Moved: d.movedTo} // until it is known where to
			return
		}
		if d.provider == nil { // providers has an error
			return
		}
		switch suffix, below := strings.CutPrefix(string(name), below); {
		case name == everyOther:
			f.CatchAll = own
		case below:
			if f.Below == nil {
				f.Below = settings.Suffixes{}
			}
			f.Below[address.Domain(suffix)] = own
		default:
			f.Domains[name] = settings.Domain{Provider: own, Canonical: name}
		}
	}
	for _, v := range all {
		if !r.eachBlock(v, func(v value) { r.each(v, "a block with one key per domain", entry) }) {
			return
		}
	}
	delete(first, everyOther)
	r.resolve(aliases, f, first)
	r.settle(moves, f, first)
	if r.errors == errorsBefore { // else a provider may only seem to be unused
		r.checkUse(all[0], f)
	}
}

// entryName returns the key of an entry in canonical form; "" when it is invalid.
func (r *reader) entryName(key value) address.Domain {
	if key.written() == everyOther {
		return everyOther
	}
	suffix, pattern := strings.CutPrefix(key.written(), below)
	d, err := address.ParseDomain(suffix)
	switch {
	case err != nil && strings.Contains(key.written(), "*"):
		r.refuse(key, `must be a domain, "*.example.com" for all names below a domain, or "*" for all others`)
	case err != nil:
		r.refuse(key, "%s", notADomain(key.written(), err))
	case !pattern:
		return d
	case publicSuffix(d):
		r.refuse(key, "anybody can register a name below %s; list the domains, or use \"*\"", printed(d.Unicode()))
	default:
		return below + d
	}
	return ""
}

// publicSuffix reports whether a registry sells the names below d. Suffixes that
// companies entered in the list are their own, and so are those of no registry such
// as internal.
func publicSuffix(d address.Domain) bool {
	suffix, icann := publicsuffix.PublicSuffix(string(d))
	return icann && suffix == string(d)
}

func otherSpelling(before, now string) string {
	if before == now {
		return ""
	}
	return ", spelt " + printed(before)
}

// oneAnswer checks that an entry has exactly one of provider, alias_of and
// moved_to. An alias may also have alias_login.
func (r *reader) oneAnswer(v value, name address.Domain) bool {
	allowed := 1
	if v.has("alias_login") {
		if !v.has("alias_of") {
			r.refuse(v.at("alias_login"), "requires alias_of")
			return false
		}
		allowed++
	}
	for _, alone := range []struct{ key, why string }{
		{"alias_of", "an alias has the settings of its target; remove the other keys but alias_login, or set provider instead"},
		{"moved_to", "the settings are those of the target; remove the other keys"},
	} {
		switch {
		case !v.has(alone.key):
		case strings.HasPrefix(string(name), everyOther):
			r.refuse(v.at(alone.key), "%s can't have %s; give a provider", strconv.Quote(string(name)), alone.key)
			return false
		case len(v.node.Content) > 2*allowed:
			r.refuse(v.at(alone.key), "must be the only key: %s", alone.why)
			return false
		default:
			return true
		}
	}
	switch {
	case v.has("provider"):
		return true
	case strings.HasPrefix(string(name), everyOther):
		r.refuse(v, "needs a provider")
	default:
		r.refuse(v, "needs a provider, or alias_of and another domain")
	}
	return false
}

// movedTo reads a domain, or the URL of another Autodiscover service.
func (r *reader) movedTo(v value) *settings.MovedError {
	if strings.Contains(v.written(), "/") {
		moved := &settings.MovedError{To: settings.Redirect{URL: r.webURL(v)}}
		r.redirects = append(r.redirects, redirect{v, moved.To})
		return moved
	}
	return &settings.MovedError{To: settings.Redirect{Domain: r.domainName(v)}}
}

// unlisted returns the provider of an unlisted domain without sources; nil for none.
func (f *file) unlisted(d address.Domain) *settings.Provider {
	return cmp.Or(f.Below.For(d), f.CatchAll)
}

// settle resolves moved domains, once their targets are known, and the aliases of
// those domains. listed has every domain of the file, including those with
// errors.
func (r *reader) settle(moves []move, f *file, listed map[address.Domain]mention) {
	settled := make(map[*settings.MovedError]settings.Domain, len(moves))
	for _, m := range moves {
		target, here := f.Domains[m.moved.To.Domain]
		_, inFile := listed[m.moved.To.Domain]
		switch {
		case m.moved.To.URL != "":
		case m.moved.To.Domain == m.domain:
			r.refuse(m.at, "must be another domain")
		case target.Moved != nil:
			r.refuse(m.at, "%s moved too; name the domain that has the mailboxes now", printed(m.at.written()))
		case here:
			settled[m.moved] = settings.Domain{Provider: target.Provider, Canonical: target.Canonical, LoginDomain: target.LoginDomain, MovedTo: m.moved.To.Domain}
		case !inFile && f.unlisted(m.moved.To.Domain) != nil:
			settled[m.moved] = settings.Domain{Provider: f.unlisted(m.moved.To.Domain), Canonical: m.moved.To.Domain, MovedTo: m.moved.To.Domain}
		}
	}
	for name, d := range f.Domains {
		if to, ok := settled[d.Moved]; ok {
			f.Domains[name] = to
		}
	}
}

// provider reads the id of a provider; nil for an unknown one.
func (r *reader) provider(v value, f *file) *provider {
	id, ok := r.text(v)
	if !ok {
		return nil
	}
	p, ok := f.providers[id]
	switch {
	case ok:
		p.used = true
		return p
	case r.wrong["providers"]: // perhaps the one that is meant
	case len(f.providers) == 0:
		r.refuse(v, "unknown provider %s; the file has none", printed(v.written()))
	case len(f.providers) > maxListed:
		r.refuse(v, "unknown provider %s: providers has no such key", printed(v.written()))
	default:
		r.refuse(v, "%s", unknown("provider", v.written(), f.providerIDs))
	}
	return nil
}

// maxListed is the number of providers that a finding lists at most.
const maxListed = 20

// domainName reads a domain in canonical form; "" when it is invalid.
func (r *reader) domainName(v value) address.Domain {
	s, ok := r.text(v)
	if !ok {
		return ""
	}
	d, err := address.ParseDomain(s)
	if err != nil {
		r.refuse(v, "%v", err)
	}
	return d
}

// override returns the provider of a domain: the shared one, or its own when the
// domain overrides something. base is nil for an unknown provider; the overrides are
// then only checked.
func (r *reader) override(v value, base *provider, fields []field[provider]) *settings.Provider {
	if !slices.ContainsFunc(fields, func(f field[provider]) bool { return v.has(f.key) }) {
		if base == nil {
			return nil
		}
		return base.Provider
	}
	if base == nil {
		base = &provider{Provider: new(settings.Provider), broken: true}
	}
	before := r.errors
	entry, changed := *base, *base.Provider
	entry.Provider, entry.services = &changed, nil
	for _, f := range fields {
		if v.has(f.key) {
			f.read(r, v.at(f.key), &entry)
		}
	}
	if base.broken {
		return base.Provider
	}
	if v.has("name") {
		changed.Names, changed.ShortName = nil, settings.Shorten(changed.Name, settings.MaxShortName)
	}
	changed.NameLogo(base.Provider)
	r.checkLogo(v.at("brand"), changed.Brand)
	changed.Services = complete(replace(base.services, entry.services), entry.login, entry.auth)
	for _, p := range changed.Problems() {
		switch {
		case p.Key == "short_name" || slices.Contains(base.warnings, p):
		case p.Key == "services" && r.errors > before: // they may only seem to lack something
		default:
			r.problem(v.at(p.Key), p)
		}
	}
	return &changed
}

// replace replaces all services of the protocols in theirs, in place of the
// first.
func replace(services, theirs []settings.Service) []settings.Service {
	all := make([]settings.Service, 0, len(services)+len(theirs))
	has := func(in []settings.Service, p settings.Protocol) bool {
		return slices.ContainsFunc(in, func(s settings.Service) bool { return s.Protocol == p })
	}
	take := func(p settings.Protocol) {
		for _, s := range theirs {
			if s.Protocol == p {
				all = append(all, s)
			}
		}
	}
	for _, s := range services {
		switch {
		case !has(theirs, s.Protocol):
			all = append(all, s)
		case !has(all, s.Protocol):
			take(s.Protocol)
		}
	}
	for _, s := range theirs {
		if !has(all, s.Protocol) {
			take(s.Protocol)
		}
	}
	return all
}

// resolve gives aliases the settings of their targets. listed has every domain of
// the file, including those with errors.
func (r *reader) resolve(aliases []alias, f *file, listed map[address.Domain]mention) {
	open := make(map[address.Domain]alias, len(aliases))
	for _, a := range aliases {
		open[a.domain] = a
	}
	for _, a := range aliases {
		var path []alias // from a to its end
		for on, ok := open[a.domain]; ok; on, ok = open[on.target] {
			delete(open, on.domain) // met again only in a circle
			path = append(path, on)
		}
		if len(path) == 0 {
			continue // it was on the path of another one
		}
		last := path[len(path)-1]
		end, ok := f.Domains[last.target]
		if _, inFile := listed[last.target]; !ok && !inFile {
			p := f.Below.For(last.target)
			end, ok = settings.Domain{Provider: p, Canonical: last.target}, p != nil
		}
		if !ok {
			r.dangling(last, path, listed)
			continue
		}
		for _, on := range path {
			if end.LoginDomain = end.Canonical; on.login == loginTyped {
				end.LoginDomain = ""
			}
			f.Domains[on.domain] = end
		}
	}
}

// dangling reports an alias whose target is not listed, or an alias cycle. A
// target with errors is reported on its own.
func (r *reader) dangling(last alias, path []alias, listed map[address.Domain]mention) {
	i := slices.IndexFunc(path, func(a alias) bool { return a.domain == last.target })
	if i >= 0 {
		const most = 5 // names in a line people can read
		var names strings.Builder
		for n, a := range path[i:] {
			if n == most {
				names.WriteString("... -> ")
				break
			}
			names.WriteString(string(a.domain) + " -> ")
		}
		r.refuse(path[i].at, "the aliases form a cycle: %s%s", names.String(), last.target)
		return
	}
	if _, ok := listed[last.target]; !ok {
		r.refuse(last.at, "%s is not listed under domains", printed(last.at.written()))
	}
}

// checkUse warns about providers and files that answer no request.
func (r *reader) checkUse(v value, f *file) {
	if len(f.Domains) == 0 && len(f.Below) == 0 && f.CatchAll == nil && len(f.Directory) == 0 && !r.wrong["providers"] {
		r.warn(v, "%s", answersNobody)
		return
	}
	for _, id := range f.providerIDs {
		if p := f.providers[id]; !p.used && len(f.Directory) == 0 { // a source may name any
			r.warn(p.key, "no domain uses this provider")
		}
	}
}

const answersNobody = "no domains: the server answers no request"
