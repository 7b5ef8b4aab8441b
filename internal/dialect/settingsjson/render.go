package settingsjson

import (
	"encoding/json"

	"github.com/waymark-mail/waymark/internal/settings"
)

type document struct {
	Domain          string    `json:"domain"`
	CanonicalDomain string    `json:"canonical_domain"`
	LoginDomain     string    `json:"login_domain,omitempty"` // of the user names of an alias domain
	Address         string    `json:"address,omitempty"`      // the new one of a domain that moved
	MovedTo         string    `json:"moved_to,omitempty"`     // the domain of the new addresses
	Provider        provider  `json:"provider"`
	Services        []service `json:"services"`
	OAuth2          *oauth2   `json:"oauth2,omitempty"`
}

type provider struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Names     map[string]string `json:"names,omitempty"` // by language
	ShortName string            `json:"short_name"`
	HelpURL   string            `json:"help_url,omitempty"`
	Webmail   string            `json:"webmail_url,omitempty"`
}

// service has host, port and security, or a url. Login is the user name when the
// query has an address, else its template, such as {address}.
type service struct {
	Protocol settings.Protocol `json:"protocol"`
	Host     string            `json:"host,omitempty"`
	Port     uint16            `json:"port,omitempty"`
	Security settings.Security `json:"security,omitempty"`
	URL      string            `json:"url,omitempty"`
	Login    string            `json:"login"`
	Auth     []settings.Auth   `json:"auth"`
	popOptions
}

type popOptions struct {
	LeaveMessagesOnServer       *bool `json:"leave_messages_on_server,omitempty"`
	DaysToLeaveMessagesOnServer int   `json:"days_to_leave_messages_on_server,omitempty"`
	DownloadOnBiff              *bool `json:"download_on_biff,omitempty"`
}

type oauth2 struct {
	Issuer   string `json:"issuer"`
	AuthURL  string `json:"auth_url"`
	TokenURL string `json:"token_url"`
	Scope    string `json:"scope"`
	ClientID string `json:"client_id,omitempty"`
}

// Render returns the settings as JSON, services in order of preference.
func Render(s settings.Settings) ([]byte, error) {
	services := s.Services()
	doc := document{
		Domain:          string(s.Domain),
		CanonicalDomain: string(s.Canonical),
		LoginDomain:     string(s.LoginDomain),
		Address:         s.Address.String(),
		MovedTo:         string(s.MovedTo),
		Provider:        provider{s.Provider.ID, s.Provider.Name, s.Provider.Names, s.Provider.ShortName, s.Provider.HelpURL, s.WebmailURL()},
		Services:        make([]service, 0, len(services)),
	}
	for _, svc := range services {
		login, known := s.Login(svc)
		if !known {
			login = string(svc.Login)
		}
		doc.Services = append(doc.Services, service{svc.Protocol, svc.Host, svc.Port, svc.Security, svc.URL, login, svc.Auth, popOptions(svc.POP)})
	}
	if o := s.Provider.OAuth2; o != nil {
		doc.OAuth2 = &oauth2{o.Issuer, o.AuthURL, o.TokenURL, o.Scope, o.ClientID}
	}
	body, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(body, '\n'), nil
}
