package server

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// requestIDs makes request IDs that are unique among replicas and restarts: a
// random prefix per process and a number.
type requestIDs struct {
	prefix string
	last   atomic.Uint64
}

func newRequestIDs() *requestIDs { return &requestIDs{prefix: rand.Text()[:10] + "-"} }

func (ids *requestIDs) next() string {
	var text [32]byte
	return string(strconv.AppendUint(append(text[:0], ids.prefix...), ids.last.Add(1), 36))
}

// maxRequestID is the length of the longest ID of a proxy that is kept.
const maxRequestID = 64

// of returns the ID that a trusted proxy gave the request, so that its log and ours
// have the same one, else a new one.
func (ids *requestIDs) of(r *http.Request, proxied bool) string {
	sent := r.Header["X-Request-Id"]
	if proxied && len(sent) == 1 && isRequestID(sent[0]) {
		return sent[0]
	}
	return ids.next()
}

// isRequestID reports whether an ID has a form that common proxies use, and nothing
// that a log or a header could misread.
func isRequestID(id string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	return id != "" && len(id) <= maxRequestID && !strings.ContainsFunc(id, func(r rune) bool { return !strings.ContainsRune(allowed, r) })
}
