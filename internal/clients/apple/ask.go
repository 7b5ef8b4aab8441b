package apple

import (
	"net/http"
	"net/url"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// Client returns Apple Mail.
func Client() client.Client {
	return client.Client{
		Name: "Apple Mail",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{client.Profile: Read},
	}
}

// Ask returns what Safari asks after a person opened the link to the profile.
// Apple Mail itself asks nothing for an IMAP account.
func Ask(address string, _ client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	rules := client.Rules{Status: http.StatusOK, MediaTypes: []string{"application/x-apple-aspen-config"}, Final: client.FirstSuccess}
	return client.Plan{
		{Format: client.Profile, Rules: rules, Questions: []client.Question{
			client.Get(client.Domain, "https://autoconfig."+domain+"/profile.mobileconfig?email="+url.QueryEscape(address)),
		}},
	}.WithAgent("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1")
}
