package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/directory/preset"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/duration"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Source is a source of settings outside the settings file. Exactly one of SQL,
// LDAP and MX is set.
type Source struct {
	Name      string             // unique; in metrics and logs
	Provider  *settings.Provider // of records that name none; nil where each must
	Mailboxes bool               // also look up mailboxes
	// PublicLogins lets everybody who names an address know its user name, and so
	// whether the mailbox exists.
	PublicLogins bool
	// TypedAliases means that the user names of an alias domain keep it; else
	// they have its target.
	TypedAliases bool
	SQL          *source.SQL  // with the queries of the preset filled in
	LDAP         *source.LDAP // with the searches of the preset filled in
	MX           *source.MX   // with the patterns of all providers
	Key          string       // in the settings file, such as directory[0]
	Line         int          // in the settings file, from 1
}

// sourceKeys are the keys of an item of directory. A key of another kind of source
// is reported as that, not as unknown.
type sourceKeys struct {
	kind, name, preset string
	provider           *provider
	mailboxes          bool
	publicLogins       bool
	aliasLogin         aliasLogin
	timeout            time.Duration
	connections        int
	baseDN             string // of searches that name none

	sql     source.SQL
	ldap    source.LDAP
	mailbox source.Search
	mx      source.MX
}

// keysOfKind returns the keys of each kind besides source, name and timeout.
func keysOfKind() map[string][]string {
	return map[string][]string{
		"sql":  {"provider", "mailboxes", "public_logins", "alias_login", "preset", "connections", "driver", "dsn", "host", "port", "database", "tls", "user", "password", "queries", "notify"},
		"ldap": {"provider", "mailboxes", "public_logins", "alias_login", "preset", "connections", "url", "start_tls", "ca_file", "bind_dn", "bind_password", "base_dn", "domain", "mailbox"},
		"mx":   {"resolvers"},
	}
}

func sourceFields(f *file) []field[sourceKeys] {
	type keys = sourceKeys
	return []field[keys]{
		{"source", func(r *reader, v value, k *keys) { k.kind, _ = oneOf(r, v, "source", []string{"sql", "ldap", "mx"}) }},
		{"name", func(r *reader, v value, k *keys) { k.name = r.sourceName(v) }},
		{"provider", func(r *reader, v value, k *keys) { k.provider = r.provider(v, f) }},
		{"mailboxes", func(r *reader, v value, k *keys) { k.mailboxes, _ = r.truth(v) }},
		{"public_logins", func(r *reader, v value, k *keys) { k.publicLogins, _ = r.truth(v) }},
		{"alias_login", func(r *reader, v value, k *keys) { k.aliasLogin = r.aliasLogin(v) }},
		{"timeout", func(r *reader, v value, k *keys) { k.timeout = r.duration(v, 50*time.Millisecond, time.Minute) }},
		{"connections", func(r *reader, v value, k *keys) { k.connections = r.number(v, 1, 1000) }},
		{"preset", func(r *reader, v value, k *keys) { k.preset, _ = r.filled(v) }},
		{"driver", func(r *reader, v value, k *keys) {
			k.sql.Driver, _ = oneOf(r, v, "driver", []string{"postgres", "mysql", "sqlite"})
		}},
		{"dsn", func(r *reader, v value, k *keys) {
			if k.sql.DSN, _ = r.filled(v); passwordInDSN().MatchString(v.written()) {
				r.warnInClear(v)
			}
		}},
		{"host", func(r *reader, v value, k *keys) { k.sql.Host, _ = r.filled(v) }},
		{"port", func(r *reader, v value, k *keys) { k.sql.Port = r.number(v, 1, 65535) }},
		{"database", func(r *reader, v value, k *keys) { k.sql.Database, _ = r.filled(v) }},
		{"tls", func(r *reader, v value, k *keys) {
			k.sql.TLS, _ = oneOf(r, v, "tls", []source.TLS{source.TLSRequire, source.TLSVerifyFull, source.TLSOff})
		}},
		{"user", func(r *reader, v value, k *keys) { k.sql.User, _ = r.filled(v) }},
		{"password", func(r *reader, v value, k *keys) {
			if k.sql.Password, _ = r.filled(v); k.sql.Password != "" {
				r.warnInClear(v)
			}
		}},
		{"queries", func(r *reader, v value, k *keys) {
			readBlock(r, v, []field[source.SQL]{
				{"domain", func(r *reader, v value, s *source.SQL) { s.DomainQuery, _ = r.lines(v) }},
				{"mailbox", func(r *reader, v value, s *source.SQL) { s.MailboxQuery, _ = r.lines(v) }},
				{"list", func(r *reader, v value, s *source.SQL) { s.ListQuery, _ = r.lines(v) }},
			}, &k.sql)
		}},
		{"notify", func(r *reader, v value, k *keys) { k.sql.Channel, _ = r.filled(v) }},
		{"url", func(r *reader, v value, k *keys) { k.ldap.URL, _ = r.filled(v) }},
		{"start_tls", func(r *reader, v value, k *keys) { k.ldap.StartTLS, _ = r.truth(v) }},
		{"ca_file", func(r *reader, v value, k *keys) { r.path(v, &k.ldap.CAFile) }},
		{"bind_dn", func(r *reader, v value, k *keys) { k.ldap.BindDN, _ = r.text(v) }},
		{"bind_password", func(r *reader, v value, k *keys) {
			if k.ldap.BindPassword, _ = r.text(v); k.ldap.BindPassword != "" {
				r.warnInClear(v)
			}
		}},
		{"base_dn", func(r *reader, v value, k *keys) { k.baseDN, _ = r.filled(v) }},
		{"domain", func(r *reader, v value, k *keys) { readBlock(r, v, searchFields(), &k.ldap.Domain) }},
		{"mailbox", func(r *reader, v value, k *keys) { readBlock(r, v, searchFields(), &k.mailbox) }},
		{"resolvers", func(r *reader, v value, k *keys) { k.mx.Resolvers = r.resolvers(v) }},
	}
}

func searchFields() []field[source.Search] {
	type search = source.Search
	return []field[search]{
		{"base_dn", func(r *reader, v value, s *search) { s.BaseDN, _ = r.filled(v) }},
		{"scope", func(r *reader, v value, s *search) {
			s.Scope, _ = oneOf(r, v, "scope", []source.Scope{source.Subtree, source.OneLevel, source.BaseOnly})
		}},
		{"filter", func(r *reader, v value, s *search) { s.Filter, _ = r.filled(v) }},
		{"attributes", func(r *reader, v value, s *search) {
			s.Attributes = map[string]string{}
			r.each(v, "a block with one attribute per column", func(key, v value) {
				s.Attributes[key.written()], _ = r.filled(v)
			})
		}},
	}
}

func cacheFields() []field[source.Cache] {
	return []field[source.Cache]{
		{"entries", func(r *reader, v value, c *source.Cache) { c.Entries = r.number(v, 100, 100_000_000) }},
		{"fresh", func(r *reader, v value, c *source.Cache) { c.Fresh = r.duration(v, time.Second, day) }},
		{"unknown", func(r *reader, v value, c *source.Cache) { c.Unknown = r.duration(v, time.Second, day) }},
		{"stale", func(r *reader, v value, c *source.Cache) { c.Stale = r.duration(v, time.Second, 365*day) }},
		{"snapshot", func(r *reader, v value, c *source.Cache) { c.Snapshot, _ = r.truth(v) }},
	}
}

// readDirectory reads the list of sources, after the providers.
func readDirectory(r *reader, v value, f *file) {
	fields := sourceFields(f)
	lines := map[string]int{}
	r.items(v, "a list of sources", func(v value) {
		k := sourceKeys{timeout: source.DefaultTimeout}
		before := r.errors
		if !readBlock(r, v, fields, &k) {
			return
		}
		if !v.has("source") {
			r.refuse(v.at("source"), "is missing; known: sql, ldap, mx")
		}
		if k.kind == "" || r.errors > before && k.name == "" && v.has("name") {
			return
		}
		if k.name == "" {
			k.name = k.kind
		}
		if line, ok := lines[k.name]; ok {
			r.refuse(v.at("name"), "the source on line %d is also named %s; give each source its own name", line, k.name)
		}
		lines[k.name] = v.node.Line
		r.foreignKeys(v, k.kind)
		if k.publicLogins && !k.mailboxes && k.kind != "mx" {
			r.refuse(v.at("public_logins"), "needs mailboxes: true; no user name is looked up otherwise")
		}
		s := Source{Name: k.name, Mailboxes: k.mailboxes, PublicLogins: k.publicLogins, TypedAliases: k.aliasLogin == loginTyped, Key: v.path, Line: v.node.Line}
		if k.provider != nil {
			s.Provider = k.provider.Provider
		}
		switch k.kind {
		case "sql":
			s.SQL = r.sqlOf(v, k)
		case "ldap":
			s.LDAP = r.ldapOf(v, k)
		case "mx":
			s.MX = &k.mx
			s.MX.Patterns, s.MX.Timeout = f.mxPatterns, k.timeout
			if len(f.mxPatterns) == 0 && !r.wrong["providers"] {
				r.refuse(v, `no provider lists its mail exchangers; add a list such as mx: ["*.mail.example"] to one`)
			}
		}
		f.Directory = append(f.Directory, s)
	})
}

// loginsFrom reads the name of a source of user names, which checkLoginsFrom looks
// for.
func (r *reader) loginsFrom(v value) string {
	name, ok := r.filled(v)
	if ok {
		r.logins = append(r.logins, loginsFrom{v, name})
	}
	return name
}

type loginsFrom struct {
	at     value
	source string
}

// checkLoginsFrom checks that the sources of user names look up mailboxes, and that
// a source without domains is one of them.
func (r *reader) checkLoginsFrom(root value, f *file) {
	var known []string
	for i, s := range f.Directory {
		used := slices.ContainsFunc(r.logins, func(l loginsFrom) bool { return l.source == s.Name })
		if s.Mailboxes && !used && (s.SQL != nil && s.SQL.DomainQuery == "" || s.LDAP != nil && s.LDAP.Domain.Filter == "") {
			r.refuse(root.at("directory").item(i), "looks up no domain; give it a lookup for domains, or use its user names with logins: %s at a provider or a domain", s.Name)
		}
		if s.Mailboxes {
			known = append(known, s.Name)
		}
	}
	for _, l := range r.logins {
		switch {
		case slices.Contains(known, l.source):
		case len(known) == 0:
			r.refuse(l.at, "must be the name of a source with mailboxes: true; directory has none")
		default:
			r.refuse(l.at, "must be the name of a source with mailboxes: true (%s)", strings.Join(known, ", "))
		}
	}
}

// checkLoginsAreSeen warns about user names that would be shown to nobody.
func (r *reader) checkLoginsAreSeen(root value, cfg *Config) {
	if r.wrong["pages"] || r.wrong["api"] || cfg.Pages.VerifyPassword || len(cfg.Pages.Keys) > 0 || cfg.API.Token != "" {
		return
	}
	for i, s := range cfg.Directory {
		if s.Mailboxes && !s.PublicLogins {
			r.warn(root.at("directory").item(i).at("mailboxes"), "has no effect: user names are shown only after a password check (pages.verify_password), by a link (pages.keys), with api.token, or to everybody with public_logins: true")
		}
	}
}

// foreignKeys reports keys of other kinds of sources.
func (r *reader) foreignKeys(v value, kind string) {
	allowed := append([]string{"source", "name", "timeout"}, keysOfKind()[kind]...)
	for i := 0; i < len(v.node.Content); i += 2 {
		key := follow(v.node.Content[i]).Value
		known := slices.ContainsFunc(sourceFields(nil), func(f field[sourceKeys]) bool { return f.key == key })
		if known && !slices.Contains(allowed, key) {
			r.refuse(v.at(key), "is not a key of source %s; its keys are %s", kind, strings.Join(allowed, ", "))
		}
	}
}

func (r *reader) sqlOf(v value, k sourceKeys) *source.SQL {
	r.need(v, "driver")
	r.whereIs(v, k.sql.Driver)
	s := &k.sql
	s.Timeout, s.Connections = k.timeout, k.connections
	presets := preset.SQLNames()
	switch {
	case k.preset == "" && k.mailboxes && s.MailboxQuery != "": // it may be for user names only
	case k.preset == "" && s.DomainQuery == "" && !v.has("queries"):
		r.refuse(v, "needs a preset (%s), or queries with a domain query", strings.Join(presets, ", "))
	case k.preset == "" && s.DomainQuery == "":
		r.refuse(v.at("queries"), "needs a domain query such as SELECT 1 FROM domains WHERE name = {domain}")
	case k.preset == "" && k.mailboxes && s.MailboxQuery == "":
		r.refuse(v.at("mailboxes"), "needs queries with a mailbox query")
	}
	if s.DomainQuery == "" && k.preset == "" && s.ListQuery != "" {
		r.warn(v.at("queries").at("list"), "is not used without a domain query")
	}
	if !k.mailboxes && s.MailboxQuery != "" {
		r.warn(v.at("queries").at("mailbox"), "is not used without mailboxes: true")
	}
	if r.knownPreset(v, k.preset, presets) && s.Driver != "" {
		queries, err := preset.SQL(k.preset, s.Driver)
		if err != nil {
			r.refuse(v.at("preset"), "%v", err)
		}
		if s.DomainQuery == "" { // else the preset may list other domains than the query finds
			s.ListQuery = cmp.Or(s.ListQuery, queries.List)
		}
		s.DomainQuery, s.MailboxQuery = cmp.Or(s.DomainQuery, queries.Domain), cmp.Or(s.MailboxQuery, queries.Mailbox)
	}
	if !k.mailboxes {
		s.MailboxQuery = ""
	}
	if s.Channel != "" && s.Driver != "postgres" {
		r.refuse(v.at("notify"), "only postgres sends change notifications")
	}
	return s
}

// whereIs checks that a database is given by a dsn or by a host.
func (r *reader) whereIs(v value, driver string) {
	for _, key := range []string{"host", "port", "database", "tls", "user", "password"} {
		if driver == "sqlite" && v.has(key) {
			r.refuse(v.at(key), "is not for sqlite; dsn is the path of the file")
		}
	}
	switch {
	case v.has("dsn"):
		for _, key := range []string{"host", "port", "database", "tls"} {
			if driver != "sqlite" && v.has(key) {
				r.refuse(v.at(key), "is part of dsn; remove one of them")
			}
		}
	case driver != "sqlite" && v.has("host"):
		r.need(v, "database")
	case driver == "sqlite":
		r.need(v, "dsn")
	default:
		r.refuse(v.at("dsn"), "is missing; or give host, database, user and password")
	}
}

func (r *reader) ldapOf(v value, k sourceKeys) *source.LDAP {
	r.need(v, "url")
	l := &k.ldap
	l.Timeout, l.Connections = k.timeout, k.connections
	presets := preset.LDAPNames()
	switch {
	case k.preset != "" && k.baseDN == "" && !r.wrong[v.at("base_dn").path]:
		r.refuse(v.at("base_dn"), "is missing; the preset %s searches below it", k.preset)
	case k.preset == "" && k.mailboxes && k.mailbox.Filter != "" && !v.has("domain"): // it is for user names only
	case k.preset == "" && l.Domain.Filter == "":
		r.refuse(v.at("domain"), "needs a filter such as (&(objectClass=domain)(dc={domain})), or a preset (%s)", strings.Join(presets, ", "))
	}
	if k.preset == "" && k.mailboxes && k.mailbox.Filter == "" {
		r.refuse(v.at("mailboxes"), "needs a mailbox search with a filter")
	}
	if !k.mailboxes && k.mailbox.Filter != "" {
		r.warn(v.at("mailbox"), "is not used without mailboxes: true")
	}
	if r.knownPreset(v, k.preset, presets) {
		ofDomain, ofMailbox := preset.LDAP(k.baseDN)
		if l.Domain.Filter == "" {
			l.Domain = ofDomain
		}
		if k.mailbox.Filter == "" {
			k.mailbox = ofMailbox
		}
	}
	l.Domain.BaseDN, k.mailbox.BaseDN = cmp.Or(l.Domain.BaseDN, k.baseDN), cmp.Or(k.mailbox.BaseDN, k.baseDN)
	if k.mailboxes {
		l.Mailbox = &k.mailbox
	}
	return l
}

// knownPreset reports whether a source has a preset that exists.
func (r *reader) knownPreset(v value, name string, known []string) bool {
	if name != "" && !slices.Contains(known, name) {
		r.refuse(v.at("preset"), "%s", unknown("preset", v.at("preset").written(), known))
		return false
	}
	return name != ""
}

// sourceName reads a name for metrics and logs.
func (r *reader) sourceName(v value) string {
	s, ok := r.filled(v)
	if !ok {
		return ""
	}
	if !validID(s) || s == "file" {
		r.refuse(v, `must have 1 to 40 characters from a to z, 0 to 9 and -, and not be "file"`)
		return ""
	}
	return s
}

// dnsServer reads the IP address and port of a DNS server.
func (r *reader) dnsServer(v value) netip.AddrPort {
	s, ok := r.text(v)
	if !ok {
		return netip.AddrPort{}
	}
	at, err := netip.ParseAddrPort(s)
	if err != nil || at.Port() == 0 {
		r.refuse(v, `must be the IP address and port of a DNS server such as "192.0.2.53:53" or "[2001:db8::53]:53", is %s`, describe(v.node))
		return netip.AddrPort{}
	}
	return at
}

// resolvers reads a list of DNS servers.
func (r *reader) resolvers(v value) []netip.AddrPort {
	var all []netip.AddrPort
	r.items(v, "a list of DNS servers", func(v value) {
		s, ok := r.text(v)
		if !ok {
			return
		}
		at, err := netip.ParseAddrPort(s)
		if a, bare := netip.ParseAddr(s); bare == nil {
			at, err = netip.AddrPortFrom(a, 53), nil
		}
		if err != nil || at.Port() == 0 {
			r.refuse(v, `must be the IP address of a DNS server such as "192.0.2.53" or "127.0.0.1:5353", is %s`, describe(v.node))
			return
		}
		all = append(all, at)
	})
	return all
}

const day = 24 * time.Hour

// duration reads a duration such as 500ms, 2s, 1h30m or 30d.
func (r *reader) duration(v value, least, most time.Duration) time.Duration {
	want := fmt.Sprintf("a duration from %s to %s such as %s", duration.Format(least), duration.Format(most), duration.Format(min(max(least, 2*time.Second), most)))
	s, ok := r.scalar(v, want, false)
	if !ok {
		return 0
	}
	d, err := duration.Parse(s)
	if err != nil || d < least || d > most {
		hint := ""
		if seconds, err := duration.Parse(s + "s"); err == nil && v.node.Tag == "!!int" && seconds >= least && seconds <= most {
			hint = fmt.Sprintf("; write %ss for seconds", s)
		}
		r.refuse(v, "must be %s, is %s%s", want, describe(v.node), hint)
		return 0
	}
	return d
}
