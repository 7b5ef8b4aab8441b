package browser

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/waymark-mail/waymark/test/certtest"
)

// rightPassword opens every mailbox of the mail server.
const rightPassword = "correct horse battery"

// startMailServer answers IMAP over TLS on loopback as far as somebody needs who tries
// a password. It returns its port.
func startMailServer(t *testing.T, id certtest.Party) int {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{id.TLS()}})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // it is closed
			}
			running.Go(func() { converse(conn) })
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		running.Wait()
	})
	return listener.Addr().(*net.TCPAddr).Port
}

// converse ends when the client hangs up, so failed writes are ignored.
func converse(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(conn, format+"\r\n", args...) }
	say("* OK ready")
	for in := bufio.NewScanner(conn); in.Scan(); {
		tag, command, _ := strings.Cut(in.Text(), " ")
		secret, isLogin := strings.CutPrefix(command, "AUTHENTICATE PLAIN ")
		plain, _ := base64.StdEncoding.DecodeString(secret)
		switch {
		case command == "CAPABILITY":
			say("* CAPABILITY IMAP4rev2 AUTH=PLAIN SASL-IR")
			say("%s OK done", tag)
		case isLogin && strings.HasSuffix(string(plain), "\x00"+rightPassword):
			say("%s OK welcome", tag)
		case isLogin:
			say("%s NO [AUTHENTICATIONFAILED] no", tag)
		default:
			say("%s BAD what", tag)
		}
	}
}
