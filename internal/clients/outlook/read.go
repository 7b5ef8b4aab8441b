package outlook

import (
	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/pox"
)

// Read reads the answer by the letter of MS-OXDSCLI: it is the reader that the
// others differ from.
func Read(document []byte, address string) (client.Account, error) {
	account, err := pox.Read(document)
	if err != nil {
		return client.Account{}, err
	}
	return account.Mail(address)
}
