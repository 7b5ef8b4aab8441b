package acmetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/caddyserver/certmagic"

	"github.com/waymark-mail/waymark/test/certtest"
)

// Name is the name of a customer, for Fill.
func Name(i int) string { return fmt.Sprintf("autoconfig.name%d.example", i) }

// Fill writes the certificates of so many names to a folder, as orders from an authority
// would, without waiting for the disk. They are issued by ca, with these changes.
func Fill(folder, authority string, ca *certtest.Party, names int, changes ...certtest.Change) error {
	store, issuer := certmagic.FileStorage{Path: folder}, certmagic.ACMEIssuer{CA: authority}
	for i := range names {
		name := Name(i)
		p := certtest.Certify(name, certtest.NewKey(), ca, append([]certtest.Change{certtest.Hosts(name)}, changes...)...)
		key, err := certmagic.PEMEncodePrivateKey(p.Key)
		if err != nil {
			return err
		}
		meta, err := json.Marshal(certmagic.CertificateResource{SANs: []string{name}})
		if err != nil {
			return err
		}
		base := certmagic.StorageKeys.CertsSitePrefix(issuer.IssuerKey(), name)
		for ext, data := range map[string][]byte{".crt": p.CertPEM(), ".key": key, ".json": meta} {
			file := store.Filename(path.Join(base, name+ext))
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, data, 0o600)); err != nil {
				return err
			}
		}
	}
	return nil
}
