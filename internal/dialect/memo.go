package dialect

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/maypok86/otter/v2"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// memoWeight bounds the bytes of remembered documents per dialect.
const memoWeight = 16 << 20

// Memo remembers rendered documents that depend on the domain alone, not on an
// address. It can't be stale: a Provider never changes, so the same provider
// and domain always render to the same bytes.
type Memo struct {
	documents *otter.Cache[memoKey, Document]
}

// Document is a rendered body with its entity tag.
type Document struct {
	Body []byte
	ETag string
}

type memoKey struct {
	provider          *settings.Provider
	domain, canonical address.Domain
}

// NewMemo returns an empty memo.
func NewMemo() *Memo {
	return &Memo{documents: otter.Must(&otter.Options[memoKey, Document]{
		MaximumWeight: memoWeight,
		Weigher: func(_ memoKey, d Document) uint32 {
			const overhead = 256 // of an entry besides its body: key, tag, bookkeeping
			return uint32(min(len(d.Body)+overhead, memoWeight))
		},
	})}
}

// Get returns the document for s, rendering it the first time. Errors are not
// remembered.
func (m *Memo) Get(s settings.Settings, render func(settings.Settings) ([]byte, error)) (Document, error) {
	key := memoKey{s.Provider, s.Domain, s.Canonical}
	if d, ok := m.documents.GetIfPresent(key); ok {
		return d, nil
	}
	body, err := render(s)
	if err != nil {
		return Document{}, err
	}
	d := Document{Body: body, ETag: ETag(body)}
	m.documents.Set(key, d)
	return d, nil
}

// ETag returns a strong entity tag for a body.
func ETag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}
