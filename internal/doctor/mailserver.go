package doctor

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/internal/clients/client"
)

// server is a mail server as a client would use it.
type server struct {
	protocol string // imap, pop3, smtp or managesieve
	host     string
	port     int
	security client.Security
}

func (s server) String() string { return fmt.Sprintf("%s %s:%d", s.protocol, s.host, s.port) }

// managesieve is the protocol of filters (RFC 5804). No client here looks for it, and
// users of others do.
const managesieve = "managesieve"

const (
	maxLine  = 8 << 10
	maxLines = 200
)

// offer is what a server offers.
type offer struct {
	faults   []fault // that break every client
	warnings []fault
	// mechanisms are the ways to log in, in upper case: of SASL, and LOGIN or USER
	// for the commands of IMAP and POP3. nil when the server was not reached.
	mechanisms []string
}

// probe connects to each address of a server and has the conversation that a
// client has before it logs in.
func (x *examination) probe(ctx context.Context, s server) offer {
	where := s.String()
	if !x.net.mayConnect(net.JoinHostPort(s.host, strconv.Itoa(s.port))) {
		return offer{faults: []fault{{"server-not-named", where, "the settings do not name this server, so nobody connects to it here", "Correct the record or document that leads there."}}}
	}
	all, f := x.net.resolve(ctx, s.host, uint16(s.port)) //nolint:gosec // a port
	if f != nil {
		at := f.at(where)
		if at.id == absent {
			at.id = "host-no-address"
		}
		return offer{faults: []fault{at}}
	}
	var whole offer
	reached := false
	var unreachable []fault
	for _, to := range all {
		conn, f := x.net.connect(ctx, to, where)
		switch {
		case f != nil && f.id == noRoute:
			continue
		case f != nil:
			f.seen = fmt.Sprintf("no connection to %s: %s", to.Addr(), strings.TrimPrefix(f.seen, "no connection: "))
			unreachable = append(unreachable, *f)
			continue
		}
		reached = true
		one := x.converse(ctx, conn, s)
		whole.faults = appendNew(whole.faults, one.faults...)
		whole.warnings = appendNew(whole.warnings, one.warnings...)
		if whole.mechanisms == nil || one.mechanisms != nil {
			whole.mechanisms = one.mechanisms
		}
	}
	switch {
	case reached && len(unreachable) > 0:
		f := unreachable[0]
		f.id = "address-unreachable"
		f.fix = "Make the server listen on all its addresses, or remove the record of this one."
		whole.warnings = append(whole.warnings, f)
	case !reached && len(unreachable) > 0:
		whole.faults = append(whole.faults, unreachable[0])
	case !reached:
		whole.faults = append(whole.faults, fault{"unreachable", where, "this machine has no route to its addresses", "Publish an IPv4 address as well."})
	}
	return whole
}

func appendNew(all []fault, more ...fault) []fault {
	for _, f := range more {
		if !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all
}

// talk is a conversation of lines, with limits on the input.
type talk struct {
	net.Conn
	in    *bufio.Reader
	lines int
}

var (
	errTooMuch = errors.New("the server sends too much")
	errRefused = errors.New("the server refuses the command")
)

func newTalk(conn net.Conn) *talk { return &talk{Conn: conn, in: bufio.NewReaderSize(conn, maxLine)} }

func (t *talk) receive() (string, error) {
	if t.lines++; t.lines > maxLines {
		return "", errTooMuch
	}
	line, err := t.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errTooMuch
	}
	return strings.TrimRight(string(line), "\r\n"), err
}

func (t *talk) send(line string) error {
	_, err := io.WriteString(t, line+"\r\n")
	return err
}

// converse reads the greeting and the capabilities, and starts TLS.
func (x *examination) converse(ctx context.Context, conn net.Conn, s server) (found offer) {
	defer func() { _ = conn.Close() }()
	deadline := time.Now().Add(x.net.wait(fmt.Sprint(s, " ", s.security), talkTime))
	if total, ok := ctx.Deadline(); ok && total.Before(deadline) {
		deadline = total
	}
	where := s.String()
	fail := func(id, seen, fix string) offer {
		found.faults = append(found.faults, fault{id, where, seen, fix})
		return found
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return fail("unreachable", "no connection: "+reason(err), "Start the server.")
	}
	t := newTalk(conn)
	encrypt := func() *offer {
		over := tls.Client(t.Conn, x.net.handshakeConfig(s.host))
		if err := over.HandshakeContext(ctx); err != nil {
			failed := fail(handshakeFault(err))
			return &failed
		}
		refused, warnings := x.net.certificateFaults(over.ConnectionState(), s.host, where)
		found.faults, found.warnings = append(found.faults, refused...), append(found.warnings, warnings...)
		t = newTalk(over)
		return nil
	}
	if s.security == client.TLS {
		if failed := encrypt(); failed != nil {
			return *failed
		}
	}
	if err := t.greeting(s.protocol); err != nil {
		return fail(greetingFault(err, s))
	}
	capabilities, err := t.capabilities(s.protocol)
	if err != nil {
		return fail("protocol-broken", "the server does not list its capabilities: "+reason(err), "Check that the server at this port speaks "+strings.ToUpper(s.protocol)+".")
	}
	switch s.security {
	case client.STARTTLS, client.Negotiated:
		if failed := x.startTLS(t, s, capabilities, &found); failed {
			return found
		}
		if failed := encrypt(); failed != nil {
			return *failed
		}
		if s.protocol == managesieve { // which lists them unasked (RFC 5804 section 2.2)
			_, err = t.answer(s.protocol)
		}
		if err == nil {
			capabilities, err = t.capabilities(s.protocol)
		}
		if err != nil {
			return fail("protocol-broken", "the server does not list its capabilities inside TLS: "+reason(err), "Check the log of the server.")
		}
	case client.Plaintext, "":
		found.warnings = append(found.warnings, fault{"plaintext-advertised", where, "clients are told to send the password without encryption", "Offer TLS, and advertise it in place of plaintext."})
	case client.TLS:
	}
	found.mechanisms = capabilities.mechanisms(s.protocol)
	if len(found.mechanisms) == 0 {
		found.faults = append(found.faults, fault{"auth-missing", where, "the server offers no way to log in", "Enable authentication on this port (for Postfix: smtpd_sasl_auth_enable = yes)."})
	}
	_ = t.send(map[string]string{"imap": "z LOGOUT", "pop3": "QUIT", "smtp": "QUIT", managesieve: "LOGOUT"}[s.protocol]) // the conversation is over
	return found
}

// startTLS asks for TLS. It notes the fault of a server that does not offer it.
func (x *examination) startTLS(t *talk, s server, offered capabilities, found *offer) (failed bool) {
	where := s.String()
	command := map[string]string{"imap": "a STARTTLS", "pop3": "STLS", "smtp": "STARTTLS", managesieve: "STARTTLS"}[s.protocol]
	want := strings.TrimPrefix(command, "a ")
	if !offered.has(want) {
		fix := "Enable TLS on the port."
		if port, ok := implicitPort(s.protocol); ok {
			fix = "Enable TLS on the port, or advertise implicit TLS on " + port + "."
		}
		found.faults = append(found.faults, fault{"starttls-missing", where, "the server does not offer " + want + ", which clients are told to use", fix})
		return true
	}
	if slices.ContainsFunc(offered.mechanisms(s.protocol), func(m string) bool { return m == "PLAIN" || m == "AUTH LOGIN" }) {
		found.warnings = append(found.warnings, fault{"auth-without-tls", where, "the server takes passwords before TLS has started",
			"Offer authentication over TLS only (Dovecot: auth_allow_cleartext = no; Postfix: smtpd_tls_auth_only = yes)."})
	}
	line, err := "", t.send(command)
	if err == nil {
		line, err = t.answer(s.protocol)
	}
	if err == nil && t.in.Buffered() > 0 {
		err = errors.New("data came before TLS")
	}
	if err != nil {
		found.faults = append(found.faults, fault{"starttls-fails", where, fmt.Sprintf("%s fails: %s", want, strings.TrimSpace(line+" "+reason(err))), "Check the certificate and key that the server loads, and its log."})
		return true
	}
	return false
}

// implicitPort returns the port of a protocol for implicit TLS; false when there is
// none.
func implicitPort(protocol string) (port string, ok bool) {
	port, ok = map[string]string{"imap": "993", "pop3": "995", "smtp": "465"}[protocol]
	return port, ok
}

func handshakeFault(err error) (id, seen, fix string) {
	switch {
	case errors.As(err, new(tls.RecordHeaderError)):
		return "tls-not-offered", "the server does not speak TLS on this port from the first byte", "Enable implicit TLS on the port, or advertise STARTTLS."
	case strings.Contains(err.Error(), "protocol version"):
		return "tls-old-protocol", "the server offers no version of TLS that is still in use", "Enable TLS 1.2 and TLS 1.3 on the server."
	}
	return "tls-fails", "TLS does not start: " + reason(err), "Check the certificate and key that the server loads, and its log."
}

func greetingFault(err error, s server) (id, seen, fix string) {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "greeting-missing", "the server does not greet", "Check whether the port expects TLS from the first byte, and whether a firewall delays the greeting."
	}
	return "wrong-protocol", "the server does not greet as a server of " + strings.ToUpper(s.protocol) + " does: " + reason(err), "Check which server listens on the port."
}

// greeting reads the first line, which has a form in each protocol.
func (t *talk) greeting(protocol string) error {
	if protocol == "smtp" || protocol == managesieve {
		_, err := t.answer(protocol)
		return err
	}
	line, err := t.receive()
	if err != nil {
		return err
	}
	for _, start := range map[string][]string{"imap": {"* OK", "* PREAUTH"}, "pop3": {"+OK"}}[protocol] {
		if strings.HasPrefix(strings.ToUpper(line), start) {
			return nil
		}
	}
	return fmt.Errorf("%.80q", line)
}

// answer reads the answer to a command, to its last line. It is an error unless it
// is positive.
func (t *talk) answer(protocol string) (last string, err error) {
	for {
		line, err := t.receive()
		if err != nil {
			return line, err
		}
		upper := strings.ToUpper(line)
		switch protocol {
		case "imap":
			if strings.HasPrefix(upper, "A ") {
				return line, refusedUnless(strings.HasPrefix(upper, "A OK"))
			}
		case "pop3":
			return line, refusedUnless(strings.HasPrefix(upper, "+OK"))
		case "smtp":
			if len(line) < 4 || line[3] != '-' {
				return line, refusedUnless(strings.HasPrefix(line, "2"))
			}
		case managesieve:
			if ended, positive := sieveEnd(upper); ended {
				return line, refusedUnless(positive)
			}
		}
	}
}

// sieveEnd reports whether a line ends an answer of ManageSieve (RFC 5804 section
// 1.2).
func sieveEnd(upper string) (ended, positive bool) {
	word, _, _ := strings.Cut(upper, " ")
	return slices.Contains([]string{"OK", "NO", "BYE"}, word), word == "OK"
}

func refusedUnless(ok bool) error {
	if ok {
		return nil
	}
	return errRefused
}

// capabilities are the words of each line of a list, in upper case.
type capabilities [][]string

// capabilities asks what the server offers.
func (t *talk) capabilities(protocol string) (capabilities, error) {
	command := map[string]string{"imap": "a CAPABILITY", "pop3": "CAPA", "smtp": "EHLO " + literal(t.LocalAddr()), managesieve: "CAPABILITY"}[protocol]
	if err := t.send(command); err != nil {
		return nil, err
	}
	var all capabilities
	for {
		line, err := t.receive()
		if err != nil {
			return nil, err
		}
		words := strings.Fields(strings.ToUpper(line))
		if protocol == managesieve {
			if ended, positive := sieveEnd(strings.ToUpper(line)); ended {
				return all, refusedUnless(positive)
			}
			words = strings.Fields(strings.ReplaceAll(strings.ToUpper(line), `"`, " "))
		}
		switch {
		case len(words) == 0:
		case protocol == managesieve:
			all = append(all, words)
		case protocol == "imap" && words[0] == "A":
			return all, refusedUnless(len(words) > 1 && words[1] == "OK")
		case protocol == "imap" && len(words) > 2 && words[0] == "*" && words[1] == "CAPABILITY":
			all = append(all, words[2:])
		case protocol == "pop3" && words[0] == ".":
			return all, nil
		case protocol == "pop3" && words[0] == "-ERR":
			return all, nil // an old server without CAPA (RFC 2449), which takes USER
		case protocol == "pop3" && words[0] != "+OK":
			all = append(all, words)
		case protocol == "smtp" && len(line) > 3:
			if line[0] != '2' {
				return nil, errRefused
			}
			if words = strings.Fields(strings.ToUpper(line[4:])); len(words) > 0 {
				all = append(all, words)
			}
			if line[3] != '-' {
				return all, nil
			}
		}
	}
}

// literal returns an address as SMTP writes it in place of a name.
func literal(a net.Addr) string {
	host, _, _ := net.SplitHostPort(a.String())
	if strings.Contains(host, ":") {
		host = "IPv6:" + host
	}
	return "[" + host + "]"
}

func (c capabilities) has(word string) bool {
	return slices.ContainsFunc(c, func(words []string) bool { return slices.Contains(words, word) })
}

// mechanisms returns the ways to log in.
func (c capabilities) mechanisms(protocol string) []string {
	var all []string
	if protocol == "imap" && !c.has("LOGINDISABLED") {
		all = append(all, "LOGIN")
	}
	for _, words := range c {
		switch {
		case protocol == "imap":
			for _, w := range words {
				if m, ok := strings.CutPrefix(w, "AUTH="); ok {
					all = append(all, saslName(m))
				}
			}
		case protocol == "pop3" && words[0] == "USER":
			all = append(all, "LOGIN")
		case (protocol == "pop3" || protocol == managesieve) && words[0] == "SASL", protocol == "smtp" && words[0] == "AUTH":
			for _, m := range words[1:] {
				all = append(all, saslName(m))
			}
		case protocol == "smtp" && strings.HasPrefix(words[0], "AUTH="): // an old form
			all = append(all, saslName(strings.TrimPrefix(words[0], "AUTH=")))
		}
	}
	return all
}

// saslName distinguishes the mechanism LOGIN from the command.
func saslName(mechanism string) string {
	if mechanism == "LOGIN" {
		return "AUTH LOGIN"
	}
	return mechanism
}

// accepts reports whether a server offers a way to log in of the settings file.
func accepts(mechanisms []string, way string) bool {
	fits := func(names ...string) bool {
		return slices.ContainsFunc(mechanisms, func(m string) bool { return slices.Contains(names, m) })
	}
	switch way {
	case client.Password:
		return fits("PLAIN", "LOGIN", "AUTH LOGIN")
	case client.PasswordChallenge:
		return fits("CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS")
	case client.OAuth2:
		return fits("XOAUTH2", "OAUTHBEARER")
	case client.GSSAPI:
		return fits("GSSAPI", "GSS-SPNEGO")
	case client.NTLM:
		return fits("NTLM")
	}
	return true // none, or what the client negotiates
}

// standardSecurity returns what clients expect on a registered port; "" for any
// other port.
func standardSecurity(port int) client.Security {
	switch port {
	case 993, 995, 465:
		return client.TLS
	case 143, 110, 587, 4190:
		return client.STARTTLS
	}
	return ""
}

// examineServer probes a server once and returns what breaks a client that logs in
// this way, and warnings for everybody.
func (x *examination) examineServer(ctx context.Context, s client.Server) (breaks, warnings []fault) {
	key := server{s.Protocol, strings.TrimSuffix(strings.ToLower(s.Host), "."), s.Port, s.Security}
	if !slices.Contains([]string{"imap", "pop3", "smtp", managesieve}, s.Protocol) {
		return nil, nil
	}
	found := x.offerOf(ctx, key)
	for _, f := range found.faults {
		expected := standardSecurity(s.Port)
		if slices.Contains([]string{"tls-not-offered", "starttls-missing", "greeting-missing", "wrong-protocol"}, f.id) && expected != "" && expected != s.Security && len(x.offerOf(ctx, server{key.protocol, key.host, key.port, expected}).faults) == 0 {
			f = fault{"security-port-mismatch", key.String(), fmt.Sprintf("clients are told to use %s on port %s, where the server uses %s", securityName(s.Security), strconv.Itoa(s.Port), securityName(expected)),
				fmt.Sprintf("Advertise %s for port %d.", securityName(expected), s.Port)}
		}
		breaks = append(breaks, f)
	}
	if len(found.mechanisms) > 0 && !accepts(found.mechanisms, s.Auth) {
		breaks = append(breaks, fault{"auth-differs", key.String(), fmt.Sprintf("clients are told to log in by %s, which the server does not offer; it offers %s", s.Auth, strings.Join(found.mechanisms, ", ")),
			"Enable the method on the server, or advertise one that it offers."})
	}
	return breaks, found.warnings
}

func securityName(s client.Security) string {
	switch s {
	case client.TLS:
		return "implicit TLS"
	case client.STARTTLS:
		return "STARTTLS"
	case client.Negotiated:
		return "TLS or STARTTLS"
	case client.Plaintext:
	}
	return "plaintext"
}
