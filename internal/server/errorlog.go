package server

import (
	"log"
	"regexp"
	"strings"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// maxMessage bounds a message of net/http, which may quote a client, in bytes.
const maxMessage = 300

// ErrorLog returns the logger for the messages of net/http: failed TLS handshakes
// and violations of the protocol, at level debug, with remote of the addresses of
// clients. A failure to accept connections is a warning: this process has run out of
// file descriptors.
func ErrorLog(to *zap.Logger, remote Remote) *log.Logger {
	return log.New(&errorLog{log: to, remote: remote, sparing: newSparing(to, zap.DebugLevel)}, "", 0)
}

// quoted matches what net/http quotes of a client, also without an end.
var quoted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"(?:[^"\\]|\\.)*(?:"|\\?$)`) })

type errorLog struct {
	log     *zap.Logger
	remote  Remote
	sparing *sparing
}

func (e *errorLog) Write(message []byte) (int, error) {
	text, kind, level := strings.TrimSpace(string(message)), "connection_error", zapcore.DebugLevel
	if strings.HasPrefix(text, "http: Accept error: ") {
		kind, level = "accept_error", zap.WarnLevel
	}
	if e.sparing.admits(kind) {
		// It is cut last, because half an address would not be recognised.
		text = redactAddresses(e.remote.in(quoted().ReplaceAllString(text, `"[redacted]"`)))
		e.log.Log(level, strings.ReplaceAll(kind, "_", " "), zap.String("error", text[:min(len(text), maxMessage)]))
	}
	return len(message), nil
}
