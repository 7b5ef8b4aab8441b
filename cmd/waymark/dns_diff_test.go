package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/dnstest"
)

// TestDNSDiff publishes what dns prints, and then changes it.
func TestDNSDiff(t *testing.T) {
	path := file(t, "waymark.yaml", good)
	args := []string{"dns", "example.com", "-c", path, "--host", "waymark.example.net"}
	_, zone, notes := waymark(t, args...)
	server := dnstest.Start(t, zone)
	args = append(args, "--diff", "--resolver", server.Addr.String())

	if status, stdout, stderr := waymark(t, args...); status != statusFine || stdout != "" || stderr != notes {
		t.Errorf("all published: status %d, %q, %q", status, stdout, stderr)
	}
	server.Remove("_imaps._tcp.example.com")
	server.Remove("autoconfig.example.com")
	server.Add(t, "autoconfig.example.com. IN CNAME \\027old.example.net.\n_pop3._tcp.example.com. IN SRV 0 1 110 old.example.net.")
	status, stdout, _ := waymark(t, args...)
	want := "missing    _imaps._tcp.example.com. SRV 0 1 993 mail.example.net.\n" +
		"wrong      autoconfig.example.com. CNAME \\027old.example.net.\n" +
		"  instead  autoconfig.example.com. CNAME waymark.example.net.\n" +
		"left over  _pop3._tcp.example.com. SRV 0 1 110 old.example.net.\n"
	if status != statusFindings || stdout != want {
		t.Errorf("status %d\n%s", status, stdout)
	}

	status, stdout, _ = waymark(t, append(args, "-o", "json")...)
	var printed struct {
		Domain  string
		Missing []struct{ Name, Type, Value string }
		Left    []struct{ Name string } `json:"left_over"`
		Wrong   []struct{ Want, Found struct{ Value string } }
	}
	if err := json.Unmarshal([]byte(stdout), &printed); err != nil || status != statusFindings {
		t.Fatalf("status %d, %v: %s", status, err, stdout)
	}
	if printed.Domain != "example.com" || len(printed.Missing) != 1 || len(printed.Left) != 1 || len(printed.Wrong) != 1 || printed.Wrong[0].Want.Value != "waymark.example.net." {
		t.Errorf("%+v", printed)
	}
}

func TestDNSDiffUsage(t *testing.T) {
	path := file(t, "waymark.yaml", good)
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--diff", "--format", "zone"}, "--diff and --format cannot be used together"},
		{[]string{"--resolver", "192.0.2.1:53"}, "--resolver needs --diff"},
		{[]string{"--diff", "--resolver", "192.0.2.1"}, "is not an IP address and port"},
		{[]string{"--diff", "--resolver", "ns.example.net:53"}, "is not an IP address and port"},
	} {
		status, stdout, stderr := waymark(t, append([]string{"dns", "example.com", "-c", path}, tc.args...)...)
		if status != statusUsage || stdout != "" || !strings.Contains(stderr, tc.want) {
			t.Errorf("%v: status %d, %q, %q", tc.args, status, stdout, stderr)
		}
	}
}
