package clients

import "net/url"

// EMClient reads the answer for Outlook as eM Client does: like Outlook, and
// besides it the blocks CalDAV and CardDAV, which have a URL for a server.
func EMClient(document []byte, address string) (Account, error) {
	account, err := readPOX(document)
	if err != nil {
		return Account{}, err
	}
	out, err := account.mail(address)
	if err != nil {
		return Account{}, err
	}
	for _, block := range account.Protocols {
		if u, err := url.Parse(block.Server); err != nil || u.Host == "" {
			continue
		}
		at := DAV{URL: block.Server, User: block.server(address).User}
		switch {
		case block.Type == "CalDAV" && out.CalDAV == DAV{}:
			out.CalDAV = at
		case block.Type == "CardDAV" && out.CardDAV == DAV{}:
			out.CardDAV = at
		}
	}
	return out, nil
}
