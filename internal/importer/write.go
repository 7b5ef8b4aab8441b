package importer

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Bounds of the settings file: Waymark reads no larger one, and with more domains it
// needs more memory than it takes for the settings.
const (
	maxSettings = 16 << 20
	maxDomains  = 400_000
)

// asSource is what to do without a settings file.
const asSource = `use the database as a source instead, as "Many domains" in docs/migrating.md describes`

// tooMany reports that the settings file would not be read.
func (d *draft) tooMany() error {
	if len(d.domains) > maxDomains || d.octets > maxSettings {
		return fmt.Errorf("too many domains for a settings file, which may have %d MiB; %s", maxSettings>>20, asSource)
	}
	return nil
}

const heading = `# yaml-language-server: $schema=https://github.com/waymark-mail/waymark/raw/main/api/config.schema.json
#
# Written by waymark import from
# %s.
# Review it, then run "waymark check". Apple profiles depend on the provider ids:
# change an id now or never.

`

// result returns the settings file. origin goes into its heading.
func (d *draft) result(origin string) (Result, error) {
	d.sortNotes()
	r := Result{Notes: d.notes, Providers: len(d.providers), Domains: len(d.domains)}
	if r.Domains == 0 {
		return r, ErrNothing
	}
	if err := d.tooMany(); err != nil {
		return r, err
	}
	r.Settings = fmt.Appendf(nil, heading, origin)
	if err := d.write(&r); err != nil {
		return r, err
	}
	if len(r.Settings) > maxSettings {
		return r, fmt.Errorf("the settings file would be larger than %d MiB; import a part at a time, or %s", maxSettings>>20, asSource)
	}
	return r, nil
}

// write adds the providers, then the domains a thousand at a time: the tree of all
// takes a hundred times the memory of the file.
func (d *draft) write(r *Result) error {
	root := d.head()
	for first := 0; first < len(d.domains); first += 1000 {
		var domains block
		for _, name := range d.domains[first:min(first+1000, len(d.domains))] {
			d.entry(&domains, name)
		}
		root.set("domains", domains.node(0))
		body, err := yaml.Dump(root.node(0), yaml.WithV4Defaults(), yaml.WithLineWidth(-1), yaml.WithCompactSeqIndent(false), yaml.WithQuotePreference(yaml.QuoteDouble))
		if err != nil {
			return fmt.Errorf("the settings file cannot be written: %w", err)
		}
		if first > 0 {
			_, body, _ = bytes.Cut(body, []byte("\n")) // the key domains
		}
		r.Settings = append(r.Settings, body...)
		root = block{}
	}
	return nil
}

// entry adds one domain.
func (d *draft) entry(domains *block, name address.Domain) {
	var entry block
	entry.set("provider", text(d.listed[name].provider.ID))
	value := entry.node(yaml.FlowStyle)
	if shown := name.Unicode(); shown != string(name) {
		value.LineComment = shown
	}
	domains.put(text(string(name)), value)
}

// head returns all but the domains.
func (d *draft) head() block {
	var root, providers block
	for _, p := range d.providers {
		key := text(p.ID)
		if len(p.from) > 0 {
			key.HeadComment = "from " + sources(p.from)
		}
		providers.put(key, providerNode(p.Provider))
	}
	if d.listen != "" {
		listen := text(d.listen)
		listen.Style = yaml.DoubleQuotedStyle // ":8000" reads badly without
		root.set("listen", listen)
	}
	root.set("providers", providers.node(0))
	return root
}

// sources lists the first few files that a provider comes from.
func sources(files []string) string {
	const most = 3
	var names []string
	for _, f := range files[:min(len(files), most)] {
		names = append(names, plain(f))
	}
	if more := len(files) - most; more > 0 {
		names = append(names, strconv.Itoa(more)+" more")
	}
	return strings.Join(names, ", ")
}

func providerNode(p settings.Provider) *yaml.Node {
	// The login and authentication of most services are written once, for the
	// provider.
	login := commonest(p.Services, func(s settings.Service) string { return string(s.Login) }).Login
	auth := commonest(p.Services, func(s settings.Service) string { return fmt.Sprint(s.Auth) }).Auth
	var b block
	b.set("name", text(p.Name))
	if len(p.Names) > 0 {
		var names block
		for _, lang := range slices.Sorted(maps.Keys(p.Names)) {
			names.set(lang, text(p.Names[lang]))
		}
		b.set("names", names.node(yaml.FlowStyle))
	}
	if p.ShortName != "" {
		b.set("short_name", text(p.ShortName))
	}
	if p.HelpURL != "" {
		b.set("help_url", text(p.HelpURL))
	}
	if p.WebmailURL != "" {
		b.set("webmail_url", text(p.WebmailURL))
	}
	if login != settings.LoginAddress {
		b.set("login", text(string(login)))
	}
	if !slices.Equal(auth, []settings.Auth{settings.Password}) {
		b.set("auth", list(auth))
	}
	services := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, s := range p.Services {
		services.Content = append(services.Content, serviceNode(s, login, auth))
	}
	b.set("services", services)
	if o := p.OAuth2; o != nil {
		var endpoints block
		endpoints.set("issuer", text(o.Issuer))
		endpoints.set("auth_url", text(o.AuthURL))
		endpoints.set("token_url", text(o.TokenURL))
		endpoints.set("scope", text(o.Scope))
		if o.ClientID != "" {
			endpoints.set("client_id", text(o.ClientID))
		}
		b.set("oauth2", endpoints.node(0))
	}
	if p.Outlook.DAV {
		var outlook block
		outlook.set("dav", truth(true))
		b.set("autodiscover", outlook.node(yaml.FlowStyle))
	}
	return b.node(0)
}

// commonest returns the first service with the value that most services have.
func commonest(services []settings.Service, key func(settings.Service) string) settings.Service {
	count := map[string]int{}
	for _, s := range services {
		count[key(s)]++
	}
	best := services[0]
	for _, s := range services {
		if count[key(s)] > count[key(best)] {
			best = s
		}
	}
	return best
}

func serviceNode(s settings.Service, login settings.Login, auth []settings.Auth) *yaml.Node {
	var b block
	b.set("protocol", text(string(s.Protocol)))
	if s.Protocol.ByURL() {
		b.set("url", text(s.URL))
	} else {
		b.set("host", text(s.Host))
		b.set("port", number(int(s.Port)))
		b.set("security", text(string(s.Security)))
	}
	if s.Login != login {
		b.set("login", text(string(s.Login)))
	}
	if !slices.Equal(s.Auth, auth) {
		b.set("auth", list(s.Auth))
	}
	if on := s.POP.LeaveMessagesOnServer; on != nil {
		b.set("leave_messages_on_server", truth(*on))
	}
	if days := s.POP.DaysToLeaveMessagesOnServer; days != 0 {
		b.set("days_to_leave_messages_on_server", number(days))
	}
	if on := s.POP.DownloadOnBiff; on != nil {
		b.set("download_on_biff", truth(*on))
	}
	return b.node(yaml.FlowStyle)
}

// block builds a YAML mapping.
type block struct{ content []*yaml.Node }

func (b *block) set(key string, value *yaml.Node) { b.put(text(key), value) }

func (b *block) put(key, value *yaml.Node) { b.content = append(b.content, key, value) }

func (b *block) node(style yaml.Style) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: style, Content: b.content}
}

// text returns a YAML string. It escapes ${, which would become a reference.
func text(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.ReplaceAll(s, "${", "$${")}
}

func number(n int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(n)}
}

func truth(on bool) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(on)}
}

func list[T ~string](words []T) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
	for _, w := range words {
		n.Content = append(n.Content, text(string(w)))
	}
	return n
}
