package service

import (
	"fmt"
	"slices"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// needsPassword are the dialects that may have no answer for a service without
// passwords: the name, and what a finding calls it and recommends.
func needsPassword() [][3]string {
	return [][3]string{
		{"autodiscover", "Autodiscover", "add password, or set autodiscover.redirect to the Autodiscover service of a server that supports them"},
		{"mobileconfig", "an Apple profile", "add password, or tell people to add the account in the settings of their device"},
		{"pacc", "PACC", "add password, or oauth2 and the authorization server"},
	}
}

// checkAnswers warns about dialects that have no answer for a provider, and would
// have one if its services accepted passwords. Of the domains with overrides, only
// those count whose provider has all answers.
func checkAnswers(cfg *config.Config, warn func(key, text string)) {
	renderers := Renderers(cfg)
	warned := map[string]bool{}
	eachProvider(cfg, func(key string, p *settings.Provider, d address.Domain) {
		for _, needs := range needsPassword() {
			name, what, remedy := needs[0], needs[1], needs[2]
			if !warned[p.ID+name] && lacksPassword(p, d, renderers[name]) {
				warned[p.ID+name] = true
				warn(key+".auth", fmt.Sprintf("%s cannot express these authentication methods and has no answer; %s", what, remedy))
			}
		}
	})
}

// lacksPassword reports whether a dialect has no answer for a provider only because
// its services accept no passwords.
func lacksPassword(p *settings.Provider, d address.Domain, render func(settings.Settings, dialect.Choice) ([]byte, error)) bool {
	answers := func(p *settings.Provider) bool {
		_, err := render(sampleOf(p, d), dialect.Choice{})
		return err == nil || settings.KindOf(err) != settings.NotOffered
	}
	if answers(p) {
		return false
	}
	open := *p
	open.Services = slices.Clone(p.Services)
	for i := range open.Services {
		open.Services[i].Auth = []settings.Auth{settings.Password}
	}
	return answers(&open)
}
