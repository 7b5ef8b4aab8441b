package autodiscover

import (
	"bytes"
	"encoding/xml"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/settings"
)

// anybody is the local part in a cached document: a private-use character,
// which addresses cannot hold and which the encoder writes unchanged.
const anybody = "\ue000"

// cached renders for Outlook. The encoder takes most of the time of a request,
// and the documents of one domain differ only in the local part. So a document is
// rendered once for the local part "anybody", which the escaped local part of each
// request then replaces.
type cached struct{ memo *dialect.Memo }

func (c cached) render(s settings.Settings) ([]byte, error) {
	if s.Address.Domain != s.Domain || s.Personal() {
		return Render(s) // more than the local part differs
	}
	var local bytes.Buffer
	if err := xml.EscapeText(&local, []byte(primary(s).Local)); err != nil {
		return nil, err
	}
	doc, err := c.memo.Get(s, renderForAnybody)
	if err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(doc.Body, []byte(anybody), local.Bytes()), nil
}

func renderForAnybody(s settings.Settings) ([]byte, error) {
	s.Address = address.Address{Local: anybody, Domain: s.Domain}
	return Render(s)
}
