package emclient

import (
	"net/url"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/pox"
)

// Read reads the answer as Outlook does, and also the blocks CalDAV and CardDAV,
// whose Server is a URL.
func Read(document []byte, address string) (client.Account, error) {
	account, err := pox.Read(document)
	if err != nil {
		return client.Account{}, err
	}
	out, err := account.Mail(address)
	if err != nil {
		return client.Account{}, err
	}
	for _, block := range account.Protocols {
		if u, err := url.Parse(block.Host); err != nil || u.Host == "" {
			continue
		}
		at := client.DAV{URL: block.Host, User: block.Server(address).User}
		switch {
		case block.Type == "CalDAV" && out.CalDAV == client.DAV{}:
			out.CalDAV = at
		case block.Type == "CardDAV" && out.CardDAV == client.DAV{}:
			out.CardDAV = at
		}
	}
	return out, nil
}
