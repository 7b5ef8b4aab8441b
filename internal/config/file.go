package config

import (
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/settings"
)

// file is the settings file while it is read.
type file struct {
	*Config
	outlook     settings.OutlookOptions // defaults of all providers
	providers   map[string]*provider    // by id, those with errors too
	providerIDs []string                // in the order of the file
	mxPatterns  []source.Pattern        // of all providers
	blocks      sharedBlocks
	includes    map[string]bool // paths of the included files
}

// sharedBlocks are keys that are read after all others, when the included files are known.
type sharedBlocks struct {
	providers, domains []value // of the settings file, then of those that it includes
	directory          value   // the node is nil without the key
}

// sharedFields are the keys that an included file may have, too.
func sharedFields() []field[sharedBlocks] {
	return []field[sharedBlocks]{
		{"providers", func(_ *reader, v value, b *sharedBlocks) { b.providers = append(b.providers, v) }},
		{"domains", func(_ *reader, v value, b *sharedBlocks) { b.domains = append(b.domains, v) }},
	}
}

// fileFields are the keys of the file, those that others depend on first.
func fileFields() []field[file] {
	fields := []field[file]{
		{"listen", func(r *reader, v value, f *file) { r.listen(v, &f.Listen) }},
		{"tls", readTLS},
		{"trusted_proxies", func(r *reader, v value, f *file) { f.TrustedProxies = r.prefixes(v) }},
		{"forwarded_host", func(r *reader, v value, f *file) {
			if f.ForwardedHost, _ = r.truth(v); f.ForwardedHost && len(f.TrustedProxies) == 0 && !r.wrong["trusted_proxies"] {
				r.refuse(v, "needs trusted_proxies; X-Forwarded-Host of others is never used")
			}
		}},
		{"ops", func(r *reader, v value, f *file) { readBlock(r, v, opsFields(), &f.Ops) }},
		{"signing", readSigning},
		{"state_dir", func(r *reader, v value, f *file) {
			if s, ok := r.text(v); ok && s != "" {
				f.StateDir = absolute(s, v.doc.dir)
			}
		}},
		{"api", readAPI},
		{"limits", func(r *reader, v value, f *file) { readBlock(r, v, limitsFields(), &f.Limits) }},
		{"reload", func(r *reader, v value, f *file) {
			readBlock(r, v, []field[Reload]{{"max_removed", func(r *reader, v value, l *Reload) { l.MaxRemoved = r.percent(v) }}}, &f.Reload)
		}},
		{"log", func(r *reader, v value, f *file) { readBlock(r, v, logFields(), &f.Log) }},
		{"tracing", readTracing},
		{"pages", func(r *reader, v value, f *file) { readBlock(r, v, pagesFields(), &f.Pages) }},
		{"autodiscover", func(r *reader, v value, f *file) { readBlock(r, v, autodiscoverFields(), &f.outlook) }},
		{"cache", func(r *reader, v value, f *file) { readBlock(r, v, cacheFields(), &f.Cache) }},
		{"directory", func(_ *reader, v value, f *file) { f.blocks.directory = v }},
	}
	for _, shared := range sharedFields() {
		fields = append(fields, field[file]{shared.key, func(r *reader, v value, f *file) { shared.read(r, v, &f.blocks) }})
	}
	return append(fields, field[file]{"include", readInclude})
}

func opsFields() []field[Ops] {
	return []field[Ops]{
		{"listen", func(r *reader, v value, o *Ops) {
			if s, ok := r.text(v); ok && (s == "" || s == "off") {
				o.Listen = ""
			} else if ok {
				r.listen(v, &o.Listen)
			}
		}},
		{"hosts", func(r *reader, v value, o *Ops) {
			r.items(v, "a list of host names", func(v value) {
				if d := r.domainName(v); d != "" {
					o.Hosts = append(o.Hosts, d)
				}
			})
		}},
		{"pprof", func(r *reader, v value, o *Ops) { o.Pprof, _ = r.truth(v) }},
		{"wait_for_sources", func(r *reader, v value, o *Ops) { o.WaitForSources, _ = r.truth(v) }},
		{"examine_every", func(r *reader, v value, o *Ops) { o.ExamineEvery = r.duration(v, time.Hour, 30*day) }},
		{"resolver", func(r *reader, v value, o *Ops) { o.Resolver = r.dnsServer(v) }},
		{"examine_sources", func(r *reader, v value, o *Ops) { o.ExamineSources = r.number(v, 0, 10_000) }},
	}
}

func limitsFields() []field[Limits] {
	return []field[Limits]{
		{"requests_per_minute", func(r *reader, v value, l *Limits) {
			l.RequestsPerMinute = r.number(v, 0, 1_000_000)
		}},
		{"strict_requests_per_minute", func(r *reader, v value, l *Limits) {
			l.StrictPerMinute = r.number(v, 0, 1_000_000)
		}},
		{"unknown_per_minute", func(r *reader, v value, l *Limits) {
			l.UnknownPerMinute = r.number(v, 0, 1_000_000)
		}},
		{"unknown_per_second", func(r *reader, v value, l *Limits) {
			l.UnknownPerSecond = r.number(v, 0, 1_000_000)
		}},
		{"requests_at_once", func(r *reader, v value, l *Limits) {
			l.RequestsAtOnce = r.number(v, 0, 1_000_000)
		}},
		{"connections", func(r *reader, v value, l *Limits) {
			l.Connections = r.number(v, 0, 1_000_000)
		}},
	}
}

func logFields() []field[Log] {
	return []field[Log]{
		{"level", func(r *reader, v value, l *Log) {
			l.Level, _ = oneOf(r, v, "level", []string{"debug", "info", "warn", "error"})
		}},
		{"format", func(r *reader, v value, l *Log) {
			l.Format, _ = oneOf(r, v, "format", []string{"json", "console"})
		}},
		{"remote", func(r *reader, v value, l *Log) {
			l.Remote, _ = oneOf(r, v, "remote", []string{"full", "network", "none"})
		}},
	}
}

func autodiscoverFields() []field[settings.OutlookOptions] {
	return []field[settings.OutlookOptions]{
		{"dav", func(r *reader, v value, o *settings.OutlookOptions) {
			if on, ok := r.truth(v); ok {
				o.DAV = on
			}
		}},
		{"ews", func(r *reader, v value, o *settings.OutlookOptions) {
			if on, ok := r.truth(v); ok {
				o.EWS = on
			}
		}},
		{"json", func(r *reader, v value, o *settings.OutlookOptions) {
			if on, ok := r.truth(v); ok {
				o.NoJSON = !on
			}
		}},
		{"redirect", func(r *reader, v value, o *settings.OutlookOptions) { o.Redirect = r.redirect(v) }},
	}
}

// need reports missing keys of a block.
func (r *reader) need(v value, keys ...string) {
	for _, key := range keys {
		if !v.has(key) {
			r.refuse(v.at(key), "is missing")
		}
	}
}

// path reads the path of a file.
func (r *reader) path(v value, into *string) {
	if s, ok := r.filled(v); ok {
		*into = absolute(s, v.doc.dir)
	}
}

// listen reads the address of a listener.
func (r *reader) listen(v value, into *string) {
	if _, err := strconv.ParseUint(v.written(), 10, 16); err == nil {
		r.refuse(v, `must be an address to listen on; write ":%s"`, v.written())
		return
	}
	s, ok := r.text(v)
	if !ok {
		return
	}
	host, port, err := net.SplitHostPort(s)
	if err == nil && host != "" {
		if _, err = netip.ParseAddr(host); err != nil {
			_, err = address.ParseDomain(host)
		}
	}
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		r.refuse(v, `must be an address to listen on such as ":8080" or "127.0.0.1:8080", is %s`, describe(v.node))
		return
	}
	*into = s
}

// prefixes reads a list of networks.
func (r *reader) prefixes(v value) []netip.Prefix {
	var all []netip.Prefix
	r.items(v, "a list of networks", func(v value) {
		s, ok := r.text(v)
		if !ok {
			return
		}
		p, err := netip.ParsePrefix(s)
		if a, bare := netip.ParseAddr(s); bare == nil && a.Zone() == "" {
			p, err = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
		}
		switch {
		case err != nil:
			r.refuse(v, `must be an address or a network such as "192.0.2.1" or "10.0.0.0/8", is %s`, describe(v.node))
		case p != p.Masked():
			r.refuse(v, "%s is an address with a prefix length; remove the length, or set the host bits to zero", printed(v.written()))
		case p.Bits() == 0:
			r.warn(v, "trusts every client to set its own address; list only your proxies")
			fallthrough
		default:
			all = append(all, p)
		}
	})
	return all
}
