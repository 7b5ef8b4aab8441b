package domainconnect

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/waymark-mail/waymark/internal/address"
)

// Service is whose template it is.
type Service struct {
	ProviderID address.Domain // a domain of the operator
	ID         string         // of the template
}

// Description is what a template has besides.
type Description struct {
	ProviderName string
	LogoURL      string         // "" for none
	KeyDomain    address.Domain // that has the public key
	Host         address.Domain // that Waymark is reached at
}

// ttl is that of each record, in seconds.
const ttl = 3600

// Labels are the names of the records of the template, below the domain.
func Labels() []string { return []string{"autoconfig", "autodiscover"} }

type template struct {
	ProviderID       address.Domain `json:"providerId"`
	ProviderName     string         `json:"providerName"`
	ServiceID        string         `json:"serviceId"`
	ServiceName      string         `json:"serviceName"`
	Version          int            `json:"version"`
	LogoURL          string         `json:"logoUrl,omitempty"`
	Description      string         `json:"description"`
	SyncPubKeyDomain address.Domain `json:"syncPubKeyDomain"`
	Records          []record       `json:"records"`
}

type record struct {
	GroupID   string         `json:"groupId"`
	Type      string         `json:"type"`
	Host      string         `json:"host"`
	PointsTo  address.Domain `json:"pointsTo"`
	TTL       int            `json:"ttl"`
	Essential string         `json:"essential"`
}

// Template returns the template as JSON. It has CNAME records only and no variable, so
// that a forged link can lead nowhere else. Each record is a group: not every domain
// needs all of them.
func (s Service) Template(d Description) ([]byte, error) {
	if err := errors.Join(s.Check(), d.check()); err != nil {
		return nil, err
	}
	t := template{
		ProviderID: s.ProviderID, ProviderName: d.ProviderName, ServiceID: s.ID, ServiceName: "Mail set-up", Version: 1, LogoURL: d.LogoURL,
		Description:      "Leads mail apps to the server that knows the settings of the domain: autoconfig for Thunderbird and others, autodiscover for Outlook and others.",
		SyncPubKeyDomain: d.KeyDomain,
	}
	for _, label := range Labels() {
		// Owners may change a record later, without losing the other.
		t.Records = append(t.Records, record{label, "CNAME", label, d.Host, ttl, "OnApply"})
	}
	text, err := json.MarshalIndent(t, "", "    ")
	return append(text, '\n'), err
}

// FileName is the name of the template in the public repository.
func (s Service) FileName() string {
	return strings.ToLower(fmt.Sprintf("%s.%s.json", s.ProviderID, s.ID))
}

// Bounds of the public repository, in characters.
const maxShort = 64

var serviceID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
})

// Check returns what no template can have. It does not check the domain.
func (s Service) Check() error {
	switch {
	case len(s.ProviderID) > maxShort:
		return fmt.Errorf("the provider ID %s has more than %d characters", s.ProviderID, maxShort)
	case !serviceID().MatchString(s.ID):
		return fmt.Errorf("the service ID %q is not 1 to 64 letters, digits, dots, hyphens and underscores", s.ID)
	}
	return nil
}

func (d Description) check() error {
	n := utf8.RuneCountInString(d.ProviderName)
	if n == 0 || n > maxShort || strings.Contains(d.ProviderName, "%") || strings.ContainsFunc(d.ProviderName, unicode.IsControl) {
		return fmt.Errorf("the provider name %q is not 1 to %d characters without %%", d.ProviderName, maxShort)
	}
	if d.LogoURL == "" {
		return nil
	}
	u, err := url.Parse(d.LogoURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || !slices.Contains([]string{"jpg", "png", "svg"}, u.Path[strings.LastIndex(u.Path, ".")+1:]) {
		return fmt.Errorf("the logo %q is not an https URL of a jpg, png or svg file", d.LogoURL)
	}
	return nil
}
