package settingstest

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Random returns valid settings. They cover every protocol, security,
// authentication method and login, and texts that formats must escape. The same
// state of r gives the same settings.
func Random(r *rand.Rand) settings.Settings {
	s := settings.Settings{Provider: provider(r), Domain: pick(r, domains())}
	s.Canonical = s.Domain
	if chance(r, 4) {
		s.Canonical = pick(r, domains())
	}
	if chance(r, 2) {
		s.Address = address.Address{Local: pick(r, locals()), Domain: s.Domain}
		if chance(r, 8) { // a hosting company answers for a customer's domain
			s.Address.Domain = "customer.example"
		}
	}
	if chance(r, 8) {
		s.MovedTo = s.Canonical
		if !s.Address.IsZero() {
			s.Address.Domain = s.MovedTo
		}
	}
	if chance(r, 16) && !s.Address.IsZero() {
		s.MailboxLookup = true
		if chance(r, 2) {
			s.LoginName = pick(r, []string{"web12p3", "a & <b>", "DOMAIN\\anna"})
		}
	}
	if s.Canonical != s.Domain && chance(r, 3) {
		s.LoginDomain = s.Canonical
	}
	return s
}

func domains() []address.Domain {
	return []address.Domain{"example.com", "mail.example.org", "xn--bcher-kva.example", "a-b.c.example.net", "localhost"}
}

func locals() []string {
	return []string{"anna", "Anna.Smith", "anna+news", "a-b", "+news", "o'brien", "x&y", "%EMAILADDRESS%", "{domain}", "用户", "!#$%&'*+-/=?^_`{|}~"}
}

func provider(r *rand.Rand) *settings.Provider {
	p := &settings.Provider{
		ID:         pick(r, []string{"p", "example-hosting", "p2"}),
		Name:       pick(r, []string{"Example", `Smith & "Sons" <Mail>`, "Bücher's Mail ✉", "]]> %EMAILADDRESS% {domain}"}),
		ShortName:  pick(r, []string{"Ex", "A & <B>", "Bücher's"}),
		HelpURL:    pick(r, []string{"", "https://help.example.com/mail", "https://help.example.com/?a=1&b='2'"}),
		WebmailURL: pick(r, []string{"", "https://webmail.{domain}/", "https://mail.example.com/a&b"}),
		Subaddress: pick(r, []string{"", "+", "-"}),
		Profile:    profile(r),
		Outlook:    settings.OutlookOptions{DAV: chance(r, 2), EWS: chance(r, 3), NoJSON: chance(r, 4)},
	}
	for range 1 + r.IntN(12) {
		p.Services = append(p.Services, service(r))
	}
	if chance(r, 3) {
		p.Names = map[string]string{"de": "Beispiel & Söhne", "fr": "Courriel <ici>"}
	}
	if chance(r, 2) {
		p.OAuth2 = &settings.OAuth2Endpoints{
			Issuer:   "https://login.example.com",
			AuthURL:  "https://login.example.com/authorize?a=1&b=2",
			TokenURL: "https://login.example.com/token",
			Scope:    pick(r, []string{"mail", "imap smtp offline_access"}),
			ClientID: pick(r, []string{"", "open"}),
		}
	}
	return p
}

func profile(r *rand.Rand) settings.ProfileOptions {
	o := settings.ProfileOptions{Organization: pick(r, []string{"", "Example & Co"})}
	if chance(r, 3) {
		o.ConsentText = map[string]string{"default": "Is this <right>?", "de": "Stimmt das so?"}
	}
	if chance(r, 3) {
		o.RemovalDate = time.Date(2040, time.January, 2, 3, 4, 5, 0, time.UTC)
	}
	return o
}

func service(r *rand.Rand) settings.Service {
	s := settings.Service{
		Protocol: pick(r, settings.Protocols()),
		Login:    pick(r, []settings.Login{settings.LoginAddress, "{local}", "{local}.{domain}", "{local}@mail.example", "shared & <one>", "007"}),
		Auth:     settings.Auths(),
	}
	r.Shuffle(len(s.Auth), func(i, j int) { s.Auth[i], s.Auth[j] = s.Auth[j], s.Auth[i] })
	s.Auth = slices.Clip(s.Auth[:1+r.IntN(len(s.Auth))])
	if s.Protocol.ByURL() {
		s.URL = pick(r, []string{
			"https://dav.example.com", "https://dav.example.com/", "https://dav.example.com:8443/a/",
			"https://{domain}/dav/a&b's/", "https://dav.example.com/{domain}/", "http://dav.example.com/x",
		})
		return s
	}
	if s.Protocol == settings.POP3 {
		s.POP = popOptions(r)
	}
	s.Host = pick(r, []string{"mail.example.com", "imap.{domain}", "{domain}", "xn--bcher-kva.example"})
	s.Security = pick(r, settings.Securities())
	s.Port = settings.DefaultPort(s.Protocol, s.Security)
	switch {
	case s.Port == 0 || chance(r, 4):
		s.Port = uint16(1 + r.IntN(65535))
	case chance(r, 4): // perhaps of another protocol or security
		s.Port = pick(r, []uint16{993, 143, 995, 110, 465, 587, 25})
	}
	return s
}

func popOptions(r *rand.Rand) settings.POPOptions {
	var o settings.POPOptions
	for _, option := range []**bool{&o.LeaveMessagesOnServer, &o.DownloadOnBiff} {
		if chance(r, 3) {
			on := chance(r, 2)
			*option = &on
		}
	}
	if chance(r, 3) {
		o.DaysToLeaveMessagesOnServer = 1 + r.IntN(3650)
	}
	return o
}

// chance is true once in n times.
func chance(r *rand.Rand, n int) bool { return r.IntN(n) == 0 }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
