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
	maxLine  = 8 << 10 // octets per line; RFC 7162 section 4 requires 8192 for IMAP
	maxLines = 256     // per conversation
	// quitTime is the time-out for the server to end the session.
	quitTime = 500 * time.Millisecond
)

// Reasons for Unreachable and Limited. None of them repeats what the server sent.
var (
	errTooMuch   = errors.New("the server sent too much data")
	errGarbage   = errors.New("the server violated the protocol")
	errGoodbye   = errors.New("the server refused the session")
	errTemporary = errors.New("the server is temporarily unable to check passwords")
	errHeldBack  = errors.New("the server did not reply to the password in time; Dovecot delays hosts that sent wrong passwords")
	errNoUpgrade = errors.New("the server does not offer STARTTLS, which the settings require")
	errInjected  = errors.New("unexpected data before TLS, from the server or an attacker on the network")
	errPlaintext = errors.New("refused to send a password without encryption")
)

// wire is a connection that carries lines, with limits on the input.
type wire struct {
	conn      net.Conn
	in        *bufio.Reader
	encrypted bool
	sent      bool // the secret
	lines     int
}

func newWire(conn net.Conn) *wire {
	return &wire{conn: conn, in: bufio.NewReaderSize(conn, maxLine)}
}

// encrypt starts TLS. It fails if plaintext input is buffered: an attacker may
// have injected it, and it would be read as the first reply inside TLS
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

// receive returns the next line without its line break.
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

// send writes a line without a secret.
func (w *wire) send(line string) error {
	_, err := io.WriteString(w.conn, line+"\r\n")
	return err
}

// sendSecret writes a command and a secret as one line, and clears the secret.
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

// quit ends the session, which the server would otherwise log as a lost
// connection. Errors no longer matter.
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

// plain returns the message of SASL PLAIN (RFC 4616) in base64. login and
// password must not contain NUL.
func plain(login, password string) []byte {
	message := make([]byte, 0, len(login)+len(password)+2)
	message = append(append(append(append(message, 0), login...), 0), password...)
	return encoded(message)
}

// encoded returns a message in base64, and clears it.
func encoded(message []byte) []byte {
	defer clear(message)
	out := make([]byte, base64.StdEncoding.EncodedLen(len(message)))
	base64.StdEncoding.Encode(out, message)
	return out
}
