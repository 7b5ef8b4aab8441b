package autodiscover

import (
	"bytes"
	"encoding/xml"

	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// anybody stands for the local part in a remembered document. It is a
// character for private use, which addresses cannot hold, and which the
// encoder writes as it is.
const anybody = "\ue000"

// remembered renders for Outlook. The encoder takes most of the time of a
// request, and one domain's answers differ in the local part alone: the
// document is rendered once for anybody, and then gets the local part of the
// address, escaped, in its places.
type remembered struct{ memo *dialect.Memo }

func (m remembered) render(s settings.Settings) ([]byte, error) {
	if s.Address.Domain != s.Domain || s.Personal || s.LoginName != "" {
		return Render(s) // an address of another domain, or a user name that is its own
	}
	var local bytes.Buffer
	if err := xml.EscapeText(&local, []byte(primary(s).Local)); err != nil {
		return nil, err
	}
	s.Address.Local = anybody
	doc, err := m.memo.Get(s, Render)
	if err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(doc.Body, []byte(anybody), local.Bytes()), nil
}
