package evolution

import (
	"crypto/md5" //nolint:gosec // Evolution sends this digest
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// Client returns Evolution.
func Client() client.Client {
	return client.Client{
		Name: "Evolution",
		Ask:  Ask,
		Read: map[client.Format]client.Reader{client.Autoconfig: Read},
	}
}

// Ask returns what Evolution asks: with a made-up local part, and the MD5 of the
// address.
func Ask(address string, found client.DNS) client.Plan {
	_, domain := client.SplitAddress(address)
	digest := md5.Sum([]byte(strings.ToLower(address))) //nolint:gosec // no secret
	query := "?emailaddress=" + url.QueryEscape("EVOLUTIONUSER@"+domain) + "&emailmd5=" + hex.EncodeToString(digest[:])
	const path, database = "/mail/config-v1.1.xml", "https://autoconfig.thunderbird.net/v1.1/"
	questions := []client.Question{
		client.Get(client.Domain, "https://autoconfig."+domain+path+query),
		client.Get(client.Domain, "http://autoconfig."+domain+path+query),
		client.Get(client.Domain, "https://"+domain+"/.well-known/autoconfig"+path+query),
		client.Get(client.Domain, "http://"+domain+"/.well-known/autoconfig"+path+query),
		client.Get(client.Vendor, database+domain),
		client.Lookup("MX", domain),
	}
	if parent, _ := client.MXParents(found.MX); parent != "" && parent != domain {
		questions = append(questions,
			client.Get(client.MailHost, "https://autoconfig."+parent+path+query),
			client.Get(client.MailHost, "http://autoconfig."+parent+path+query),
			client.Get(client.Vendor, database+parent))
	}
	return client.Plan{
		{Format: client.Autoconfig, Rules: client.Rules{Timeout: 15 * time.Second, Final: client.FirstDocument}, Questions: questions},
	}.WithAgent("Evolution/3.54.1")
}
