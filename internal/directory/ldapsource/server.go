package ldapsource

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/waymark-mail/waymark/internal/directory/source"
	"github.com/waymark-mail/waymark/internal/files"
)

// server is where to connect and how to bind.
type server struct {
	network, address string
	tls              *tls.Config // nil without TLS
	startTLS         bool
	bindDN, password string
}

// newServer checks the options and returns all errors.
func newServer(o source.LDAP) (*server, []error) {
	s := &server{startTLS: o.StartTLS, bindDN: o.BindDN, password: o.BindPassword}
	scheme, host, err := s.parseURL(o.URL)
	if err != nil {
		return nil, []error{fmt.Errorf("url: %w", err)}
	}
	var errs []error
	encrypted := scheme == "ldaps" || scheme == "ldap" && o.StartTLS
	switch {
	case o.StartTLS && scheme != "ldap":
		errs = append(errs, fmt.Errorf("start_tls: requires ldap://, not %s://", scheme))
	case o.CAFile != "" && !encrypted:
		errs = append(errs, errors.New("ca_file: the connection has no TLS; use ldaps:// or start_tls"))
	case encrypted:
		s.tls = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		if s.tls.RootCAs, err = readAuthorities(o.CAFile); err != nil {
			errs = append(errs, fmt.Errorf("ca_file: %w", err))
		}
	}
	switch {
	case o.BindDN == "" && o.BindPassword != "":
		errs = append(errs, errors.New("bind_password: requires bind_dn"))
	case o.BindDN != "" && o.BindPassword == "":
		// Servers accept an empty password as an anonymous bind (RFC 4513 section 5.1.2).
		errs = append(errs, errors.New("bind_dn: requires bind_password"))
	case o.BindPassword != "" && scheme == "ldap" && !encrypted && !isLoopback(host):
		errs = append(errs, errors.New("bind_password: would be sent unencrypted; use ldaps:// or start_tls"))
	}
	return s, errs
}

const defaultSocket = "/var/run/slapd/ldapi"

// parseURL sets the address of the server.
func (s *server) parseURL(text string) (scheme, host string, err error) {
	if path, ok := strings.CutPrefix(text, "ldapi://"); ok {
		// The host is the path of the socket with encoded slashes, which net/url
		// rejects.
		if path, err = url.PathUnescape(strings.TrimSuffix(path, "/")); err != nil || path != "" && path[0] != '/' {
			return "", "", errors.New("must name the socket, such as ldapi://%2Fvar%2Frun%2Fslapd%2Fldapi")
		}
		if path == "" {
			path = defaultSocket
		}
		s.network, s.address = "unix", path
		return "ldapi", "", nil
	}
	u, err := url.Parse(text)
	port := map[string]string{"ldap": ldap.DefaultLdapPort, "ldaps": ldap.DefaultLdapsPort}
	switch {
	case err != nil || u.Hostname() == "" || port[u.Scheme] == "":
		return "", "", errors.New("must be ldap://host, ldaps://host or ldapi://socket")
	case u.User != nil:
		return "", "", errors.New("must not contain a user; use bind_dn and bind_password")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return "", "", errors.New("must end after the host and port; the base belongs in base_dn")
	}
	number := port[u.Scheme]
	if u.Port() != "" {
		number = u.Port()
	}
	if n, err := strconv.ParseUint(number, 10, 16); err != nil || n == 0 {
		return "", "", errors.New("has a port that is not a number from 1 to 65535")
	}
	s.network, s.address = "tcp", net.JoinHostPort(u.Hostname(), number)
	return u.Scheme, u.Hostname(), nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// maxAuthorities is far more octets than all authorities of a system have.
const maxAuthorities = 16 << 20

// readAuthorities returns the certificate authorities in a PEM file; nil, which
// means the system's, for "".
func readAuthorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := files.Read(file, maxAuthorities)
	if err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(text) {
		return nil, errors.New("contains no PEM certificate")
	}
	return authorities, nil
}

// connect returns a connection that is ready for searches. The errors can be
// shown as they are.
func (s *server) connect(ctx context.Context) (*conn, error) {
	dialed, err := new(net.Dialer).DialContext(ctx, s.network, s.address)
	if err != nil {
		return nil, lost(ctx, unreachable, err)
	}
	w := &wire{Conn: dialed}
	w.allow()
	var talk net.Conn = w
	if s.tls != nil && !s.startTLS {
		encrypted := tls.Client(w, s.tls)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			_ = dialed.Close()
			return nil, tlsFailed(ctx, err)
		}
		talk = encrypted
	}
	c := &conn{wire: w, ldap: ldap.NewConn(talk, s.tls != nil && !s.startTLS)}
	c.ldap.Start()
	if err := s.greet(ctx, c); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// greet starts TLS and binds.
func (s *server) greet(ctx context.Context, c *conn) error {
	if s.startTLS {
		if _, err := c.run(ctx, func(l *ldap.Conn) error { return l.StartTLS(s.tls) }); err != nil {
			return startTLSFailed(ctx, err)
		}
	}
	if s.bindDN != "" {
		if _, err := c.run(ctx, func(l *ldap.Conn) error { return l.Bind(s.bindDN, s.password) }); err != nil {
			return bindFailed(ctx, err)
		}
	}
	return nil
}
