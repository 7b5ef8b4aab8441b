package dnsrecords

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// byHost is a service like "imap starttls mail.example.net:143".
func byHost(p settings.Protocol, s settings.Security, host string, port uint16) settings.Service {
	return settings.Service{Protocol: p, Security: s, Host: host, Port: port, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
}

func byURL(p settings.Protocol, url string) settings.Service {
	return settings.Service{Protocol: p, URL: url, Login: settings.LoginAddress, Auth: []settings.Auth{settings.Password}}
}

func offering(services ...settings.Service) settings.Settings {
	return settings.Settings{
		Provider: &settings.Provider{ID: "example", Name: "Example", ShortName: "Example", Services: services},
		Domain:   "example.com", Canonical: "example.com",
	}
}

func mustFor(t *testing.T, s settings.Settings, h Hosts, pacc []byte) Set {
	t.Helper()
	set, err := For(s, Options{Hosts: h, PACC: pacc, DenyMissing: true})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// lines are the records as "label TYPE data", without those that say that
// something is not offered.
func lines(s Set) []string {
	var all []string
	for _, r := range s.Records {
		switch {
		case r.Type == SRV && r.Value == ".":
		case r.Type == SRV:
			all = append(all, fmt.Sprintf("%s SRV %d %d %d %s", s.label(r), r.Priority, r.Weight, r.Port, r.Value))
		default:
			all = append(all, fmt.Sprintf("%s %s %s", s.label(r), r.Type, r.Value))
		}
	}
	return all
}

// refused are the names whose records say that the service is not offered.
func refused(s Set) []string {
	var names []string
	for _, r := range s.Records {
		if r.Type == SRV && r.Value == "." {
			names = append(names, s.label(r))
			if r.Priority != 0 || r.Weight != 0 || r.Port != 0 {
				names = append(names, "not 0 0 0")
			}
		}
	}
	return names
}

func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

const (
	noHost = "the host of Waymark is not known: the records for autoconfig, autodiscover, ua-auto-config and _autodiscover._tcp are omitted"
	noPACC = "the domain has no PACC document: the records for ua-auto-config and _ua-auto-config are omitted"
)

func TestRecordsThatLeadToWaymark(t *testing.T) {
	document := []byte("{}\n")
	sum := sha256.Sum256(document)
	text := "_ua-auto-config TXT v=UAAC1; a=sha256; d=" + base64.StdEncoding.EncodeToString(sum[:])
	for _, tc := range []struct {
		name     string
		hosts    []string
		document []byte
		want     []string
		notes    []string
	}{
		{"by a name", []string{"waymark.example.net"}, document, []string{
			"autoconfig CNAME waymark.example.net.",
			"autodiscover CNAME waymark.example.net.",
			"_autodiscover._tcp SRV 0 0 443 waymark.example.net.",
			"ua-auto-config CNAME waymark.example.net.",
			text,
		}, nil},
		{"by the domain itself", []string{"example.com"}, document, []string{
			"autoconfig CNAME example.com.",
			"autodiscover CNAME example.com.",
			"_autodiscover._tcp SRV 0 0 443 example.com.",
			"ua-auto-config CNAME example.com.",
			text,
		}, nil},
		{"by an international name", []string{"Bücher.example."}, nil, []string{
			"autoconfig CNAME xn--bcher-kva.example.",
			"autodiscover CNAME xn--bcher-kva.example.",
			"_autodiscover._tcp SRV 0 0 443 xn--bcher-kva.example.",
		}, []string{noPACC}},
		{"by one of the names that clients ask", []string{"autoconfig.example.com"}, document, []string{
			"autodiscover CNAME autoconfig.example.com.",
			"_autodiscover._tcp SRV 0 0 443 autoconfig.example.com.",
			"ua-auto-config CNAME autoconfig.example.com.",
			text,
		}, []string{"autoconfig.example.com is the host of Waymark: it keeps its own addresses, so its record is omitted"}},
		{"by addresses", []string{"192.0.2.1", "2001:db8::1"}, document, []string{
			"autoconfig A 192.0.2.1",
			"autoconfig AAAA 2001:db8::1",
			"autodiscover A 192.0.2.1",
			"autodiscover AAAA 2001:db8::1",
			"ua-auto-config A 192.0.2.1",
			"ua-auto-config AAAA 2001:db8::1",
			text,
		}, []string{"_autodiscover._tcp is omitted: the target of an SRV record is a host name, not an IP address"}},
		{"not known", nil, document, []string{text}, []string{noHost}},
		{"nothing known", nil, nil, nil, []string{noHost, noPACC}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			hosts, err := ParseHosts(tc.hosts)
			if err != nil {
				t.Fatal(err)
			}
			set := mustFor(t, offering(), hosts, tc.document)
			compare(t, "records", lines(set), tc.want)
			compare(t, "notes", set.Notes, tc.notes)
		})
	}
}

func TestRecordsOfServices(t *testing.T) {
	imap, submission := byHost(settings.IMAP, settings.TLS, "mail.example.net", 993), byHost(settings.Submission, settings.TLS, "mail.example.net", 465)
	imapSTARTTLS := byHost(settings.IMAP, settings.STARTTLS, "mail.example.net", 143)
	imapOpen := byHost(settings.IMAP, settings.Plaintext, "mail.example.net", 1143)
	login := func(s settings.Service, l settings.Login) settings.Service { s.Login = l; return s }
	for _, tc := range []struct {
		name     string
		services []settings.Service
		want     []string
		notes    []string
	}{
		{"mail", []settings.Service{imap, submission}, []string{
			"_imaps._tcp SRV 0 1 993 mail.example.net.",
			"_submissions._tcp SRV 0 1 465 mail.example.net.",
		}, nil},
		{"priorities follow the preference, and POP3 comes after IMAP", []settings.Service{
			byHost(settings.POP3, settings.TLS, "mail.example.net", 995), imap, imapSTARTTLS,
			byHost(settings.POP3, settings.STARTTLS, "mail.example.net", 110), submission,
		}, []string{
			"_imaps._tcp SRV 0 1 993 mail.example.net.",
			"_imap._tcp SRV 10 1 143 mail.example.net.",
			"_pop3s._tcp SRV 20 1 995 mail.example.net.",
			"_pop3._tcp SRV 30 1 110 mail.example.net.",
			"_submissions._tcp SRV 0 1 465 mail.example.net.",
		}, nil},
		{"STARTTLS may be preferred", []settings.Service{imapSTARTTLS, imap}, []string{
			"_imaps._tcp SRV 10 1 993 mail.example.net.",
			"_imap._tcp SRV 0 1 143 mail.example.net.",
		}, nil},
		{"several hosts, none twice", []settings.Service{
			imap, byHost(settings.IMAP, settings.TLS, "second.example.net", 993), login(imap, "{local}"), byHost(settings.IMAP, settings.TLS, "mail.example.net", 1993),
		}, []string{
			"_imaps._tcp SRV 0 1 993 mail.example.net.",
			"_imaps._tcp SRV 10 1 993 second.example.net.",
			"_imaps._tcp SRV 20 1 1993 mail.example.net.",
		}, nil},
		{"a host of the domain", []settings.Service{byHost(settings.IMAP, settings.TLS, "imap.{domain}", 993)}, []string{
			"_imaps._tcp SRV 0 1 993 imap.example.com.",
		}, nil},
		{"without encryption when there is nothing else", []settings.Service{imapOpen}, []string{
			"_imap._tcp SRV 0 1 1143 mail.example.net.",
		}, nil},
		{"without encryption beside something better", []settings.Service{imapOpen, imap}, []string{
			"_imaps._tcp SRV 0 1 993 mail.example.net.",
		}, []string{"imap on mail.example.net:1143 is omitted: it is not encrypted, and another service is"}},
		{"calendars and contacts", []settings.Service{
			byURL(settings.CalDAV, "https://dav.example.net/calendars/"), byURL(settings.CardDAV, "https://dav.example.net:8443/a%20b;c/"),
		}, []string{
			"_caldavs._tcp SRV 0 1 443 dav.example.net.",
			"_caldavs._tcp TXT path=/calendars/",
			"_carddavs._tcp SRV 0 1 8443 dav.example.net.",
			"_carddavs._tcp TXT path=/a%20b;c/",
		}, nil},
		{"calendars at the root, and where clients have to find out", []settings.Service{
			byURL(settings.CalDAV, "https://dav.example.net/"), byURL(settings.CardDAV, "https://dav.example.net"),
		}, []string{
			"_caldavs._tcp SRV 0 1 443 dav.example.net.",
			"_caldavs._tcp TXT path=/",
			"_carddavs._tcp SRV 0 1 443 dav.example.net.",
		}, nil},
		{"calendars without TLS", []settings.Service{byURL(settings.CalDAV, "http://dav.example.net/x")}, []string{
			"_caldav._tcp SRV 0 1 80 dav.example.net.",
			"_caldav._tcp TXT path=/x",
		}, nil},
		{"calendars on hosts with one path", []settings.Service{
			byURL(settings.CalDAV, "https://one.example.net/x"), byURL(settings.CalDAV, "https://two.example.net/x"),
		}, []string{
			"_caldavs._tcp SRV 0 1 443 one.example.net.",
			"_caldavs._tcp SRV 10 1 443 two.example.net.",
			"_caldavs._tcp TXT path=/x",
		}, nil},
		{"calendars on hosts with two paths", []settings.Service{
			byURL(settings.CalDAV, "https://one.example.net/x"), byURL(settings.CalDAV, "https://two.example.net/y"),
		}, []string{
			"_caldavs._tcp SRV 0 1 443 one.example.net.",
			"_caldavs._tcp TXT path=/x",
		}, []string{"caldav on two.example.net:443/y is omitted: all hosts must have the same path in _caldavs._tcp"}},
		{"a path as long as DNS can say", []settings.Service{byURL(settings.CalDAV, "https://dav.example.net/"+strings.Repeat("x", 249))}, []string{
			"_caldavs._tcp SRV 0 1 443 dav.example.net.",
			"_caldavs._tcp TXT path=/" + strings.Repeat("x", 249),
		}, nil},
		{"a longer path", []settings.Service{byURL(settings.CalDAV, "https://dav.example.net/"+strings.Repeat("x", 250))}, []string{
			"_caldavs._tcp SRV 0 1 443 dav.example.net.",
		}, []string{"the path of _caldavs._tcp is too long for DNS: clients use /.well-known/caldav on its host"}},
		{"JMAP has no path in DNS", []settings.Service{
			byURL(settings.JMAP, "https://one.example.net/.well-known/jmap"), byURL(settings.JMAP, "https://two.example.net/session"),
		}, []string{
			"_jmap._tcp SRV 0 1 443 one.example.net.",
			"_jmap._tcp SRV 10 1 443 two.example.net.",
		}, nil},
		{"JMAP without TLS", []settings.Service{byURL(settings.JMAP, "http://jmap.example.net/")}, nil, []string{
			"jmap on jmap.example.net:80 is omitted: its DNS name is for https",
		}},
		{"filters", []settings.Service{byHost(settings.ManageSieve, settings.STARTTLS, "mail.example.net", 4190)}, []string{
			"_sieve._tcp SRV 0 1 4190 mail.example.net.",
		}, nil},
		{"filters over TLS", []settings.Service{byHost(settings.ManageSieve, settings.TLS, "mail.example.net", 5190)}, nil, []string{
			"managesieve on mail.example.net:5190 is omitted: its DNS name is for STARTTLS",
		}},
		{"services without a name in DNS", []settings.Service{
			login(byURL(settings.WebDAV, "https://dav.example.net/files/"), "guest"), byURL(settings.ActiveSync, "https://eas.example.net/"),
		}, nil, nil},
		{"user names that clients do not think of", []settings.Service{
			login(imap, "{local}.{domain}"), login(submission, "{local}.{domain}"), login(byURL(settings.CalDAV, "https://dav.example.net"), "{local}@{domain}"),
		}, []string{
			"_imaps._tcp SRV 0 1 993 mail.example.net.",
			"_submissions._tcp SRV 0 1 465 mail.example.net.",
			"_caldavs._tcp SRV 0 1 443 dav.example.net.",
		}, []string{"SRV records have no user name: clients try the address, then the part before the @, but the user name is {local}.{domain}"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set := mustFor(t, offering(tc.services...), Hosts{}, nil)
			compare(t, "records", lines(set), tc.want)
			compare(t, "notes", set.Notes, append([]string{noHost, noPACC}, tc.notes...))
			var want []string
			for _, k := range kinds() {
				for _, label := range []string{k.overTLS, k.plain} {
					if label != "" && !slices.ContainsFunc(tc.want, func(l string) bool { return strings.HasPrefix(l, label+" ") }) {
						want = append(want, label)
					}
				}
			}
			compare(t, "not offered", refused(set), want)
		})
	}
}

// TestNothingFalseIsSaid: where something is offered that a record cannot lead
// to, no record says that it is not offered.
func TestNothingFalseIsSaid(t *testing.T) {
	long := settings.Settings{Provider: offering(byHost(settings.IMAP, settings.TLS, "imap."+strings.Repeat("x.", 100)+"{domain}", 993)).Provider}
	long.Domain = address.Domain(strings.Repeat("y.", 40) + "example")
	long.Canonical = long.Domain
	for _, tc := range []struct {
		name     string
		settings settings.Settings
		hosts    Hosts
		silent   []string
		note     string
	}{
		{"an IP address", offering(byHost(settings.IMAP, settings.TLS, "192.0.2.1", 993)), Hosts{},
			[]string{"_imaps._tcp"}, "imap on 192.0.2.1:993 is omitted: the target of an SRV record must be a host name"},
		{"an IP address in a URL", offering(byURL(settings.CalDAV, "https://[2001:db8::1]/x")), Hosts{},
			[]string{"_caldavs._tcp"}, "caldav on [2001:db8::1]:443 is omitted: the target of an SRV record must be a host name"},
		{"a name that the domain makes too long", long, Hosts{},
			[]string{"_imaps._tcp"}, "imap on imap." + strings.Repeat("x.", 100) + string(long.Domain) + ":993 is omitted: the target of an SRV record must be a host name"},
		{"an alias that the records make", offering(byURL(settings.CalDAV, "https://autoconfig.example.com/dav/")), Hosts{Name: "waymark.example.net"},
			[]string{"_caldavs._tcp"}, "caldav on autoconfig.example.com:443 is omitted: the target of an SRV record must not be an alias"},
		{"a URL that cannot be read", offering(byURL(settings.CardDAV, "https://dav example/")), Hosts{},
			[]string{"_carddavs._tcp", "_carddav._tcp"}, "carddav is omitted: invalid URL"},
		{"a port that cannot be read", offering(byURL(settings.CardDAV, "https://dav.example:70000/")), Hosts{},
			[]string{"_carddavs._tcp", "_carddav._tcp"}, "carddav is omitted: invalid port in the URL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set := mustFor(t, tc.settings, tc.hosts, nil)
			if !slices.Contains(set.Notes, tc.note) {
				t.Errorf("no note %q in %q", tc.note, set.Notes)
			}
			for _, r := range set.Records {
				if slices.Contains(tc.silent, set.label(r)) {
					t.Errorf("there is %v", r)
				}
			}
			if got, want := len(refused(set)), 12-len(tc.silent); got != want {
				t.Errorf("%d services are said not to be offered, want %d", got, want)
			}
		})
	}
}

// TestMovedDomain: SRV would lead to servers that do not know the old address.
func TestMovedDomain(t *testing.T) {
	s := offering(byHost(settings.IMAP, settings.TLS, "mail.example.net", 993))
	s.MovedTo = "new.example"
	set := mustFor(t, s, Hosts{Name: "waymark.example.net"}, nil)
	compare(t, "records", lines(set), []string{
		"autoconfig CNAME waymark.example.net.", "autodiscover CNAME waymark.example.net.", "_autodiscover._tcp SRV 0 0 443 waymark.example.net.",
	})
	compare(t, "not offered", refused(set), nil)
	compare(t, "notes", set.Notes, []string{noPACC, "the addresses of the domain moved to new.example, which SRV records cannot express: those of the services are omitted"})
}

func TestPrioritiesEnd(t *testing.T) {
	var services []settings.Service
	for port := range 7000 {
		services = append(services, byHost(settings.IMAP, settings.TLS, "mail.example.net", uint16(port+1)))
	}
	set := mustFor(t, offering(services...), Hosts{}, nil)
	if r := set.Records[6553]; r.Port != 6554 || r.Priority != 65530 {
		t.Errorf("%+v", r)
	}
	if r := set.Records[6999]; r.Port != 7000 || r.Priority != 65535 {
		t.Errorf("%+v", r)
	}
}

func TestDomainTooLong(t *testing.T) {
	domain := address.Domain(strings.Repeat("a.", 116) + "ab") // 234 octets
	s := offering()
	s.Domain, s.Canonical = domain, domain
	hosts := Hosts{Name: "waymark.example.net"}
	set := mustFor(t, s, hosts, nil)
	if !slices.ContainsFunc(set.Records, func(r Record) bool { return len(r.Name) == 254 }) {
		t.Error("no name is as long as may be")
	}
	s.Domain += "c"
	_, err := For(s, Options{Hosts: hosts})
	want := "the domain is too long: the name _autodiscover._tcp." + string(s.Domain) + ". has more than 253 octets"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestNothingIsDeniedUnasked: the settings may omit a service that exists.
func TestNothingIsDeniedUnasked(t *testing.T) {
	set, err := For(offering(byHost(settings.IMAP, settings.TLS, "mail.example.net", 993)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "records", lines(set), []string{"_imaps._tcp SRV 0 1 993 mail.example.net."})
	compare(t, "not offered", refused(set), nil)
}

// TestNoRecordWithoutAnAnswer: a record that leads to a 404 keeps clients from
// finding the answer of another server.
func TestNoRecordWithoutAnAnswer(t *testing.T) {
	const noAutoconfig = "the domain has no autoconfig document: the records for autoconfig are omitted"
	const noAutodiscover = "the domain has no Autodiscover document: the records for autodiscover and _autodiscover._tcp are omitted"
	for _, tc := range []struct {
		name    string
		options Options
		want    []string
		notes   []string
	}{
		{"no autoconfig", Options{NoAutoconfig: true}, []string{
			"autodiscover CNAME waymark.example.net.", "_autodiscover._tcp SRV 0 0 443 waymark.example.net.",
		}, []string{noAutoconfig, noPACC}},
		{"no Autodiscover", Options{NoAutodiscover: true}, []string{"autoconfig CNAME waymark.example.net."}, []string{noAutodiscover, noPACC}},
		{"neither", Options{NoAutoconfig: true, NoAutodiscover: true}, nil, []string{noAutoconfig, noAutodiscover, noPACC}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.options.Hosts = Hosts{Name: "waymark.example.net"}
			set, err := For(offering(), tc.options)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "records", lines(set), tc.want)
			compare(t, "notes", set.Notes, tc.notes)
		})
	}
}
