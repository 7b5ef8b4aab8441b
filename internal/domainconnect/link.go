package domainconnect

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dnslookup"
	"github.com/waymark-mail/waymark/internal/publicaddress"
)

// Linker makes links.
type Linker struct {
	Service   Service // that passes Check
	Key       *Key
	KeyDomain address.Domain // the same as in the template
	KeyName   string         // of the TXT records, below KeyDomain
	Resolver  *dnslookup.Resolver
	Roots     *x509.CertPool // that DNS providers are trusted by; nil for those of the machine
	// AllowPrivate allows DNS providers at addresses that are not public.
	AllowPrivate bool

	// public replaces publicaddress.Is in tests.
	public func(netip.Addr) bool
}

// linkTime bounds all lookups and requests for one link.
const linkTime = 30 * time.Second

// Link returns the URL at which the owner of a domain lets the DNS provider add the
// records with these labels. The errors are for people.
func (l Linker) Link(ctx context.Context, domain address.Domain, labels []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, linkTime)
	defer cancel()
	if l.public == nil {
		l.public = func(a netip.Addr) bool { return l.AllowPrivate || publicaddress.Is(a) }
	}
	zone, at, err := l.discover(ctx, domain)
	if err != nil {
		return "", err
	}
	web := l.newWeb()
	defer web.CloseIdleConnections()
	provider, err := settingsOf(ctx, web, at, zone)
	if err != nil {
		return "", err
	}
	if err := provider.supports(ctx, web, l.Service); err != nil {
		return "", err
	}
	if err := l.checkKey(ctx); err != nil {
		return "", err
	}
	query := l.query(zone, domain, labels)
	signature, err := l.Key.sign(query)
	if err != nil {
		return "", err
	}
	// What a provider verifies is the query before these two.
	return fmt.Sprintf("%s%s/apply?%s&key=%s&sig=%s", provider.SyncUX, l.Service.path(), query, url.QueryEscape(l.KeyName), url.QueryEscape(signature)), nil
}

// query returns the parameters, sorted.
func (Linker) query(zone, domain address.Domain, labels []string) string {
	q := url.Values{"domain": {string(zone)}}
	if domain != zone {
		q.Set("host", strings.TrimSuffix(string(domain), "."+string(zone)))
	}
	if len(labels) < len(Labels()) {
		q.Set("groupId", strings.Join(labels, ","))
	}
	return q.Encode()
}

// path is that of the template at a DNS provider.
func (s Service) path() string {
	return fmt.Sprintf("/v2/domainTemplates/providers/%s/services/%s", s.ProviderID, s.ID)
}

// discover returns the zone of a domain, and where its DNS provider answers. A domain
// may be part of a larger zone.
func (l Linker) discover(ctx context.Context, domain address.Domain) (zone address.Domain, at string, err error) {
	registered, err := publicsuffix.EffectiveTLDPlusOne(string(domain))
	if err != nil {
		registered = string(domain)
	}
	for name := string(domain); ; {
		answer, err := l.Resolver.Lookup(ctx, "_domainconnect."+name, dnslookup.TXT)
		if err != nil {
			return "", "", err
		}
		for _, r := range answer.Records {
			at, err := prefix("https://" + strings.TrimSpace(r.Text))
			if err != nil {
				return "", "", fmt.Errorf("the TXT record _domainconnect.%s is not the host of a DNS provider: %q", name, r.Text)
			}
			return address.Domain(name), at, nil
		}
		_, parent, ok := strings.Cut(name, ".")
		if name == registered || !ok {
			return "", "", fmt.Errorf("the DNS provider of %s does not support Domain Connect: there is no TXT record _domainconnect.%s", domain, name)
		}
		name = parent
	}
}

// checkKey returns why DNS providers would refuse the signature.
func (l Linker) checkKey(ctx context.Context) error {
	name := l.KeyName + "." + string(l.KeyDomain)
	answer, err := l.Resolver.Lookup(ctx, name, dnslookup.TXT)
	if err != nil {
		return err
	}
	var texts []string
	for _, r := range answer.Records {
		texts = append(texts, r.Text)
	}
	switch {
	case len(texts) == 0:
		return fmt.Errorf("the public key is not published: there is no TXT record %s", name)
	case !l.Key.publishedAs(texts):
		return fmt.Errorf("the TXT records %s have another public key, so the DNS provider would refuse the link", name)
	}
	return nil
}

// prefix checks the beginning of URLs, and returns it without a final slash.
func prefix(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", err
	}
	if u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Contains(text, "?") ||
		slices.Contains(strings.Split(u.Path, "/"), "..") {
		return "", fmt.Errorf("%q is not an https URL without a query", text)
	}
	return strings.TrimRight(u.String(), "/"), nil
}
