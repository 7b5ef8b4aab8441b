package nextcloud

import (
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// Client returns Nextcloud Mail.
func Client() client.Client {
	return client.Client{
		Name: "Nextcloud Mail",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{client.Autoconfig: Read},
	}
}

// Ask returns what the app asks: the domain of the address, the mail exchanger,
// then the mail exchanger without its first label. The address is not escaped.
func Ask(address string, found client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	questions := append(ask(client.Domain, address, domain), client.Lookup("MX", domain))
	if found.MX != "" {
		_, parent, _ := strings.Cut(found.MX, ".")
		questions = append(questions, ask(client.MailHost, address, found.MX)...)
		questions = append(questions, ask(client.MailHost, address, parent)...)
	}
	return client.Plan{
		{Format: client.Autoconfig, Rules: client.Rules{Timeout: 7 * time.Second, Final: client.FirstDocument}, Questions: questions},
	}.WithAgent("Nextcloud Mail")
}

func ask(owner client.Owner, address, domain string) []client.Question {
	query := "/mail/config-v1.1.xml?emailaddress=" + address
	return []client.Question{
		client.Get(owner, "https://autoconfig."+domain+query),
		client.Get(owner, "https://"+domain+"/.well-known/autoconfig"+query),
		client.Get(client.Vendor, "https://autoconfig.thunderbird.net/v1.1/"+domain),
		client.Get(owner, "http://autoconfig."+domain+query),
		client.Get(owner, "http://"+domain+"/.well-known/autoconfig"+query),
	}
}
