package passwordcheck

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"time"
)

const (
	maxLine  = 8 << 10 // octets of one line; RFC 7162 section 4 wants 8192 of IMAP
	maxLines = 256     // of one conversation
	// quitTime is how long the server is given to say goodbye.
	quitTime = 500 * time.Millisecond
)

// What a server can do wrong. None of these repeats what it said.
var (
	errTooMuch   = errors.New("the server says more than any mail server has to say")
	errGarbage   = errors.New("the server does not answer as its protocol wants it")
	errGoodbye   = errors.New("the server wants no conversation now")
	errTemporary = errors.New("the server cannot check passwords now")
	errHeldBack  = errors.New("the server took a password and did not answer in time; Dovecot does that to a host from which wrong ones came")
	errNoUpgrade = errors.New("the server does not offer STARTTLS, which the settings promise")
	errInjected  = errors.New("the server, or somebody before it, said more before encryption than the end of its answer")
	errPlaintext = errors.New("a password was about to be sent without encryption")
)

// wire is a connection that carries lines. What comes in is bounded.
type wire struct {
	conn      net.Conn
	in        *bufio.Reader
	encrypted bool
	sent      bool // something secret
	lines     int
}

func newWire(conn net.Conn) *wire {
	return &wire{conn: conn, in: bufio.NewReaderSize(conn, maxLine)}
}

// encrypt goes over to TLS. Nothing may be left of what was said before: it
// could be read as the first answer after it, and be anybody's
// (CVE-2011-0411, RFC 9051 section 11.1).
func (w *wire) encrypt(ctx context.Context, config *tls.Config) error {
	if w.in.Buffered() > 0 {
		return errInjected
	}
	conn := tls.Client(w.conn, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	w.conn, w.in, w.encrypted = conn, bufio.NewReaderSize(conn, maxLine), true
	return nil
}

// receive returns the next line without its end.
func (w *wire) receive() (string, error) {
	if w.lines++; w.lines > maxLines {
		return "", errTooMuch
	}
	line, err := w.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", errTooMuch
	case err != nil:
		return "", err
	}
	return string(bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))), nil
}

// send writes a line that holds no secret.
func (w *wire) send(line string) error {
	_, err := io.WriteString(w.conn, line+"\r\n")
	return err
}

// sendSecret writes a command and a secret as one line, and wipes the secret.
func (w *wire) sendSecret(command string, secret []byte) error {
	line := make([]byte, 0, len(command)+len(secret)+len("\r\n"))
	line = append(append(append(line, command...), secret...), "\r\n"...)
	clear(secret)
	defer clear(line)
	if !w.encrypted {
		return errPlaintext
	}
	w.sent = true
	_, err := w.conn.Write(line)
	return err
}

// quit takes leave of the server, whose log would call it a lost connection
// otherwise. What comes of it does not matter any more.
func (w *wire) quit(command string) {
	if w.conn.SetDeadline(time.Now().Add(quitTime)) != nil || w.send(command) != nil {
		return
	}
	for {
		if _, err := w.receive(); err != nil {
			return
		}
	}
}

// plain is the message of SASL PLAIN (RFC 4616) in base64. Login and password
// hold no NUL.
func plain(login, password string) []byte {
	message := make([]byte, 0, len(login)+len(password)+2)
	message = append(append(append(append(message, 0), login...), 0), password...)
	return encoded(message)
}

// encoded returns a message in base64, and wipes it.
func encoded(message []byte) []byte {
	defer clear(message)
	out := make([]byte, base64.StdEncoding.EncodedLen(len(message)))
	base64.StdEncoding.Encode(out, message)
	return out
}
