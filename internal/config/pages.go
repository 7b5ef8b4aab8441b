package config

import (
	"strings"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

func pagesFields() []field[Pages] {
	return []field[Pages]{
		{"url", func(r *reader, v value, p *Pages) { p.URL = strings.TrimSuffix(r.webURL(v), "/") }},
		{"keys", func(r *reader, v value, p *Pages) {
			if v.written() != "" { // perhaps the secret itself
				r.refuse(v, `must be a list of secrets such as ["${env:LINK_KEY}"]`)
				return
			}
			r.items(v, "a list of secrets", func(v value) {
				if s, ok := r.secret(v); ok {
					p.Keys = append(p.Keys, s)
				}
			})
		}},
		{"verify_password", func(r *reader, v value, p *Pages) { p.VerifyPassword, _ = r.truth(v) }},
		{"verify_private", func(r *reader, v value, p *Pages) { p.VerifyPrivate, _ = r.truth(v) }},
		{"doctor", func(r *reader, v value, p *Pages) { p.Doctor, _ = r.truth(v) }},
		{"suggest", func(r *reader, v value, p *Pages) {
			r.items(v, "a list of domains", func(v value) {
				if d := r.domainName(v); d != "" {
					p.Suggest = append(p.Suggest, d)
				}
				if len(p.Suggest) == maxCandidates+1 { // each is compared with what strangers type
					r.refuse(v, "is one of more than %d domains; remove the others", maxCandidates)
				}
			})
		}},
		{"voice", func(r *reader, v value, p *Pages) { p.Voice, _ = oneOf(r, v, "voice", i18n.Voices()) }},
		{"texts", func(r *reader, v value, p *Pages) { p.Texts = r.texts(v) }},
	}
}

// checkVerifyPrivate warns about hosts that stay limited to public addresses: with
// an address at their own domain, a visitor can point imap.{domain} to any address
// of the internal network.
func (r *reader) checkVerifyPrivate(root value, cfg *Config) {
	if !cfg.Pages.VerifyPassword || !cfg.Pages.VerifyPrivate {
		return
	}
	for _, p := range cfg.Providers {
		for _, s := range p.Services {
			if !s.Protocol.ByURL() && strings.Contains(s.Host, "{domain}") {
				r.warn(root.at("pages").at("verify_private"),
					"has no effect on the host %s: the owner of a domain chooses the address, so passwords are checked there at public addresses only; write out the host to allow private ones", printed(s.Host))
				return
			}
		}
	}
}

// checkDoctor warns about a page for owners that lacks records.
func (r *reader) checkDoctor(root value, cfg *Config) {
	if cfg.Pages.Doctor && cfg.Pages.URL == "" {
		r.warn(root.at("pages").at("doctor"), "shows no record that leads to this server; set pages.url")
	}
}

func brandFields() []field[settings.Brand] {
	type brand = settings.Brand
	return []field[brand]{
		{"color", func(r *reader, v value, b *brand) {
			s, ok := r.text(v)
			if !ok {
				return
			}
			var err error
			if b.Color, err = settings.ParseColor(s); err != nil {
				r.refuse(v, "%v, is %s", err, describe(v.node))
			}
		}},
		{"logo", func(r *reader, v value, b *brand) { b.Logo = r.logo(v) }},
		{"logo_dark", func(r *reader, v value, b *brand) { b.LogoDark = r.logo(v) }},
	}
}

// readBrand reads the brand of a provider, or what a domain changes of it.
func readBrand(r *reader, v value, p *provider) {
	var own settings.Brand
	readBlock(r, v, brandFields(), &own)
	p.Brand = p.Brand.With(own)
}

// checkLogo reports a dark logo without a light one.
func (r *reader) checkLogo(brand value, b settings.Brand) {
	if b.Logo == (settings.Logo{}) && brand.has("logo_dark") && !brand.has("logo") {
		r.refuse(brand.at("logo_dark"), "needs logo, the picture for a light page")
	}
}

// logo reads the path of a picture.
func (r *reader) logo(v value) (logo settings.Logo) {
	path, ok := r.filled(v)
	if !ok {
		return logo
	}
	data, err := r.fetchFile(absolute(path, v.doc.dir))
	if err == nil {
		logo, err = settings.ParseLogo(string(data))
	}
	if err != nil {
		r.refuse(v, "%v", err)
	}
	return logo
}
