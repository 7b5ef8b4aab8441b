package page

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/settings"
)

// TestTheOrderOfTheProvider pins which services are recommended, and which are not shown.
func TestTheOrderOfTheProvider(t *testing.T) {
	imap993, imap143 := service(settings.IMAP, 993, settings.TLS), service(settings.IMAP, 143, settings.STARTTLS)
	pop995, pop110 := service(settings.POP3, 995, settings.TLS), service(settings.POP3, 110, settings.STARTTLS)
	smtp465, smtp587 := service(settings.Submission, 465, settings.TLS), service(settings.Submission, 587, settings.STARTTLS)
	smtp25 := service(settings.Submission, 25, settings.STARTTLS)
	plain := func(p settings.Protocol, port uint16) settings.Service { return service(p, port, settings.Plaintext) }
	for _, tc := range []struct {
		name     string
		services []settings.Service
		want     string
	}{
		{"implicit TLS first", []settings.Service{imap993, imap143, smtp465, smtp587}, "993 recommended, 143 alternative, 465 recommended, 587 alternative"},
		{"STARTTLS first", []settings.Service{imap143, imap993, smtp587, smtp465}, "143 recommended, 993 alternative, 587 recommended, 465 alternative"},
		{"the port between servers first", []settings.Service{imap993, smtp25, smtp587}, "993 recommended, 587 recommended, 25 discouraged"},
		{"POP3 beside IMAP", []settings.Service{imap993, pop110, pop995, smtp465}, "993 recommended, 995 alternative, 110 discouraged, 465 recommended"},
		{"POP3 alone", []settings.Service{pop995, pop110, smtp465}, "995 recommended, 110 discouraged, 465 recommended"},
		{"POP3 with STARTTLS alone", []settings.Service{pop110, smtp465}, "110 recommended, 465 recommended"},
		{"plaintext beside encryption", []settings.Service{plain(settings.IMAP, 143), imap993, plain(settings.POP3, 110), plain(settings.Submission, 587), smtp465}, "993 recommended, 465 recommended"},
		{"plaintext alone", []settings.Service{plain(settings.POP3, 110), smtp465}, "110 discouraged, 465 recommended"},
	} {
		s := with(t, tc.services...)
		var got []string
		for _, r := range rows(s, pick(s.Services()), i18n.All().In("en")) {
			got = append(got, fmt.Sprintf("%s %s", r.Port, r.Rank))
		}
		if have := strings.Join(got, ", "); have != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, have, tc.want)
		}
	}
}

// TestTheStepsFollowTheOrderOfTheProvider pins that they name the recommended ports.
func TestTheStepsFollowTheOrderOfTheProvider(t *testing.T) {
	s := with(t, service(settings.IMAP, 993, settings.TLS), service(settings.Submission, 587, settings.STARTTLS), service(settings.Submission, 465, settings.TLS))
	for _, app := range []string{"thunderbird", "apple-mail-ios", "outlook-new", "printer"} {
		steps := plainSteps(t, s, Choice{Language: "en", App: app})
		if !strings.Contains(steps, "port 587") || strings.Contains(steps, "port 465") {
			t.Errorf("%s:\n%s", app, steps)
		}
	}
}
