package fairemail

import (
	"net/http"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/pox"
)

// Client returns FairEmail.
func Client() client.Client {
	return client.Client{
		Name: "FairEmail",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{
			client.Autoconfig:   Read,
			client.Autodiscover: ReadAutodiscover,
		},
		ReadRecords: ReadRecords,
	}
}

// Ask returns what the app asks: SRV records, autoconfig, Autodiscover, then the
// same for the parent domain of the mail exchanger. The address is not escaped in
// URLs. Its "safe" mode leaves plain http out.
func Ask(address string, found client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	plan := append(ask(client.Domain, address, domain),
		client.Stage{Format: client.Records, Questions: []client.Question{client.Lookup("MX", domain)}})
	if parent, _ := client.MXParents(found.MX); parent != "" && parent != domain {
		plan = append(plan, ask(client.MailHost, address, parent)...)
	}
	return plan
}

func ask(owner client.Owner, address, domain string) client.Plan {
	autoconfig := func(base string) client.Question {
		return client.Get(owner, base+"/mail/config-v1.1.xml?emailaddress="+address)
	}
	autodiscover := func(base string) client.Question {
		q := pox.Post(owner, base+pox.Path, address)
		q.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}} // Java's default
		return q
	}
	records := client.Stage{Format: client.Records}
	for _, service := range []string{"_imap", "_imaps", "_submission", "_submissions"} {
		records.Questions = append(records.Questions, client.Question{Owner: owner, Record: "SRV", Name: service + "._tcp." + domain})
	}
	ok := client.Rules{Status: http.StatusOK, Final: client.FirstDocument}
	return client.Plan{
		records,
		{Format: client.Autoconfig, Rules: ok, Questions: []client.Question{
			autoconfig("https://autoconfig." + domain), autoconfig("https://" + domain + "/.well-known/autoconfig"),
			autoconfig("http://autoconfig." + domain), autoconfig("http://" + domain + "/.well-known/autoconfig"),
			client.Get(client.Vendor, "https://autoconfig.thunderbird.net/v1.1/"+domain),
		}},
		{Format: client.Autodiscover, Rules: ok, Questions: []client.Question{
			autodiscover("https://" + domain), autodiscover("https://autodiscover." + domain),
		}},
	}
}
