package dialect

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/maypok86/otter/v2"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// memoWeight limits the bytes of cached documents per dialect.
const memoWeight = 16 << 20

// Memo caches rendered documents of domains. An entry never becomes stale: a
// Provider is immutable, so the same provider and domain always render to the
// same bytes. Personal settings are rendered each time and never stored.
type Memo struct {
	documents *otter.Cache[memoKey, Document]
}

// Document is a rendered body with its entity tag, "" when it is personal.
type Document struct {
	Body []byte
	ETag string
}

type memoKey struct {
	provider          *settings.Provider
	domain, canonical address.Domain
	login             address.Domain
}

// NewMemo returns an empty memo.
func NewMemo() *Memo {
	return &Memo{documents: otter.Must(&otter.Options[memoKey, Document]{
		MaximumWeight: memoWeight,
		Weigher: func(_ memoKey, d Document) uint32 {
			const overhead = 256 // of an entry besides its body
			return uint32(min(len(d.Body)+overhead, memoWeight))
		},
	})}
}

// Get returns the document for s. One that is not personal is rendered once, and
// without the address: it is shared by all mailboxes of the domain. Errors are
// not stored.
func (m *Memo) Get(s settings.Settings, render func(settings.Settings) ([]byte, error)) (Document, error) {
	if s.Personal() {
		body, err := render(s)
		return Document{Body: body}, err
	}
	key := memoKey{s.Provider, s.Domain, s.Canonical, s.LoginDomain}
	if d, ok := m.documents.GetIfPresent(key); ok {
		return d, nil
	}
	s.Address = address.Address{}
	body, err := render(s)
	if err != nil {
		return Document{}, err
	}
	d := Document{Body: body, ETag: ETag(body)}
	m.documents.Set(key, d)
	return d, nil
}

// Answer returns the document for s as a response. shared are the header fields
// that allow caching; they are replaced by no-store when the document is
// personal.
func (m *Memo) Answer(s settings.Settings, contentType string, shared http.Header, render func(settings.Settings) ([]byte, error)) (Response, error) {
	doc, err := m.Get(s, render)
	if err != nil {
		return Response{}, err
	}
	if s.Personal() {
		shared = http.Header{"Cache-Control": {"no-store"}}
	}
	return Response{Status: http.StatusOK, ContentType: contentType, Header: shared, Body: doc.Body, ETag: doc.ETag, Domain: s.Domain}, nil
}

// ETag returns a strong entity tag for a body.
func ETag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}
