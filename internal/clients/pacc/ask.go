package pacc

import (
	"net/http"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// Client returns a client that follows the draft.
func Client() client.Client {
	return client.Client{
		Name: "PACC",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{client.PACC: Read},
	}
}

// Ask returns what the draft tells clients to ask. The TXT record has the digest
// of the document.
func Ask(address string, _ client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	rules := client.Rules{Status: http.StatusOK, MediaTypes: []string{"application/json"}, Final: client.FirstDocument}
	return client.Plan{
		{Format: client.PACC, Rules: rules, Questions: []client.Question{
			client.Get(client.Domain, "https://ua-auto-config."+domain+"/.well-known/user-agent-configuration.json"),
			client.Lookup("TXT", "_ua-auto-config."+domain),
		}},
	}
}
