package fairemail_test

import (
	"testing"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/fairemail"
)

func TestReadRecords(t *testing.T) {
	one := func(priority, weight, port uint16, target string) []client.SRV {
		return []client.SRV{{Priority: priority, Weight: weight, Port: port, Target: target}}
	}
	smtp := one(0, 1, 465, "smtp.example.com")
	for _, tc := range []struct {
		name  string
		found map[string][]client.SRV
		want  string // of the IMAP server; "" when there is no account
	}{
		{"implicit TLS", map[string][]client.SRV{"_imaps._tcp": one(0, 1, 993, "a"), "_submissions._tcp": smtp}, "a 993 tls"},
		{"STARTTLS", map[string][]client.SRV{"_imap._tcp": one(0, 1, 143, "a"), "_submissions._tcp": smtp}, "a 143 starttls"},
		{"another port of _imap means TLS", map[string][]client.SRV{"_imap._tcp": one(0, 1, 1143, "a"), "_submissions._tcp": smtp}, "a 1143 tls"},
		{"TLS first at equal priority", map[string][]client.SRV{"_imap._tcp": one(0, 1, 143, "b"), "_imaps._tcp": one(0, 1, 993, "a"), "_submissions._tcp": smtp}, "a 993 tls"},
		{"lower priority first", map[string][]client.SRV{"_imap._tcp": one(0, 1, 143, "b"), "_imaps._tcp": one(10, 1, 993, "a"), "_submissions._tcp": smtp}, "b 143 starttls"},
		{"higher weight first", map[string][]client.SRV{"_imaps._tcp": append(one(0, 1, 993, "a"), one(0, 5, 993, "b")...), "_submissions._tcp": smtp}, "b 993 tls"},
		{"denied", map[string][]client.SRV{"_imaps._tcp": one(0, 0, 0, "."), "_submissions._tcp": smtp}, ""},
		{"no way to send", map[string][]client.SRV{"_imaps._tcp": one(0, 1, 993, "a")}, ""},
	} {
		a, err := fairemail.ReadRecords(tc.found, "anna@example.com")
		got := ""
		if err == nil {
			got = a.Incoming.Host + " " + map[int]string{993: "993", 143: "143", 1143: "1143"}[a.Incoming.Port] + " " + string(a.Incoming.Security)
		}
		if got != tc.want || err == nil && (a.Outgoing.Host != "smtp.example.com" || a.Incoming.User != "anna@example.com") {
			t.Errorf("%s: %s %v, want %s", tc.name, got, err, tc.want)
		}
	}
}
