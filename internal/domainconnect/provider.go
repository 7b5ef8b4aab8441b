package domainconnect

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dnslookup"
)

const (
	maxAnswer    = 64 << 10
	maxRedirects = 3
	maxAddresses = 4 // of one host that are tried
	dialTime     = 5 * time.Second
	fetchTime    = 10 * time.Second
)

// provider is what a DNS provider answers about a domain.
type provider struct {
	Name   string `json:"providerName"`
	SyncUX string `json:"urlSyncUX"`
	API    string `json:"urlAPI"`
}

// settingsOf asks the DNS provider for its settings of a zone.
func settingsOf(ctx context.Context, web *http.Client, at string, zone address.Domain) (provider, error) {
	url := at + "/v2/" + string(zone) + "/settings"
	status, body, err := get(ctx, web, url)
	var p provider
	switch {
	case err != nil:
		return p, err
	case status == http.StatusNotFound:
		return p, fmt.Errorf("%s: the DNS provider does not have the zone %s", url, zone)
	case status/100 != 2:
		return p, fmt.Errorf("%s: the DNS provider answers with status %d", url, status)
	case json.Unmarshal(body, &p) != nil:
		return p, fmt.Errorf("%s: the answer is not the JSON of Domain Connect", url)
	case p.SyncUX == "":
		return p, fmt.Errorf("the DNS provider %q has no links to apply templates (urlSyncUX)", p.Name)
	}
	if p.SyncUX, err = prefix(p.SyncUX); err != nil {
		return p, fmt.Errorf("%s: urlSyncUX: %w", url, err)
	}
	if p.API, err = prefix(p.API); err != nil {
		return p, fmt.Errorf("%s: urlAPI: %w", url, err)
	}
	return p, nil
}

// supports returns why a provider cannot apply a template.
func (p provider) supports(ctx context.Context, web *http.Client, s Service) error {
	url := p.API + s.path()
	status, _, err := get(ctx, web, url)
	switch {
	case err != nil:
		return err
	case status == http.StatusNotFound:
		return fmt.Errorf("the DNS provider %q does not have the template %s; ask it to add the file from the public repository", p.Name, s.FileName())
	case status/100 != 2:
		return fmt.Errorf("%s: the DNS provider answers with status %d", url, status)
	}
	return nil
}

// get returns the answer to a request. Its errors name the URL.
func get(ctx context.Context, web *http.Client, url string) (status int, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := web.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("%s: %w", url, err)
	case len(body) > maxAnswer:
		return 0, nil, fmt.Errorf("%s: the answer has more than %d KiB", url, maxAnswer>>10)
	}
	return response.StatusCode, body, nil
}

// newWeb returns a client that connects to allowed addresses only, also after a
// redirect, because the owner of the domain chooses the host.
func (l Linker) newWeb() *http.Client {
	return &http.Client{
		Timeout: fetchTime,
		Transport: &http.Transport{
			DialContext:            l.dial,
			TLSClientConfig:        &tls.Config{RootCAs: l.Roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: maxAnswer,
		},
		CheckRedirect: func(r *http.Request, before []*http.Request) error {
			switch {
			case len(before) > maxRedirects:
				return errors.New("there are too many redirects")
			case r.URL.Scheme != "https":
				return fmt.Errorf("it redirects to %s, which is not https", r.URL.Redacted())
			}
			return nil
		},
	}
}

// dial looks a host up once, and connects to the address that it has checked.
func (l Linker) dial(ctx context.Context, _, at string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return nil, err
	}
	var addresses []netip.Addr
	if literal, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		addresses = []netip.Addr{literal}
	} else {
		for _, t := range []dnslookup.Type{dnslookup.A, dnslookup.AAAA} {
			answer, err := l.Resolver.Lookup(ctx, host, t)
			if err != nil {
				return nil, err
			}
			found := answer.Addresses()
			addresses = append(addresses, found[:min(len(found), maxAddresses)]...)
		}
	}
	if len(addresses) == 0 {
		return nil, fmt.Errorf("%s has no address", host)
	}
	for _, a := range addresses {
		if !l.public(a) {
			return nil, fmt.Errorf("%s has the address %s, which is not public", host, a)
		}
	}
	d := net.Dialer{Timeout: dialTime}
	for _, a := range addresses {
		var conn net.Conn
		if conn, err = d.DialContext(ctx, "tcp", net.JoinHostPort(a.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
