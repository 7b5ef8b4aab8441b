package thunderbird

import (
	"net/url"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/pox"
)

// Client returns Thunderbird.
func Client() client.Client {
	return client.Client{
		Name: "Thunderbird",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{
			client.Autoconfig:   Read,
			client.Autodiscover: ReadAutodiscover,
		},
	}
}

// Ask returns what Thunderbird asks. Autodiscover runs beside autoconfig, but its
// mail servers count only when autoconfig found none. Calendars and contacts are
// searched after the mail account.
func Ask(address string, found client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.4.0"
	rules := client.Rules{MediaTypes: []string{"text/xml", "application/xml", "text/rdf"}, Timeout: 5 * time.Second, Final: client.FirstSuccess}
	return client.Plan{
		{Format: client.Autoconfig, AtOnce: true, Rules: rules, Questions: autoconfig(address, domain, found.MX)},
		{Format: client.Autodiscover, Always: true, AtOnce: true, Rules: rules, Questions: autodiscover(address, domain, found.SRV)},
		client.FindDAV(domain, "PROPFIND"),
	}.WithAgent(agent)
}

// autoconfig lists the URLs by priority. The preference
// mailnews.auto_config.fetchFromISP.sendEmailAddress leaves the query out.
func autoconfig(address, domain, mx string) []client.Question {
	// URLSearchParams and QueryEscape differ in two characters.
	query := "?emailaddress=" + strings.NewReplacer("%2A", "*", "~", "%7E").Replace(url.QueryEscape(address))
	const path, database = "/mail/config-v1.1.xml", "https://live.thunderbird.net/autoconfig/v1.1/"
	all := []client.Question{
		client.Get(client.Domain, "https://autoconfig."+domain+path+query),
		client.Get(client.Domain, "https://"+domain+"/.well-known/autoconfig"+path+query),
		client.Get(client.Domain, "http://autoconfig."+domain+path+query),
		client.Get(client.Domain, "http://"+domain+"/.well-known/autoconfig"+path+query),
		client.Get(client.Vendor, database+domain), // waits 10 s
		client.Lookup("MX", domain),
	}
	parent, base := client.MXParents(mx)
	if base == "" || base == domain {
		return all
	}
	hosts := []string{parent, base}
	if parent == base {
		hosts = hosts[1:]
	}
	for _, host := range hosts {
		all = append(all, client.Get(client.MailHost, "https://autoconfig."+host+path+query), client.Get(client.Vendor, database+host))
	}
	return all
}

// autodiscover lists the URLs by priority. Thunderbird follows a redirected POST
// with a GET, and repeats the POST when that fails at an https URL. It ignores
// the port of the SRV record.
func autodiscover(address, domain string, srv map[string]string) []client.Question {
	all := []client.Question{
		post(client.Domain, "https://autodiscover."+domain, address),
		post(client.Domain, "https://"+domain, address),
		post(client.Domain, "http://autodiscover."+domain, address),
		client.Lookup("SRV", "_autodiscover._tcp."+domain),
	}
	if host := srv["_autodiscover._tcp"]; host != "" {
		all = append(all, post(client.Target, "https://"+host, address))
	}
	return all
}

// post does not escape the address, as Thunderbird does not.
func post(owner client.Owner, base, address string) client.Question {
	q := pox.Post(owner, base+pox.Path, address)
	q.Body = pox.Body(address)
	return q
}
