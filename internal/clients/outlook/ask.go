package outlook

import (
	"net/http"
	"net/url"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/pox"
)

// Client returns classic Outlook.
func Client() client.Client {
	return client.Client{
		Name: "Outlook",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{client.Autodiscover: Read},
	}
}

// Ask returns what Outlook asks after its own cache, the local files and the
// directory of a Windows domain. Outlook 2019 and later begin with the JSON form.
// Registry values can leave each step out. It follows a redirect of the plain http
// URL to https, after a warning.
func Ask(address string, found client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	autodiscover := []client.Question{
		pox.Post(client.Domain, "https://"+domain+pox.Path, address),
		pox.Post(client.Domain, "https://autodiscover."+domain+"/Autodiscover/Autodiscover.xml", address),
		client.Get(client.Domain, "http://autodiscover."+domain+pox.Path),
		client.Lookup("SRV", "_autodiscover._tcp."+domain),
	}
	if host := found.SRV["_autodiscover._tcp"]; host != "" {
		autodiscover = append(autodiscover, pox.Post(client.Target, "https://"+host+pox.Path, address))
	}
	ok := client.Rules{Status: http.StatusOK, Final: client.FirstDocument, ConfirmPlain: true}
	return client.Plan{
		{Format: client.JSON, Rules: ok, Questions: []client.Question{
			client.Get(client.Vendor, "https://outlook.office365.com/autodiscover/autodiscover.json/v1.0/"+url.PathEscape(address)+"?Protocol=AutodiscoverV1"),
			client.Get(client.Domain, "https://autodiscover."+domain+"/autodiscover/autodiscover.json?Email="+url.QueryEscape(address)+"&Protocol=Autodiscoverv1&RedirectCount=1"),
		}},
		{Format: client.Autodiscover, Rules: ok, Questions: autodiscover},
	}.WithAgent("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17126; Pro)")
}
