package config

import (
	"net/url"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// redirect is a redirect of Autodiscover, or a URL that a domain moved to, and where
// the file has it.
type redirect struct {
	at value
	to settings.Redirect
}

// redirect reads where Autodiscover leads; nil when it is invalid.
func (r *reader) redirect(v value) *settings.Redirect {
	s, ok := r.text(v)
	if !ok {
		return nil
	}
	var to settings.Redirect
	domain, isAddress := strings.CutPrefix(s, "{local}@")
	d, err := address.ParseDomain(domain)
	u, notURL := settings.ParseWebURL(s)
	switch {
	case isAddress && err == nil:
		to.Domain = d
	case !isAddress && notURL == nil:
		to.URL = u.String()
	default:
		r.refuse(v, `must be the https URL of another Autodiscover service, or "{local}@" and the domain of the addresses there, such as "{local}@example.mail.onmicrosoft.com"; is %s`, describe(v.node))
		return nil
	}
	r.redirects = append(r.redirects, redirect{v, to})
	return &to
}

// checkRedirects refuses redirects that lead back to Waymark: clients would follow
// them until they give up.
func (r *reader) checkRedirects(cfg *Config) {
	for _, redirect := range r.redirects {
		to := redirect.to
		if _, here := cfg.Domains[to.Domain]; here {
			r.refuse(redirect.at, "leads back to Waymark, which answers for %s; to give all its addresses to that domain, set moved_to", to.Domain)
			continue
		}
		u, err := url.Parse(to.URL)
		if err != nil || !strings.EqualFold(u.Path, "/autodiscover/autodiscover.xml") {
			continue
		}
		host := address.Domain(u.Hostname())
		domain := address.Domain(strings.TrimPrefix(string(host), "autodiscover."))
		_, here := cfg.Domains[domain]
		pages, err := url.Parse(cfg.Pages.URL)
		if here || err == nil && string(host) == pages.Hostname() {
			r.refuse(redirect.at, "leads back to Waymark, which answers at %s; write the URL of the other service", host)
		}
	}
}
