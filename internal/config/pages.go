package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/waymark-mail/waymark/internal/settings"
)

func pagesFields() []field[Pages] {
	return []field[Pages]{
		{"url", func(r *reader, v value, p *Pages) { p.URL = strings.TrimSuffix(r.webURL(v), "/") }},
		{"keys", func(r *reader, v value, p *Pages) {
			r.items(v, "a list of secrets", func(v value) {
				if s, ok := r.secret(v); ok {
					p.Keys = append(p.Keys, s)
				}
			})
		}},
		{"verify_password", func(r *reader, v value, p *Pages) { p.VerifyPassword, _ = r.truth(v) }},
		{"verify_private", func(r *reader, v value, p *Pages) { p.VerifyPrivate, _ = r.truth(v) }},
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

var colorForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)

func brandFields() []field[settings.Brand] {
	type brand = settings.Brand
	return []field[brand]{
		{"color", func(r *reader, v value, b *brand) {
			s, ok := r.text(v)
			if s = strings.ToLower(s); ok && !colorForm.MatchString(s) {
				r.refuse(v, `must be a colour such as "#0b57d0", is %s`, describe(v.node))
			} else if ok {
				b.Color = s
			}
		}},
		{"logo", func(r *reader, v value, b *brand) {
			path, ok := r.filled(v)
			if !ok {
				return
			}
			var err error
			if b.Logo, b.LogoType, err = r.logo(absolute(path, v.doc.dir)); err != nil {
				r.refuse(v, "%v", err)
			}
		}},
	}
}

// maxLogo bounds a picture, in octets: every visitor loads it.
const maxLogo = 64 << 10

// logo reads a picture. Only SVG and PNG are allowed, because browsers guess
// other types.
func (r *reader) logo(path string) ([]byte, string, error) {
	data, err := r.fetchFile(path)
	switch {
	case err != nil:
		return nil, "", err
	case len(data) > maxLogo:
		return nil, "", errors.New("the picture is larger than 64 KiB")
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return data, "image/png", nil
	case bytes.Contains(data[:min(len(data), 1024)], []byte("<svg")):
		return data, "image/svg+xml", nil
	}
	return nil, "", fmt.Errorf("the picture must be SVG or PNG")
}
