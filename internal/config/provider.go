package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/language"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// provider is an entry of providers while it is read.
type provider struct {
	*settings.Provider
	key value // its id, with its own path

	// The defaults of services, and the services without them: domains may
	// override both.
	login    settings.Login
	auth     []settings.Auth
	services []settings.Service
	mx       []string // names of mail exchangers of its own

	warnings []settings.Problem // of the provider as a whole
	broken   bool               // it has errors
	used     bool
}

func providerFields() []field[provider] {
	return []field[provider]{
		{"name", func(r *reader, v value, p *provider) {
			if s, ok := r.text(v); ok {
				p.Name = s
			}
		}},
		{"names", func(r *reader, v value, p *provider) { p.Names = r.names(v) }},
		{"language", func(r *reader, v value, p *provider) {
			if s, ok := r.text(v); ok {
				p.Language, _ = r.languageTag(v, s, "")
			}
		}},
		{"short_name", func(r *reader, v value, p *provider) { p.ShortName, _ = r.text(v) }},
		{"help_url", func(r *reader, v value, p *provider) { p.HelpURL = r.webURL(v) }},
		{"webmail_url", func(r *reader, v value, p *provider) { p.WebmailURL = r.webmailURL(v) }},
		{"app_password_url", func(r *reader, v value, p *provider) { p.AppPasswordURL = r.webURL(v) }},
		{"app_passwords", readAppPasswords},
		{"brand", readBrand},
		{"login", func(r *reader, v value, p *provider) { p.login = r.login(v) }},
		{"logins", func(r *reader, v value, p *provider) { p.Logins = r.loginsFrom(v) }},
		{"auth", func(r *reader, v value, p *provider) { p.auth = r.auths(v) }},
		{"subaddress", func(r *reader, v value, p *provider) { p.Subaddress = r.separator(v) }},
		{"services", func(r *reader, v value, p *provider) { p.services = r.services(v) }},
		{"mx", func(r *reader, v value, p *provider) { p.mx = r.exchangers(v) }},
		{"oauth2", readOAuth2},
		{"profile", func(r *reader, v value, p *provider) { readBlock(r, v, profileFields(), &p.Profile) }},
		{"autodiscover", func(r *reader, v value, p *provider) { readBlock(r, v, autodiscoverFields(), &p.Outlook) }},
		{"mta_sts", readMTASTS},
		{"signing", readProviderSigning},
	}
}

func readProviders(r *reader, v value, f *file) {
	fields, whole := providerFields(), keysOfFile()
	r.each(v, "a block with one key per provider", func(key, v value) {
		id := key.written()
		if first, ok := f.providers[id]; ok {
			r.refuse(key, "duplicate provider, first listed %s", first.key.mention().place(key.doc))
			return
		}
		p := &provider{Provider: &settings.Provider{ID: id, Name: id, Outlook: f.outlook}, key: key}
		f.providers[id] = p
		f.providerIDs = append(f.providerIDs, id)
		if slices.Contains(whole, id) && v.node.Kind == yaml.MappingNode {
			r.refuse(key, "%s is a key of the whole file; write it at the beginning of a line", id)
			r.wrong[id] = true
			return
		}
		if !validID(id) {
			r.refuse(key, "%s", notAnID(id))
		}
		before := r.errors
		p.broken = true // until it is read to the end
		if !readBlock(r, v, fields, p) {
			return
		}
		r.checkLogo(v.at("brand"), p.Brand)
		if !v.has("short_name") {
			p.ShortName = settings.Shorten(p.Name, settings.MaxShortName)
		}
		p.Services = complete(p.services, p.login, p.auth)
		for _, problem := range p.Problems() {
			if problem.Warning {
				p.warnings = append(p.warnings, problem)
			}
			switch {
			case problem.Key == "services" && r.errors > before: // they may only seem to lack something
			case problem.Key == "short_name" && !v.has("short_name"): // it is the name that is wrong
			default:
				r.problem(v.at(problem.Key), problem)
			}
		}
		p.broken = r.errors > before
		if !p.broken {
			f.Providers = append(f.Providers, p.Provider)
			for _, match := range p.mx {
				f.mxPatterns = append(f.mxPatterns, source.Pattern{Match: match, Provider: id})
			}
		}
	})
}

// exchangers reads a list of names of mail exchangers.
func (r *reader) exchangers(v value) []string {
	var all []string
	r.items(v, "a list of host names", func(v value) {
		s, ok := r.text(v)
		if !ok {
			return
		}
		rest, below := strings.CutPrefix(s, "*.")
		d, err := address.ParseDomain(rest)
		if err != nil {
			r.refuse(v, `must be the name of a mail exchanger such as mx1.mail.example, or "*.mail.example" for all hosts below a domain, is %s`, describe(v.node))
			return
		}
		match := string(d)
		if below {
			match = "*." + match
		}
		all = append(all, match)
	})
	return all
}

// problem reports a problem of v, unless v already has an error.
func (r *reader) problem(v value, p settings.Problem) {
	switch {
	case r.wrong[v.path]:
	case p.Warning:
		r.warn(v, "%s", p.Text)
	default:
		r.refuse(v, "%s", p.Text)
	}
}

func validID(id string) bool {
	return len(id) >= 1 && len(id) <= 40 &&
		strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// login reads the form of a user name; "" when it is invalid.
func (r *reader) login(v value) settings.Login {
	s, ok := r.text(v)
	if !ok {
		return ""
	}
	if err := settings.Login(s).Validate(); err != nil {
		r.refuse(v, "%s", asWritten(err.Error(), strconv.Quote(s), strconv.Quote(v.written())))
		return ""
	}
	if isFixedWord(s) {
		r.refuse(v, "is the same user name for everybody; write {address}, {local} or {domain} in quotes for a part of the address")
		return ""
	}
	for _, other := range placeholdersOfOthers() {
		if strings.Contains(s, other[0]) {
			r.refuse(v, "%s is a placeholder of other software; write %s", other[0], other[1])
			return ""
		}
	}
	return settings.Login(s).Canonical()
}

// placeholdersOfOthers are those of autoconfig files, automx2 and Dovecot, each with
// ours. Clients would log in with them as they are.
func placeholdersOfOthers() [][2]string {
	return [][2]string{
		{"%EMAILADDRESS%", "{address}"}, {"%EMAILLOCALPART%", "{local}"}, {"%EMAILDOMAIN%", "{domain}"},
		{"%u", "{address}"}, {"%n", "{local}"}, {"%d", "{domain}"},
	}
}

// auths reads a list of authentication methods; nil when it is invalid.
func (r *reader) auths(v value) []settings.Auth {
	var all []settings.Auth
	before := r.errors
	ok := r.items(v, "a list such as [password]", func(v value) {
		a, ok := oneOf(r, v, "authentication", settings.Auths())
		switch {
		case !ok:
		case slices.Contains(all, a):
			r.refuse(v, "%s is listed twice", printed(v.written()))
		default:
			all = append(all, a)
		}
	})
	if ok && len(v.node.Content) == 0 {
		r.refuse(v, "must not be empty; use [password] unless you need another one")
	}
	if r.errors > before {
		return nil
	}
	return all
}

// separator reads the character between a mailbox and its sub-address.
func (r *reader) separator(v value) string {
	s, ok := r.text(v)
	if !ok || s == "" {
		return ""
	}
	_, err := address.Parse("a" + s + "b@example.com")
	if utf8.RuneCountInString(s) != 1 || strings.ContainsAny(s, letters) || s[0] >= utf8.RuneSelf || err != nil {
		r.refuse(v, `must be one character such as "+" that is not a letter or digit, is %s`, describe(v.node))
		return ""
	}
	return s
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func readOAuth2(r *reader, v value, p *provider) {
	p.OAuth2 = new(settings.OAuth2Endpoints)
	type endpoints = settings.OAuth2Endpoints
	if readBlock(r, v, []field[endpoints]{
		{"issuer", func(r *reader, v value, o *endpoints) { o.Issuer = r.issuer(v) }},
		{"auth_url", func(r *reader, v value, o *endpoints) { o.AuthURL = r.webURL(v) }},
		{"token_url", func(r *reader, v value, o *endpoints) { o.TokenURL = r.webURL(v) }},
		{"scope", func(r *reader, v value, o *endpoints) { o.Scope, _ = r.filled(v) }},
		{"client_id", func(r *reader, v value, o *endpoints) { o.ClientID, _ = r.text(v) }},
	}, p.OAuth2) {
		r.need(v, "issuer", "auth_url", "token_url", "scope")
	}
}

// webURL reads an https URL that people or clients open.
func (r *reader) webURL(v value) string {
	s, ok := r.text(v)
	if !ok {
		return ""
	}
	u, err := settings.ParseWebURL(s)
	if err != nil {
		r.refuse(v, "%v, is %s", err, describe(v.node))
		return ""
	}
	return u.String()
}

// webmailURL reads an https URL that may contain {domain}.
func (r *reader) webmailURL(v value) string {
	s, ok := r.text(v)
	if !ok {
		return ""
	}
	u, err := settings.ParseWebmailURL(s)
	if err != nil {
		r.refuse(v, "%v", err)
	}
	return u
}

// issuer reads the issuer of an authorization server. Clients compare it octet by
// octet (RFC 8414 section 3.3), so it keeps its spelling.
func (r *reader) issuer(v value) string {
	s, ok := r.text(v)
	if !ok {
		return ""
	}
	u, err := settings.ParseWebURL(s)
	switch {
	case err != nil:
		r.refuse(v, "%v, is %s", err, describe(v.node))
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		r.refuse(v, "must not contain a query or a fragment")
	case u.String() != s:
		r.refuse(v, "must be spelt exactly as the authorization server does: lower case, ASCII, without escapes")
	default:
		return s
	}
	return ""
}

func profileFields() []field[settings.ProfileOptions] {
	type options = settings.ProfileOptions
	return []field[options]{
		{"organization", func(r *reader, v value, o *options) { o.Organization, _ = r.text(v) }},
		{"consent_text", func(r *reader, v value, o *options) { o.ConsentText = r.consent(v) }},
		{"removal_date", func(r *reader, v value, o *options) { o.RemovalDate = r.date(v) }},
	}
}

// anyLanguage is the key of the text for all other languages.
const anyLanguage = "default"

// consent reads a text, or one text per language.
func (r *reader) consent(v value) map[string]string {
	if v.node.Kind == yaml.ScalarNode {
		if s, ok := r.lines(v); ok && s != "" {
			return map[string]string{anyLanguage: s}
		}
		return nil
	}
	texts := map[string]string{}
	r.each(v, "a text, or a block with one text per language", func(key, v value) {
		tag, ok := anyLanguage, true
		if key.written() != anyLanguage {
			tag, ok = r.languageTag(key, key.written(), ", or default")
		}
		if !ok {
			return
		}
		if _, ok := texts[tag]; ok {
			r.refuse(v, "the language %s is listed twice", tag)
			return
		}
		texts[tag], _ = r.lines(v)
	})
	if _, ok := texts[anyLanguage]; !ok && len(texts) > 0 {
		r.warn(v, "has no text for default: devices in other languages than %s show none", list(slices.Sorted(maps.Keys(texts))))
	}
	return texts
}

// languageTag returns a language, written at v, in canonical form. also is appended
// to the finding.
func (r *reader) languageTag(v value, written, also string) (string, bool) {
	t, err := language.Parse(written)
	if err != nil {
		r.refuse(v, "must be a language such as en or de-CH%s", also)
		return "", false
	}
	return t.String(), true
}

// names reads one name per language.
func (r *reader) names(v value) map[string]string {
	names := map[string]string{}
	r.each(v, "a block with one name per language", func(key, v value) {
		tag, ok := r.languageTag(key, key.written(), "")
		if !ok {
			return
		}
		if _, ok := names[tag]; ok {
			r.refuse(v, "the language %s is listed twice", tag)
			return
		}
		names[tag], _ = r.filled(v)
	})
	return names
}

// date reads a date, which means midnight UTC, or a time.
func (r *reader) date(v value) time.Time {
	s, ok := r.text(v)
	if !ok {
		return time.Time{}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	r.refuse(v, "must be a date such as 2030-12-31 or 2030-12-31T18:00:00Z, is %s", describe(v.node))
	return time.Time{}
}
