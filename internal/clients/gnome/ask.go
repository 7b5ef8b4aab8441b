package gnome

import (
	"net/http"
	"time"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// Client returns GNOME Online Accounts.
func Client() client.Client {
	return client.Client{
		Name: "GNOME Online Accounts",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{client.Autoconfig: Read},
	}
}

// Ask returns what the settings of GNOME ask. The address is not escaped.
func Ask(address string, found client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	const database = "https://v1.ispdb.net/"
	wellKnown := func(host string) string {
		return "https://autoconfig." + host + "/.well-known/mail-v1.xml?emailaddress=" + address
	}
	questions := []client.Question{
		client.Get(client.Domain, wellKnown(domain)),
		client.Get(client.Domain, "https://autoconfig."+domain+"/mail/config-v1.1.xml?emailaddress="+address),
		client.Get(client.Domain, "https://"+domain+"/.well-known/autoconfig/mail/config-v1.1.xml"),
		client.Get(client.Domain, "http://autoconfig."+domain+"/mail/config-v1.1.xml"),
		client.Get(client.Vendor, database+domain),
		client.Lookup("MX", domain),
	}
	if _, base := client.MXParents(found.MX); base != "" {
		// The mail exchanger itself, not its parent.
		questions = append(questions,
			client.Get(client.MailHost, wellKnown(found.MX)), client.Get(client.MailHost, wellKnown(base)),
			client.Get(client.Vendor, database+found.MX), client.Get(client.Vendor, database+base))
	}
	return client.Plan{
		{Format: client.Autoconfig, Rules: client.Rules{Status: http.StatusOK, Timeout: 15 * time.Second, Final: client.FirstDocument}, Questions: questions},
		client.FindDAV(domain, http.MethodOptions),
	}.WithAgent("gnome-online-accounts/3.54.1 ")
}
