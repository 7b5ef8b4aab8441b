package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/settings"
)

// Source is one place outside the settings file in which domains are looked up.
// Exactly one of SQL, LDAP and MX is set.
type Source struct {
	Name      string             // its own among the sources; in metrics and logs
	Provider  *settings.Provider // of records that name none; nil where each must
	Mailboxes bool               // asked about single mailboxes too
	SQL       *SQL
	LDAP      *LDAP
	MX        *MX
	Line      int // where the settings file says so, from 1
}

// SQL is a database with queries of the operator's own, or of a preset.
type SQL struct {
	Driver       string // postgres, mysql or sqlite
	DSN          string // in the form of the driver; a secret
	Preset       string // "" for none
	DomainQuery  string // "" for that of the preset
	MailboxQuery string
	Timeout      time.Duration
	Connections  int
	Notify       string // PostgreSQL channel for changes; "" for none
}

// LDAP is a directory server with searches of the operator's own, or of a
// preset.
type LDAP struct {
	URL          string
	StartTLS     bool
	CAFile       string // PEM; "" for the authorities of the system
	BindDN       string
	BindPassword string
	Preset       string // "" for none
	BaseDN       string // of the preset, and of searches that name none
	Domain       Search // zero for that of the preset
	Mailbox      Search
	Timeout      time.Duration
	Connections  int
}

// Search is one LDAP search.
type Search struct {
	BaseDN     string
	Scope      string // sub, one or base; "" for sub
	Filter     string
	Attributes map[string]string // column to attribute, or to a value with "=" in front
}

// MX is the mail exchanger that a domain names in DNS.
type MX struct {
	Resolvers []netip.AddrPort // none for those of the system
	Patterns  []MXPattern      // in the order of the providers and of their lists
	Timeout   time.Duration
}

// MXPattern says that mail exchangers of a name belong to a provider.
type MXPattern struct {
	Match    string // a host name, or *. and a domain
	Provider *settings.Provider
}

// Cache bounds what is remembered of the sources.
type Cache struct {
	Entries int
	Fresh   time.Duration // how long an answer is given without asking again
	Unknown time.Duration // the same for domains that no source knows
	Stale   time.Duration // how long an answer is given while its source is down
}

// SQLPresets and LDAPPresets are the schemas that Waymark has queries for.
func SQLPresets() []string {
	return []string{"postfixadmin", "mailcow", "iredmail", "ispconfig", "froxlor", "mailu"}
}

// LDAPPresets lists the LDAP schemas that Waymark has searches for.
func LDAPPresets() []string { return []string{"iredmail"} }

// sourceKeys are the keys of an item of directory while it is read: which of
// them belong to a kind of source is checked afterwards, so that a key of
// another kind is named as that and not as unknown.
type sourceKeys struct {
	kind, name          string
	provider            *provider
	mailboxes, startTLS bool
	preset              string
	timeout             time.Duration
	connections         int

	driver, dsn, notify string
	queries             SQL

	url, caFile, bindDN, bindPassword, baseDN string
	domain, mailbox                           Search

	resolvers []netip.AddrPort
}

// Which keys each kind has besides source, name and timeout.
func keysOfKind() map[string][]string {
	return map[string][]string{
		"sql":  {"provider", "mailboxes", "preset", "connections", "driver", "dsn", "queries", "notify"},
		"ldap": {"provider", "mailboxes", "preset", "connections", "url", "start_tls", "ca_file", "bind_dn", "bind_password", "base_dn", "domain", "mailbox"},
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
		{"timeout", func(r *reader, v value, k *keys) { k.timeout = r.duration(v, 50*time.Millisecond, time.Minute) }},
		{"connections", func(r *reader, v value, k *keys) { k.connections = r.number(v, 1, 1000) }},
		{"preset", func(r *reader, v value, k *keys) { k.preset, _ = r.filled(v) }},
		{"driver", func(r *reader, v value, k *keys) {
			k.driver, _ = oneOf(r, v, "driver", []string{"postgres", "mysql", "sqlite"})
		}},
		{"dsn", func(r *reader, v value, k *keys) {
			if k.dsn, _ = r.filled(v); passwordInDSN.MatchString(v.written()) {
				r.warnInClear(v)
			}
		}},
		{"queries", func(r *reader, v value, k *keys) {
			readBlock(r, v, []field[SQL]{
				{"domain", func(r *reader, v value, s *SQL) { s.DomainQuery, _ = r.lines(v) }},
				{"mailbox", func(r *reader, v value, s *SQL) { s.MailboxQuery, _ = r.lines(v) }},
			}, &k.queries)
		}},
		{"notify", func(r *reader, v value, k *keys) { k.notify, _ = r.filled(v) }},
		{"url", func(r *reader, v value, k *keys) { k.url, _ = r.filled(v) }},
		{"start_tls", func(r *reader, v value, k *keys) { k.startTLS, _ = r.truth(v) }},
		{"ca_file", func(r *reader, v value, k *keys) { r.path(v, &k.caFile) }},
		{"bind_dn", func(r *reader, v value, k *keys) { k.bindDN, _ = r.text(v) }},
		{"bind_password", func(r *reader, v value, k *keys) {
			if k.bindPassword, _ = r.text(v); k.bindPassword != "" {
				r.warnInClear(v)
			}
		}},
		{"base_dn", func(r *reader, v value, k *keys) { k.baseDN, _ = r.filled(v) }},
		{"domain", func(r *reader, v value, k *keys) { readBlock(r, v, searchFields(), &k.domain) }},
		{"mailbox", func(r *reader, v value, k *keys) { readBlock(r, v, searchFields(), &k.mailbox) }},
		{"resolvers", func(r *reader, v value, k *keys) { k.resolvers = r.resolvers(v) }},
	}
}

func searchFields() []field[Search] {
	return []field[Search]{
		{"base_dn", func(r *reader, v value, s *Search) { s.BaseDN, _ = r.filled(v) }},
		{"scope", func(r *reader, v value, s *Search) { s.Scope, _ = oneOf(r, v, "scope", []string{"sub", "one", "base"}) }},
		{"filter", func(r *reader, v value, s *Search) { s.Filter, _ = r.filled(v) }},
		{"attributes", func(r *reader, v value, s *Search) {
			s.Attributes = map[string]string{}
			r.each(v, "a block with one attribute per column", func(key, v value) {
				s.Attributes[key.written()], _ = r.filled(v)
			})
		}},
	}
}

func cacheFields() []field[Cache] {
	const day = 24 * time.Hour
	return []field[Cache]{
		{"entries", func(r *reader, v value, c *Cache) { c.Entries = r.number(v, 100, 100_000_000) }},
		{"fresh", func(r *reader, v value, c *Cache) { c.Fresh = r.duration(v, time.Second, day) }},
		{"unknown", func(r *reader, v value, c *Cache) { c.Unknown = r.duration(v, time.Second, day) }},
		{"stale", func(r *reader, v value, c *Cache) { c.Stale = r.duration(v, time.Second, 365*day) }},
	}
}

// readDirectory reads the list of sources. The providers are known by then.
func readDirectory(r *reader, v value, f *file) {
	fields := sourceFields(f)
	lines := map[string]int{}
	r.items(v, "a list of sources", func(v value) {
		var k sourceKeys
		before := r.errors
		if !readBlock(r, v, fields, &k) {
			return
		}
		if !v.has("source") {
			r.refuse(v.at("source"), "is missing; known are sql, ldap, mx")
		}
		if k.kind == "" || r.errors > before && k.name == "" && v.has("name") {
			return
		}
		if k.name == "" {
			k.name = k.kind
		}
		if line, ok := lines[k.name]; ok {
			r.refuse(v.at("name"), "another source on line %d is named %s; give each its own name", line, k.name)
		}
		lines[k.name] = v.node.Line
		r.foreignKeys(v, k.kind)
		s := Source{Name: k.name, Mailboxes: k.mailboxes, Line: v.node.Line}
		if k.provider != nil {
			s.Provider = k.provider.Provider
		}
		switch k.kind {
		case "sql":
			s.SQL = r.sqlOf(v, k)
		case "ldap":
			s.LDAP = r.ldapOf(v, k)
		case "mx":
			s.MX = &MX{Resolvers: k.resolvers, Patterns: f.mxPatterns, Timeout: k.timeout}
			if len(f.mxPatterns) == 0 {
				r.refuse(v, `no provider says which mail exchangers are its own; give one a list such as mx: ["*.mail.example"]`)
			}
		}
		f.Directory = append(f.Directory, s)
	})
}

// foreignKeys reports the keys that belong to another kind of source.
func (r *reader) foreignKeys(v value, kind string) {
	allowed := append([]string{"source", "name", "timeout"}, keysOfKind()[kind]...)
	for i := 0; i < len(v.node.Content); i += 2 {
		key := follow(v.node.Content[i]).Value
		known := slices.ContainsFunc(sourceFields(nil), func(f field[sourceKeys]) bool { return f.key == key })
		if known && !slices.Contains(allowed, key) {
			r.refuse(v.at(key), "does not belong to a source of kind %s; known there are %s", kind, strings.Join(allowed, ", "))
		}
	}
}

func (r *reader) sqlOf(v value, k sourceKeys) *SQL {
	r.need(v, "driver", "dsn")
	r.knownPreset(v, k.preset, SQLPresets())
	s := k.queries
	s.Driver, s.DSN, s.Preset, s.Timeout, s.Connections, s.Notify = k.driver, k.dsn, k.preset, k.timeout, k.connections, k.notify
	switch {
	case s.Preset == "" && s.DomainQuery == "" && !v.has("queries"):
		r.refuse(v, "needs a preset (%s), or queries with a domain query", strings.Join(SQLPresets(), ", "))
	case s.Preset == "" && s.DomainQuery == "":
		r.refuse(v.at("queries"), "needs a domain query such as SELECT 1 FROM domains WHERE name = {domain}")
	}
	if k.mailboxes && s.Preset == "" && s.MailboxQuery == "" {
		r.refuse(v.at("mailboxes"), "needs queries with a mailbox query")
	}
	if !k.mailboxes && s.MailboxQuery != "" {
		r.warn(v.at("queries").at("mailbox"), "is never asked without mailboxes: true")
	}
	if s.Notify != "" && s.Driver != "postgres" {
		r.refuse(v.at("notify"), "only postgres tells of changes")
	}
	return &s
}

func (r *reader) ldapOf(v value, k sourceKeys) *LDAP {
	r.need(v, "url")
	r.knownPreset(v, k.preset, LDAPPresets())
	l := &LDAP{
		URL: k.url, StartTLS: k.startTLS, CAFile: k.caFile, BindDN: k.bindDN, BindPassword: k.bindPassword,
		Preset: k.preset, BaseDN: k.baseDN, Domain: k.domain, Mailbox: k.mailbox, Timeout: k.timeout, Connections: k.connections,
	}
	for _, s := range []*Search{&l.Domain, &l.Mailbox} {
		if s.BaseDN == "" {
			s.BaseDN = l.BaseDN
		}
	}
	switch {
	case l.Preset != "" && l.BaseDN == "" && !r.wrong[v.at("base_dn").path]:
		r.refuse(v.at("base_dn"), "is missing: the preset %s searches below it", l.Preset)
	case l.Preset == "" && l.Domain.Filter == "":
		r.refuse(v.at("domain"), "needs a filter such as (&(objectClass=domain)(dc={domain})), or a preset (%s)", strings.Join(LDAPPresets(), ", "))
	}
	if k.mailboxes && l.Preset == "" && l.Mailbox.Filter == "" {
		r.refuse(v.at("mailboxes"), "needs a mailbox search with a filter")
	}
	if !k.mailboxes && l.Mailbox.Filter != "" {
		r.warn(v.at("mailbox"), "is never searched without mailboxes: true")
	}
	return l
}

func (r *reader) knownPreset(v value, preset string, known []string) {
	if preset != "" && !slices.Contains(known, preset) {
		r.refuse(v.at("preset"), "%s", unknown("preset", v.at("preset").written(), known))
	}
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
		if err != nil {
			r.refuse(v, `must be the IP address of a DNS server such as "192.0.2.53" or "127.0.0.1:5353", is %s`, describe(v.node))
			return
		}
		all = append(all, at)
	})
	return all
}

// duration reads a time such as 500ms, 2s, 1h30m.
func (r *reader) duration(v value, least, most time.Duration) time.Duration {
	want := fmt.Sprintf("a time from %s to %s such as %s", spoken(least), spoken(most), spoken(min(max(least, 2*time.Second), most)))
	s, ok := r.scalar(v, want, false)
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < least || d > most {
		r.refuse(v, "must be %s, is %s", want, describe(v.node))
		return 0
	}
	return d
}

// spoken writes a duration without parts that are zero.
func spoken(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}
