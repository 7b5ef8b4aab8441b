package deltachat

import (
	"net/url"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/pox"
)

// Client returns Delta Chat.
func Client() client.Client {
	return client.Client{
		Name: "Delta Chat",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{
			client.Autoconfig:   Read,
			client.Autodiscover: ReadAutodiscover,
		},
	}
}

// Ask returns what the core asks, one URL after the other, over https only. It
// asks for Autodiscover by GET, which tells the server no address: a server must
// not answer that with 200, or the last URL is never asked. The core follows up
// to ten redirects.
func Ask(address string, _ client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	// Everything but letters, digits and the dot is escaped.
	escaped := strings.NewReplacer("-", "%2D", "_", "%5F", "~", "%7E", "+", "%20").Replace(url.QueryEscape(address))
	first := client.Rules{Final: client.FirstDocument}
	return client.Plan{
		{Format: client.Autoconfig, Rules: first, Questions: []client.Question{
			client.Get(client.Domain, "https://autoconfig."+domain+"/mail/config-v1.1.xml?emailaddress="+escaped),
			client.Get(client.Domain, "https://"+domain+"/.well-known/autoconfig/mail/config-v1.1.xml"),
		}},
		{Format: client.Autodiscover, Rules: first, Questions: []client.Question{
			client.Get(client.Domain, "https://"+domain+pox.Path),
			client.Get(client.Domain, "https://autodiscover."+domain+pox.Path),
		}},
		{Format: client.Autoconfig, Rules: first, Questions: []client.Question{
			client.Get(client.Vendor, "https://autoconfig.thunderbird.net/v1.1/"+domain),
		}},
	}
}
