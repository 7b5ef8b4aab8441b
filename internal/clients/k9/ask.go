package k9

import (
	"github.com/waymark-mail/waymark/internal/clients/client"
)

// Client returns Thunderbird for Android.
func Client() client.Client {
	return client.Client{
		Name: "Thunderbird for Android",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{client.Autoconfig: Read},
	}
}

// Ask returns what the app asks. No request names the address. When a hop was
// plain http, the person must confirm the settings.
func Ask(address string, found client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	const path, database = "/mail/config-v1.1.xml", "https://autoconfig.thunderbird.net/v1.1/"
	questions := []client.Question{
		client.Get(client.Domain, "https://autoconfig."+domain+path),
		client.Get(client.Domain, "https://"+domain+"/.well-known/autoconfig"+path),
		client.Get(client.Domain, "http://autoconfig."+domain+path),
		client.Get(client.Domain, "http://"+domain+"/.well-known/autoconfig"+path),
		client.Get(client.Vendor, database+domain),
		client.Lookup("MX", domain),
	}
	if parent, base := client.MXParents(found.MX); base != "" && base != domain {
		questions = append(questions, client.Get(client.MailHost, "https://autoconfig."+parent+path), client.Get(client.Vendor, database+parent))
		if base != parent {
			questions = append(questions, client.Get(client.MailHost, "https://autoconfig."+base+path), client.Get(client.Vendor, database+base))
		}
	}
	return client.Plan{
		{Format: client.Autoconfig, AtOnce: true, Rules: client.Rules{Final: client.FirstDocument, ConfirmPlain: true}, Questions: questions},
	}.WithAgent("okhttp/4.12.0")
}
