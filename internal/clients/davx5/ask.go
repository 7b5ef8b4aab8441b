package davx5

import (
	"github.com/waymark-mail/waymark/internal/clients/client"
)

// Client returns DAVx5. It reads no document: Read in this package follows the
// redirect.
func Client() client.Client { return client.Client{Name: "DAVx5", Ask: Ask} }

// Ask returns what DAVx5 asks.
func Ask(address string, _ client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	return client.Plan{client.FindDAV(domain, "PROPFIND")}.WithAgent("DAVx5/4.4")
}
