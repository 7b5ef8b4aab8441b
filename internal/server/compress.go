package server

import (
	"bytes"
	"compress/gzip"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/waymark-mail/waymark/internal/dialect"
)

// packer compresses responses. It keeps its writers, which are large, and the
// compressed form of what has an entity tag: stylesheets, scripts and logos are the same
// for everybody (BenchmarkPack).
type packer struct {
	writers sync.Pool
	mu      sync.Mutex
	packed  map[string][]byte // by entity tag; nil for what compression does not shorten
	held    int               // bytes in packed
}

// mostPacked limits the bytes of compressed responses that are kept.
const mostPacked = 1 << 20

// leastToPack is the size in bytes from which compression saves a packet.
const leastToPack = 1400

// pack returns the response in gzip, if the client accepts that and it saves something.
func (p *packer) pack(r *http.Request, resp dialect.Response) dialect.Response {
	if !compressible(resp.ContentType) {
		return resp
	}
	header := maps.Clone(resp.Header)
	if header == nil {
		header = http.Header{}
	}
	header["Vary"] = []string{strings.Join(append(slices.Clip(header["Vary"]), "Accept-Encoding"), ", ")}
	resp.Header = header
	if len(resp.Body) < leastToPack || !acceptsGzip(r.Header["Accept-Encoding"]) {
		return resp
	}
	packed := p.gzipOnce(resp)
	if packed == nil {
		return resp
	}
	header["Content-Encoding"] = []string{"gzip"}
	resp.Body = packed
	if resp.ETag != "" { // of these bytes
		resp.ETag = strings.TrimSuffix(resp.ETag, `"`) + `-gzip"`
	}
	return resp
}

// gzipOnce returns the compressed body; nil if that is not shorter.
func (p *packer) gzipOnce(resp dialect.Response) []byte {
	if resp.ETag == "" {
		return p.gzip(resp.Body)
	}
	p.mu.Lock()
	packed, ok := p.packed[resp.ETag]
	p.mu.Unlock()
	if ok {
		return packed
	}
	packed = p.gzip(resp.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	const overhead = 256 // of an entry besides its body
	if _, ok := p.packed[resp.ETag]; !ok && p.held+len(packed)+overhead <= mostPacked {
		if p.packed == nil {
			p.packed = map[string][]byte{}
		}
		p.packed[resp.ETag] = packed
		p.held += len(packed) + overhead
	}
	return packed
}

func (p *packer) gzip(body []byte) []byte {
	w, ok := p.writers.Get().(*gzip.Writer)
	if !ok {
		w = gzip.NewWriter(nil)
	}
	defer p.writers.Put(w)
	var packed bytes.Buffer
	packed.Grow(len(body) / 2)
	w.Reset(&packed)
	if _, err := w.Write(body); err != nil || w.Close() != nil || packed.Len() >= len(body) {
		return nil
	}
	return packed.Bytes()
}

func compressible(contentType string) bool {
	for _, prefix := range []string{"text/html", "text/css", "text/javascript", "image/svg+xml"} {
		if strings.HasPrefix(contentType, prefix) {
			return true
		}
	}
	return false
}

// acceptsGzip reports whether Accept-Encoding names gzip (RFC 9110 section 12.5.3). A
// weight of 0 refuses it.
func acceptsGzip(accepted []string) bool {
	for _, field := range accepted {
		for _, coding := range strings.Split(field, ",") {
			name, weight, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
			if strings.EqualFold(name, "gzip") {
				return strings.TrimRight(strings.TrimPrefix(strings.ToLower(weight), "q="), "0.") != "" || weight == ""
			}
		}
	}
	return false
}
