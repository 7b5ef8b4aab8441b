package service

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/directory"
	"github.com/waymark-mail/waymark/internal/dnsrecords"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/settings"
)

// owners examines domains for the page of their owners.
type owners struct {
	clients func(ctx context.Context, d address.Domain, only []string) ([]page.Client, error)
	known   *directory.Directory
	host    address.Domain // of the page; "" when unknown
}

// ownersFor returns what the page of owners needs; nil when it is disabled.
func (s *Service) ownersFor(cfg *config.Config, known *directory.Directory) page.Doctor {
	if !cfg.Pages.Doctor || s.options.Clients == nil {
		return nil
	}
	return owners{s.options.Clients, known, ownName(cfg)}
}

// Diagnose implements page.Doctor. Anybody can point a domain at the catch-all, so it is
// no customer's.
func (o owners) Diagnose(ctx context.Context, s settings.Settings) (page.Diagnosis, error) {
	if err := o.known.Answers(ctx, s.Domain); err != nil {
		return page.Diagnosis{}, err
	}
	set, err := Records(s, dnsrecords.Options{Hosts: dnsrecords.Hosts{Name: o.host}})
	if err != nil {
		return page.Diagnosis{}, err
	}
	var all page.Diagnosis
	for _, r := range set.Records {
		all.Records = append(all.Records, page.Record{Name: r.Name, Type: string(r.Type), Value: r.Content()})
	}
	all.Clients, err = o.clients(ctx, s.Domain, namedServers(s, o.host))
	return all, err
}

// namedServers lists, as "host:port", the servers that the settings of a domain name, and the
// web servers that clients ask for the domain.
func namedServers(s settings.Settings, host address.Domain) []string {
	var all []string
	web := []string{string(s.Domain), string(host)}
	for _, label := range []string{"autoconfig", "autodiscover", "ua-auto-config", "mta-sts"} {
		web = append(web, label+"."+string(s.Domain))
	}
	for _, name := range web {
		all = append(all, net.JoinHostPort(name, "443"), net.JoinHostPort(name, "80"))
	}
	var urls []string
	if s.Provider.OAuth2 != nil {
		urls = append(urls, s.Provider.OAuth2.Issuer)
	}
	for _, svc := range s.Services() {
		urls = append(urls, svc.URL)
		all = append(all, net.JoinHostPort(svc.Host, strconv.Itoa(int(svc.Port))))
	}
	for _, at := range urls {
		if u, err := url.Parse(at); err == nil && u.Host != "" {
			port := u.Port()
			if port == "" {
				port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
			}
			all = append(all, net.JoinHostPort(strings.ToLower(u.Hostname()), port))
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(at string) bool { return strings.HasPrefix(at, ":") })
}
