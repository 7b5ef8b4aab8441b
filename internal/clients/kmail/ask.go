package kmail

import (
	"net/http"
	"strings"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// Client returns KMail.
func Client() client.Client {
	return client.Client{
		Name: "KMail",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{client.Autoconfig: Read},
	}
}

// Ask returns what the wizard asks: plain http only, without the address. It also
// reads the body of an error: XML there ends the search.
func Ask(address string, _ client.DNS) client.Plan {
	_, domain := client.SplitAddress(strings.ToLower(address))
	return client.Plan{
		{Format: client.Autoconfig, Rules: client.Rules{Status: http.StatusOK, Final: client.FirstXML}, Questions: []client.Question{
			client.Get(client.Vendor, "https://autoconfig.thunderbird.net/v1.1/"+domain),
			client.Get(client.Domain, "http://autoconfig."+domain+"/mail/config-v1.1.xml"),
			client.Get(client.Domain, "http://"+domain+"/.well-known/autoconfig/mail/config-v1.1.xml"),
		}},
	}
}
