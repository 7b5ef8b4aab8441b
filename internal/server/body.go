package server

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

const (
	// maxBody limits the body of a request in bytes. An Autodiscover request has
	// a few hundred.
	maxBody = 64 << 10
	// maxBodies limits the bodies of all requests that are being read or served,
	// in bytes.
	maxBodies = 16 << 20
	// firstRead is the most memory for a body of which nothing has arrived yet.
	firstRead = 2 << 10
)

// body is what was read of a request's body, and the error that ended it.
type body struct {
	bytes.Reader
	err error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) && b.err != nil {
		err = b.err
	}
	return n, err
}

func (b *body) Close() error { return nil }

// readBody reads the body of a POST before the request counts as work, so that
// one which comes slowly delays nobody else. The returned bytes of the budget are
// held until the request is served.
func (h *handler) readBody(r *http.Request, client string) (held int, err error) {
	if r.Method != http.MethodPost || r.ContentLength == 0 {
		return 0, nil
	}
	var data []byte
	larger := firstRead
	if r.ContentLength > 0 && r.ContentLength < firstRead {
		larger = int(r.ContentLength) + 1 // room to read the end
	}
	for {
		if len(data) == cap(data) {
			if !h.bodies.take(client, larger-held) {
				return held, errOverloaded
			}
			held = larger
			data = append(make([]byte, 0, larger), data...)
			larger = min(2*larger, maxBody+1)
		}
		n, err := r.Body.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == nil {
			continue
		}
		read := &body{}
		if read.Reset(data); err != io.EOF {
			read.err = err // the dialect reports it
		}
		r.Body = read
		return held, nil
	}
}
