package domainconnect

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file instead of comparing it")

func service() Service { return Service{"example.net", "mail-setup"} }

func description() Description {
	return Description{"Example Mail", "https://example.net/logo.svg", "example.net", "waymark.example.net"}
}

// TestTemplate compares the template with the golden file, which has the name that the
// public repository demands.
func TestTemplate(t *testing.T) {
	got, err := service().Template(description())
	if err != nil {
		t.Fatal(err)
	}
	path := "testdata/" + service().FileName()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got %s", got)
	}
	if broken := brokenRules(got); broken != nil {
		t.Errorf("the public repository refuses it: %q", broken)
	}
}

// brokenRules returns the rules of the public repository that a template breaks: those
// of its schema, of its linter with their numbers, and of its README.
func brokenRules(text []byte) []string {
	var t struct {
		ProviderID, ProviderName, ServiceID, ServiceName, LogoURL, Description, VariableDescription string
		SyncPubKeyDomain, SyncRedirectDomain                                                        string
		Version                                                                                     int
		WarnPhishing, SyncBlock, MultiInstance, HostRequired                                        bool
		Records                                                                                     []struct {
			Type, GroupID, Essential, Host, PointsTo string
			TTL                                      int
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&t); err != nil {
		return []string{"DCTL0003 " + err.Error()}
	}
	var broken []string
	rule := func(ok bool, name string) {
		if !ok && !slices.Contains(broken, name) {
			broken = append(broken, name)
		}
	}
	id := func(s string) bool {
		return strings.Trim(strings.ToLower(s), "-.0123456789_abcdefghijklmnopqrstuvwxyz") == ""
	}
	host := func(s string) bool {
		return strings.Contains(s, ".") && strings.Trim(s, "-.0123456789abcdefghijklmnopqrstuvwxyz") == ""
	}
	within := func(s string, most int) bool { return s != "" && len([]rune(s)) <= most }
	rule(id(t.ProviderID) && id(t.ServiceID), "DCTL1002 id contains invalid characters")
	rule(within(t.ProviderID, 64) && within(t.ProviderName, 64) && within(t.ServiceID, 64) && within(t.ServiceName, 255), "DCTL1005 field validation")
	rule(t.LogoURL == "" || strings.HasPrefix(t.LogoURL, "https://"), "DCTL1005 field validation")
	rule(t.Version > 0, "DCTL1006 version")
	rule(!strings.Contains(t.ProviderName+t.ServiceName, "%"), "DCTL1009 variable in invalid context")
	rule(host(t.SyncPubKeyDomain), "DCTL1022 invalid hostname")
	rule(!t.WarnPhishing, "DCTL1028 warnPhishing and syncPubKeyDomain")
	rule(t.SyncPubKeyDomain != "", "DCTL1029 no syncPubKeyDomain")
	rule(len(t.Records) > 0, "DCTL1030 no records")
	hosts, groups := map[string]bool{}, map[string]bool{}
	for _, r := range t.Records {
		rule(r.Type == "CNAME", "only CNAME records are allowed everywhere")
		rule(r.Host != "@", "DCTL1012 record host must not be @")
		rule(r.Host != "" && r.PointsTo != "", "DCTL1013 key must not be empty")
		rule(r.TTL > 0 && r.TTL < 1<<31, "DCTL1015 ttl")
		rule(!strings.Contains(r.Host+r.PointsTo, "%"), "DCTL1040 variables")
		rule(host(r.PointsTo), "DCTL1022 invalid hostname")
		rule(!hosts[r.Host], "DCTL1011 CNAME beside another record")
		rule(!strings.Contains(r.Host, "_"), "DCTL1025 underscore")
		rule(r.Essential == "OnApply" || r.Essential == "Always", "DCTL1005 field validation")
		hosts[r.Host], groups[r.GroupID] = true, true
	}
	rule(len(groups) != 1 || groups[""], "DCTL1031 all groupId values are the same")
	rule(len(groups) == 1 || !groups[""], "DCTL1032 some records have no groupId")
	return broken
}

// TestBrokenRules shows that each rule can be broken.
func TestBrokenRules(t *testing.T) {
	good, err := service().Template(description())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ old, now, want string }{
		{`"records"`, `"recods"`, "DCTL0003"},
		{`"example.net"`, `"example net"`, "DCTL1002"},
		{`"Example Mail"`, `""`, "DCTL1005"},
		{`"https://example.net`, `"ftp://example.net`, "DCTL1005"},
		{`"version": 1`, `"version": 0`, "DCTL1006"},
		{`"Example Mail"`, `"%name%"`, "DCTL1009"},
		{`"syncPubKeyDomain": "example.net"`, `"syncPubKeyDomain": "net"`, "DCTL1022"},
		{`"version"`, `"warnPhishing": true, "version"`, "DCTL1028"},
		{`"syncPubKeyDomain": "example.net"`, `"syncPubKeyDomain": ""`, "DCTL1029"},
		{`"type": "CNAME"`, `"type": "SRV"`, "only CNAME"},
		{`"host": "autoconfig"`, `"host": "@"`, "DCTL1012"},
		{`"host": "autoconfig"`, `"host": ""`, "DCTL1013"},
		{`"ttl": 3600`, `"ttl": 0`, "DCTL1015"},
		{`"waymark.example.net"`, `"%target%"`, "DCTL1040"},
		{`"host": "autodiscover"`, `"host": "autoconfig"`, "DCTL1011"},
		{`"host": "autoconfig"`, `"host": "_autoconfig"`, "DCTL1025"},
		{`"OnApply"`, `"Never"`, "DCTL1005"},
		{`"groupId": "autodiscover"`, `"groupId": "autoconfig"`, "DCTL1031"},
		{`"groupId": "autodiscover"`, `"groupId": ""`, "DCTL1032"},
	} {
		bad := strings.Replace(string(good), tt.old, tt.now, 1)
		if got := strings.Join(brokenRules([]byte(bad)), ", "); bad == string(good) || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q", tt.now, got)
		}
	}
	if got := brokenRules([]byte(`{"records": []}`)); !slices.Contains(got, "DCTL1030 no records") {
		t.Errorf("no records: %q", got)
	}
}

// TestBadDescriptions pins that no template is made that the public repository refuses.
func TestBadDescriptions(t *testing.T) {
	for name, change := range map[string]func(*Service, *Description){
		"provider ID": func(s *Service, _ *Description) {
			s.ProviderID = "a23456789.b23456789.c23456789.d23456789.e23456789.f23456789.example"
		},
		"service ID":    func(s *Service, _ *Description) { s.ID = "mail setup" },
		"no name":       func(_ *Service, d *Description) { d.ProviderName = "" },
		"long name":     func(_ *Service, d *Description) { d.ProviderName = strings.Repeat("é", 65) },
		"variable":      func(_ *Service, d *Description) { d.ProviderName = "%domain%" },
		"control":       func(_ *Service, d *Description) { d.ProviderName = "a\nb" },
		"logo":          func(_ *Service, d *Description) { d.LogoURL = "http://example.net/logo.svg" },
		"type of logo":  func(_ *Service, d *Description) { d.LogoURL = "https://example.net/logo.gif" },
		"logo, no host": func(_ *Service, d *Description) { d.LogoURL = "https:///logo.svg" },
	} {
		s, d := service(), description()
		change(&s, &d)
		if text, err := s.Template(d); err == nil {
			t.Errorf("%s: %s", name, text)
		}
	}
	s, d := service(), description()
	d.ProviderName, d.LogoURL = strings.Repeat("é", 64), ""
	if text, err := s.Template(d); err != nil || brokenRules(text) != nil {
		t.Error(fmt.Sprint(brokenRules(text)), err)
	}
}
