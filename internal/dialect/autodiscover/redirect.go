package autodiscover

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// refuseLoop returns an error when the provider's redirect leads to the request
// itself. Clients would follow it until they give up, ten times. The check of the
// settings file knows only some names of this server.
func refuseLoop(r *http.Request, s settings.Settings) error {
	to := s.Provider.Outlook.Redirect
	if to == nil {
		return nil
	}
	loop := to.Domain != "" && to.Domain == s.Domain
	if u, err := url.Parse(to.URL); err == nil && to.URL != "" {
		loop = u.Hostname() == string(dialect.HostName(r)) && strings.EqualFold(u.Path, xmlPath)
	}
	if loop {
		return settings.Errorf(settings.NotOffered, "Autodiscover of that domain is redirected to this server itself")
	}
	return nil
}
