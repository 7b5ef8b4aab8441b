//go:build unix

package realclients

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/internal/clients/client"
	plans "github.com/waymark-mail/waymark/internal/clients/thunderbird"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/programs"
)

// readsEWS is the first known version that reads the type ews in autoconfig.
const readsEWS = 153

// patience is how long one search may take. Thunderbird gives each of its
// requests five seconds, and the central database ten.
const patience = time.Minute

// The scripts run inside Thunderbird and return a finding.
var (
	//go:embed testdata/discover.js
	discover string
	//go:embed testdata/page.js
	page string
)

// thunderbirdCase is one address and the hosts that exist for it. No two share
// a host: Thunderbird remembers answers and keeps connections.
type thunderbirdCase struct {
	name    string
	script  string // discover where empty
	example string // whose Waymark the hosts lead to
	address string
	hosts   []string // "scheme://host"
	mx      []string // of the address's domain
	by      string   // the domain of the host that was asked, where it answers for the address's
	ispdb   string   // the URL of the central database, where there is one
	source  string   // what Thunderbird calls its find; "" where nothing is found
	also    []string // types of further incoming servers that it offers for Exchange
}

func thunderbirdCases() []thunderbirdCase {
	return []thunderbirdCase{
		{
			name: "autoconfig over https", example: "infomaniak.yaml", address: "anna@example.com",
			hosts: []string{"https://autoconfig.example.com"}, source: "xml-from-isp-https",
		},
		{
			name: "autoconfig over http only; STARTTLS and a login of another form", example: "hosting.yaml", address: "anna@classic.test",
			hosts: []string{"http://autoconfig.classic.test"}, source: "xml-from-isp-http",
		},
		{
			name: "well-known over https only; OAuth2 that Thunderbird cannot use before the password", example: "hosting.yaml", address: "anna@customer-two.example",
			hosts: []string{"https://customer-two.example"}, source: "xml-from-isp-https",
		},
		{
			name: "well-known over http only; the login is the local part", example: "hosting.yaml", address: "anna@moving.example",
			hosts: []string{"http://moving.example"}, source: "xml-from-isp-http",
		},
		{
			name: "an alias domain has the hosts of its target", example: "hosting.yaml", address: "anna@customer-one.test",
			hosts: []string{"https://autoconfig.customer-one.test"}, source: "xml-from-isp-https",
		},
		{
			name: "an international domain", example: "hosting.yaml", address: "anna@xn--bcher-kva.example",
			hosts: []string{"https://autoconfig.xn--bcher-kva.example"}, source: "xml-from-isp-https",
		},
		{
			name: "the domain of the MX answers for a customer who is not listed", example: "selfhosted.yaml", address: "anna@customer.test",
			mx: []string{"mx1.in.example.org", "mx2.example.net"}, hosts: []string{"https://autoconfig.example.org"}, by: "example.org", source: "xml-from-isp-https",
		},
		{
			name: "a private central database", example: "hosting.yaml", address: "anna@database.test",
			ispdb: "https://ispdb.hosting.example/v1.1/", hosts: []string{"https://ispdb.hosting.example"}, source: "xml-from-db",
		},
		{
			name: "Autodiscover over https only", example: "hosting.yaml", address: "anna@university.example",
			hosts: []string{"https://autodiscover.university.example"}, source: "exchange-from-url1",
		},
		{
			name: "Autodiscover over http only; STARTTLS and a login of another form", example: "hosting.yaml", address: "anna@autodiscover.test",
			hosts: []string{"http://autodiscover.autodiscover.test"}, source: "exchange-from-url3",
		},
		{
			name: "the account page offers the settings", script: page, example: "hosting.yaml", address: "anna@page.test",
			hosts: []string{"https://autoconfig.page.test"}, source: "xml-from-isp-https",
		},
		{
			name: "Exchange beside IMAP in autoconfig", example: "exchange", address: "anna@beside.test",
			hosts: []string{"https://autoconfig.beside.test"}, source: "xml-from-isp-https", also: []string{"ews"},
		},
		{
			name: "Exchange beside IMAP in Autodiscover", example: "exchange", address: "anna@announced.test",
			hosts: []string{"https://autodiscover.announced.test"}, source: "exchange-from-url1", also: []string{"exchange"},
		},
		{
			name: "Exchange beside IMAP in both", example: "exchange", address: "anna@both.test",
			hosts:  []string{"https://autoconfig.both.test", "https://autodiscover.both.test"},
			source: "xml-from-isp-https", also: []string{"ews", "exchange"},
		},
		{
			name: "Exchange alone", example: "exchange", address: "anna@alone.test",
			hosts: []string{"https://autodiscover.alone.test"}, source: "exchange-from-url1-guess", also: []string{"exchange"},
		},
		{name: "where nothing answers nothing is found", example: "infomaniak.yaml", address: "anna@silent.test"},
		{name: "where nothing answers the account page asks for the servers", script: page, example: "infomaniak.yaml", address: "anna@silent-page.test"},
		{
			name: "a domain that Waymark does not know", example: "selfhosted.yaml", address: "anna@unknown.test",
			hosts: []string{
				"https://autoconfig.unknown.test", "http://autoconfig.unknown.test", "https://unknown.test", "http://unknown.test",
				"https://autodiscover.unknown.test", "http://autodiscover.unknown.test",
			},
		},
	}
}

// TestThunderbird lets Thunderbird search for the settings of each address and
// create the account, which must be what the canonical settings say.
func TestThunderbird(t *testing.T) {
	program := programs.Need(t, "thunderbird", "thunderbird")
	cases := thunderbirdCases()
	var names []string
	for _, c := range cases {
		names = append(names, namesOf(c.hosts)...)
	}
	ca := certtest.Authority("Test Root", nil)
	overTLS := withTLS(ca.Server(names...).Write(t, t.TempDir()))
	waymarks, routes := map[string]*example{}, map[string]string{}
	for _, c := range cases {
		if waymarks[c.example] == nil {
			waymarks[c.example] = start(t, c.example, overTLS)
		}
		waymarks[c.example].answerOn(t, routes, c.hosts)
	}
	net := startNetwork(t, routes)
	tb := startThunderbird(t, program, net, ca.Cert)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			var found *finding
			err := tb.run(ctx, cmp.Or(c.script, discover), &found,
				c.address, append([]string{}, c.mx...), cmp.Or(c.ispdb, "http://no-database.invalid/"))
			if err != nil {
				t.Fatal(err)
			}
			for _, host := range c.hosts {
				if at, _ := waymarks[c.example].route(host); !slices.Contains(net.wasAskedFor(), at) {
					t.Errorf("Thunderbird did not ask %s", host)
				}
			}
			if c.source == "" {
				wholePlan(t, c.address, net)
			}
			switch {
			case c.source == "" && found != nil:
				t.Errorf("found %+v", *found)
			case c.source != "" && found == nil:
				t.Error("nothing was found")
			case c.source != "":
				t.Log(found.account())
				found.compare(t, c, waymarks[c.example].canonical(t, c.address, c.by))
			}
		})
	}
}

// wholePlan requires that every host of Thunderbird's plan was asked, since
// nothing was found.
func wholePlan(t *testing.T, address string, net *network) {
	t.Helper()
	for _, stage := range plans.Ask(address, client.DNS{}) {
		for _, q := range stage.Questions {
			if stage.Format == client.WellKnown || q.Method == "" || q.Owner != client.Domain {
				continue // after an account was made, or not by HTTP to the domain
			}
			scheme, rest, _ := strings.Cut(q.URL, "://")
			host, _, _ := strings.Cut(rest, "/")
			if at := host + map[string]string{"https": ":443", "http": ":80"}[scheme]; !slices.Contains(net.wasAskedFor(), at) {
				t.Errorf("Thunderbird did not ask %s", at)
			}
		}
	}
}

// finding is what the scripts return. Numbers are Thunderbird's own.
type finding struct {
	Source             string
	Address            string
	Incoming, Outgoing found
	Choices            []string // types of further incoming servers that it offers
	URL                string   // of Exchange Web Services
	Version            int      // of Thunderbird
}

type found struct {
	Type       string
	Host       string
	Port       int
	SocketType int
	User       string
	Auth       int
}

// compare reports where an account differs from the canonical settings.
func (f *finding) compare(t *testing.T, c thunderbirdCase, s settings.Settings) {
	t.Helper()
	if f.Source != c.source || f.Address != c.address {
		t.Errorf("for %s, from %s; want it for %s, from %s", f.Address, f.Source, c.address, c.source)
	}
	if got, want := f.account(), accountOf(t, s); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if svc, alone := settings.First(s.Services(), settings.EWS); alone && f.Incoming.Type == "ews" && f.URL != svc.URL {
		t.Errorf("asks Exchange Web Services at %q, want %q", f.URL, svc.URL)
	}
	var choices []string
	_, imap := settings.First(s.Services(), settings.IMAP)
	if _, pop3 := settings.First(s.Services(), settings.POP3); imap && pop3 {
		choices = []string{"pop3"}
	}
	for _, choice := range c.also {
		if choice != "ews" || f.Version >= readsEWS {
			choices = append(choices, choice)
		}
	}
	if !slices.Equal(f.Choices, choices) {
		t.Errorf("offers %q besides, want %q", f.Choices, choices)
	}
}

func (f *finding) account() account {
	if f.Outgoing.Type == "ews" && f.URL != "" {
		f.Outgoing.Port = f.Incoming.Port // the URL has it, and both have the same URL
	}
	return account{f.Incoming.server(), f.Outgoing.server()}
}

func (f found) server() server {
	protocol := f.Type
	if protocol == "smtp" {
		protocol = string(settings.Submission)
	}
	return server{protocol, f.Host, f.Port, socketType(f.SocketType), f.User, authMethod(f.Auth)}
}

// socketType translates nsMsgSocketType to the settings' own words.
func socketType(number int) string {
	switch number {
	case 0:
		return string(settings.Plaintext)
	case 2:
		return string(settings.STARTTLS)
	case 3:
		return string(settings.TLS)
	}
	return fmt.Sprintf("socket type %d", number)
}

// authMethod translates nsMsgAuthMethod.
func authMethod(number int) string {
	switch number {
	case 3:
		return string(settings.Password)
	case 4:
		return string(settings.PasswordChallenge)
	case 10:
		return string(settings.OAuth2)
	}
	return fmt.Sprintf("authentication method %d", number)
}
