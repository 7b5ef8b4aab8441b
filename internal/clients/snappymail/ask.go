package snappymail

import (
	"net/url"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// Client returns SnappyMail.
func Client() client.Client {
	return client.Client{
		Name: "SnappyMail",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{client.Autoconfig: Read},

		TypedLogin: true,
	}
}

// Ask returns what the plug-in asks: the domain of the address, then the parents
// of its mail exchanger.
func Ask(address string, found client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	questions := append(ask(client.Domain, address, domain), client.Lookup("MX", domain))
	if parent, base := client.MXParents(found.MX); base != "" && parent != domain {
		questions = append(questions, ask(client.MailHost, address, parent)...)
		if base != parent && base != domain {
			questions = append(questions, ask(client.MailHost, address, base)...)
		}
	}
	return client.Plan{
		{Format: client.Autoconfig, Rules: client.Rules{Final: client.FirstDocument}, Questions: questions},
	}.WithAgent("SnappyMail")
}

func ask(owner client.Owner, address, domain string) []client.Question {
	return []client.Question{
		client.Get(owner, "https://autoconfig."+domain+"/.well-known/mail-v1.xml?emailaddress="+url.QueryEscape(address)),
		client.Get(owner, "https://"+domain+"/.well-known/autoconfig/mail/config-v1.1.xml"),
		client.Get(owner, "http://autoconfig."+domain+"/mail/config-v1.1.xml"),
		client.Get(client.Vendor, "https://autoconfig.thunderbird.net/v1.1/"+domain),
	}
}
