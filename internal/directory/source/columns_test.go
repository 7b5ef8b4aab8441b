package source

import (
	"reflect"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

func record(t *testing.T, row map[string]string) (Record, error) {
	t.Helper()
	var names, values []string
	for _, name := range ColumnNames() {
		if v, ok := row[name]; ok {
			names, values = append(names, name), append(values, v)
		}
	}
	if len(names) != len(row) {
		t.Fatalf("%v has columns that are unknown", row)
	}
	c, err := NewColumns(names)
	if err != nil {
		t.Fatal(err)
	}
	return c.Record(values)
}

func TestRecord(t *testing.T) {
	for name, tc := range map[string]struct {
		row  map[string]string
		want Record
	}{
		"a domain that exists":       {nil, Record{}},
		"NULL and empty say nothing": {map[string]string{"provider": "", "enabled": " ", "imap_port": ""}, Record{}},
		"everything about a domain": {
			map[string]string{"provider": "hoster", "canonical_domain": "Bücher.example.", "display_name": "Books", "enabled": "t"},
			Record{Provider: "hoster", Canonical: "xn--bcher-kva.example", Name: "Books"},
		},
		"a login that is not the address": {map[string]string{"login": "web12p3"}, Record{Login: "web12p3"}},
		"switched off":                    {map[string]string{"enabled": "N"}, Record{Disabled: true}},
		"a customer's own server": {
			map[string]string{"imap_host": "IMAP7.example.net", "imap_port": "1993", "imap_security": "TLS", "caldav_url": "https://dav.example.net/"},
			Record{Overrides: []Override{
				{Protocol: settings.CalDAV, URL: "https://dav.example.net/"},
				{Protocol: settings.IMAP, Host: "imap7.example.net", Port: 1993, Security: settings.TLS},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := record(t, tc.row)
			if err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, tc.want)
			}
		})
	}
}

func TestFlagsAsDatabasesWriteThem(t *testing.T) {
	for want, texts := range map[bool]string{false: "1 y Y yes t T true on active", true: "0 n N no f F false off disabled"} {
		for text := range strings.FieldsSeq(texts) {
			if got, err := record(t, map[string]string{"enabled": text}); err != nil || got.Disabled != want {
				t.Errorf("%s: %v, %v", text, got.Disabled, err)
			}
		}
	}
}

func TestWhatARowMayNotSay(t *testing.T) {
	for column, tc := range map[string]struct{ value, want string }{
		"enabled":             {"2", "column enabled: must be 1 or 0, yes or no, true or false, is 2"},
		"imap_port":           {"993x", "column imap_port: must be a number from 1 to 65535"},
		"pop3_port":           {"65536", "column pop3_port: must be a number from 1 to 65535, is 65536"},
		"imap_security":       {"SSL", `column imap_security: must be tls, starttls or plaintext, is "SSL"; write tls`},
		"pop3_security":       {"none", `column pop3_security: must be tls, starttls or plaintext, is "none"; write plaintext`},
		"submission_security": {"start_tls", `column submission_security: must be tls, starttls or plaintext, is "start_tls"; write starttls`},
		"canonical_domain":    {"a b", "column canonical_domain: "},
		"submission_host":     {"https://x", "column submission_host: "},
		"caldav_url":          {"dav.example.net", "column caldav_url: "},
	} {
		if _, err := record(t, map[string]string{column: tc.value}); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", column, err, tc.want)
		}
	}
	c, _ := NewColumns([]string{"provider", "login"})
	if _, err := c.Record([]string{"a"}); err == nil {
		t.Error("a row that is too short passes")
	}
}

func TestUnknownColumns(t *testing.T) {
	_, err := NewColumns([]string{"Provider", "provider", "imaphost"})
	if err == nil || !strings.Contains(err.Error(), `duplicate column "provider"`) || !strings.Contains(err.Error(), `unknown column "imaphost"; known: activesync_url, `) {
		t.Error(err)
	}
}
