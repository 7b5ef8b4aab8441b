package emclient

import (
	"net/http"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/pox"
)

// Client returns eM Client.
func Client() client.Client {
	return client.Client{
		Name: "eM Client",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{client.Autodiscover: Read},
	}
}

// Ask returns what eM Client asks.
func Ask(address string, _ client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	return client.Plan{
		{Format: client.Autodiscover, Rules: client.Rules{Status: http.StatusOK, Final: client.FirstDocument}, Questions: []client.Question{
			pox.Post(client.Domain, "https://"+domain+pox.Path, address),
			pox.Post(client.Domain, "https://autodiscover."+domain+pox.Path, address),
		}},
	}.WithAgent("eM Client/10")
}
