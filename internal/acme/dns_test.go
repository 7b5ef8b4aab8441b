package acme

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/dnstest"
)

const (
	tsigKey  = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	otherKey = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
)

// startDNS starts an instance that writes challenges to the server, at an authority
// that asks the same server, and for which all other ports are closed.
func startDNS(t *testing.T, server *dnstest.Updated, changes ...func(*Options)) (*instance, *acmetest.Authority) {
	t.Helper()
	a := acmetest.New(t, acmetest.Resolver(server.Addr.String()))
	i := start(t, a, Directory(t.TempDir()), append([]func(*Options){func(o *Options) {
		o.NoDNS = true
		o.DNS = &DNS{Server: server.Addr.String(), KeyName: "waymark", KeyAlgorithm: "hmac-sha256", Key: tsigKey}
	}}, changes...)...)
	a.Validate(1, 1)
	return i, a
}

const zoneOfCustomer = "example.com. SOA ns.example.net. ops.example.net. 1 3600 600 86400 60\n" +
	"autoconfig.example.com. A 127.0.0.1\nautodiscover.example.com. A 127.0.0.1\n"

// TestDNS01 orders two names at once, with challenges in the zone of the customer, or
// all at one name in a zone of the operator.
func TestDNS01(t *testing.T) {
	names := []string{"autoconfig.example.com", "autodiscover.example.com"}
	for name, tc := range map[string]struct {
		records, zone, delegateTo string
		want                      []string
	}{
		"in its zone": {
			records: zoneOfCustomer, zone: "example.com",
			want: []string{"_acme-challenge.autoconfig.example.com", "_acme-challenge.autodiscover.example.com"},
		},
		"delegated": {
			records: zoneOfCustomer + "acme.example.org. SOA ns.example.net. ops.example.net. 1 3600 600 86400 60\n" +
				"_acme-challenge.autoconfig.example.com. CNAME all.acme.example.org.\n_acme-challenge.autodiscover.example.com. CNAME all.acme.example.org.\n",
			zone: "acme.example.org", delegateTo: "all.acme.example.org",
			want: []string{"all.acme.example.org", "all.acme.example.org"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := dnstest.StartUpdated(t, tc.records, tc.zone, "waymark", tsigKey)
			i, a := startDNS(t, server, func(o *Options) { o.DNS.DelegateTo = tc.delegateTo })
			var clients sync.WaitGroup
			for _, name := range names {
				clients.Go(func() {
					if _, err := i.shake(a, name); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			clients.Wait()
			added := server.Added()
			slices.Sort(added)
			if !slices.Equal(added, tc.want) {
				t.Errorf("records were added at %v, want %v", added, tc.want)
			}
			if n := server.TXT(); n != 0 {
				t.Errorf("%d records of challenges are left", n)
			}
			i.counted(map[string]int{Issued: 2})
		})
	}
}

// TestDNS01Fails without an order, with a key that the server does not know, and for a
// zone that is elsewhere. The error says why, and no log has a key.
func TestDNS01Fails(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"not configured": {func(o *Options) { o.DNS = nil }, "authorization failed"},
		"wrong key":      {func(o *Options) { o.DNS.Key = otherKey }, "NOTAUTH"},
		"unknown key":    {func(o *Options) { o.DNS.KeyName = "other" }, "NOTAUTH"},
		"no such zone":   {func(o *Options) { o.DNS.DelegateTo = "_acme-challenge.elsewhere.example" }, "could not determine zone"},
	} {
		t.Run(name, func(t *testing.T) {
			server := dnstest.StartUpdated(t, zoneOfCustomer, "example.com", "waymark", tsigKey)
			core, logs := observer.New(zap.DebugLevel)
			i, a := startDNS(t, server, tc.change, func(o *Options) { o.Log = zap.New(core) })
			if _, err := i.shake(a, "autoconfig.example.com"); err == nil {
				t.Fatal("it is served")
			}
			all, err := List(t.Context(), i.o.Store)
			if err != nil || len(all) != 1 || !strings.Contains(all[0].LastError, tc.want) {
				t.Errorf("the storage has %+v, %v; want the error %q", all, err, tc.want)
			}
			if n := len(server.Added()); n != 0 {
				t.Errorf("%d records were added", n)
			}
			if logs.FilterMessage("certificate order failed").Len() != 1 {
				t.Errorf("the log has %v", logs.All())
			}
			for _, line := range logs.All() {
				if text := fmt.Sprint(line.Message, line.ContextMap()); strings.Contains(text, otherKey) || strings.Contains(text, tsigKey) {
					t.Errorf("the log has a key: %s", text)
				}
			}
			i.counted(map[string]int{Failed: 1})
		})
	}
}
