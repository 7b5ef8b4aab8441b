package proxies

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/acmetest"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

// patience is a time limit that only a failure runs into.
const patience = time.Minute

// proxy is a real web server in front of Waymark.
type proxy struct {
	http, https string // addresses
	roots       *x509.CertPool
}

// names returns the host names in the certificates.
func names() []string {
	return []string{"waymark.example.org", "autoconfig.example.org", "autodiscover.example.org", "ua-auto-config.example.org", "example.org"}
}

// other is a website that existed before: nginx serves it for every name that the
// file does not list. It has no https, because the first server with https
// decides the TLS versions of all.
const other = "server { listen 127.0.0.1:%s default_server; return 421; }\n"

// startNginx runs nginx.conf as Debian's nginx.conf includes files of conf.d.
func startNginx(t *testing.T, upstream string) proxy {
	t.Helper()
	program := programs.Need(t, "nginx", "nginx-light")
	chain, key, roots := certificate(t)
	http, https := programs.FreePort(t), programs.FreePort(t)
	v6 := ""
	if !hasIPv6() {
		v6 = "#"
	}
	conf := copied(t, "nginx.conf",
		"waymark:8080", upstream,
		"listen 80;", "listen 127.0.0.1:"+http+";",
		"listen [::]:80;", v6+"listen [::1]:"+http+";",
		"listen 443 ssl", "listen 127.0.0.1:"+https+" ssl",
		"listen [::]:443 ssl", v6+"listen [::1]:"+https+" ssl",
		"/etc/ssl/waymark/fullchain.pem", chain,
		"/etc/ssl/waymark/privkey.pem", key,
	)
	dir := t.TempDir()
	var temp strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temp, "%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	main := filepath.Join(dir, "nginx.conf")
	textfile.Write(t, main, fmt.Sprintf("daemon off;\nuser root;\npid %s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n%s%sinclude %s;\n}\n",
		dir, temp.String(), fmt.Sprintf(other, http), conf))
	start(t, nil, program, "-e", "stderr", "-c", main)
	return await(t, proxy{"127.0.0.1:" + http, "127.0.0.1:" + https, roots})
}

// startHAProxy runs haproxy.cfg.
func startHAProxy(t *testing.T, upstream string) proxy {
	t.Helper()
	program := programs.Need(t, "haproxy", "haproxy")
	chain, key, roots := certificate(t)
	both := filepath.Join(t.TempDir(), "certs")
	if err := os.Mkdir(both, 0o700); err != nil {
		t.Fatal(err)
	}
	textfile.Write(t, filepath.Join(both, "waymark.pem"), textfile.Read(t, chain)+textfile.Read(t, key))
	http, https := programs.FreePort(t), programs.FreePort(t)
	both80, both443 := "127.0.0.1:"+http, "127.0.0.1:"+https
	if hasIPv6() {
		both80, both443 = both80+",[::1]:"+http, both443+",[::1]:"+https
	}
	conf := copied(t, "haproxy.cfg",
		"waymark:8080", upstream,
		":::80 v4v6\n", both80+"\n",
		":::443 v4v6 ssl", both443+" ssl",
		"/etc/haproxy/certs/", both,
	)
	start(t, nil, program, "-db", "-dW", "-f", conf) // no warnings, such as of a missing time-out
	return await(t, proxy{"127.0.0.1:" + http, "127.0.0.1:" + https, roots})
}

// startCaddy runs the Caddyfile behind options that give it an authority of
// its own, since no public one would issue a certificate here.
func startCaddy(t *testing.T, upstream string) proxy {
	t.Helper()
	p := runCaddy(t, copied(t, "Caddyfile", "waymark:8080", upstream), nil)
	// It issues certificates while it listens already.
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if slices.IndexFunc(names(), func(name string) bool { return !handshakes(p, name) }) < 0 {
			return p
		}
		if time.Now().After(deadline) {
			t.Fatal("Caddy does not have every certificate")
		}
	}
}

// runCaddy runs a Caddyfile, with certificates of an authority; nil for Caddy's own.
func runCaddy(t *testing.T, conf string, authority *acmetest.Authority) proxy {
	t.Helper()
	program := programs.Need(t, "caddy", "caddy")
	http, https := programs.FreePort(t), programs.FreePort(t)
	dir := t.TempDir()
	bind := "127.0.0.1"
	if hasIPv6() {
		bind += " [::1]"
	}
	issuer := "local_certs\nskip_install_trust"
	if authority != nil {
		authority.Validate(number(t, http), number(t, https))
		issuer = fmt.Sprintf("acme_ca %s\nacme_ca_root %s", authority.URL, authority.WriteServer(t))
	}
	options := fmt.Sprintf("{\nhttp_port %s\nhttps_port %s\ndefault_bind %s\n%s\nadmin off\nstorage file_system %s\n", http, https, bind, issuer, dir)
	sites := textfile.Read(t, conf)
	if own, ok := strings.CutPrefix(strings.TrimLeft(withoutComments(sites), "\n"), "{\n"); ok {
		sites = own // the file has options too
	} else {
		options += "}\n"
	}
	textfile.Write(t, conf, options+sites)
	start(t, []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "XDG_DATA_HOME=" + dir}, program, "run", "--adapter", "caddyfile", "--config", conf)
	p := await(t, proxy{http: "127.0.0.1:" + http, https: "127.0.0.1:" + https, roots: x509.NewCertPool()})
	if authority != nil {
		p.roots = authority.Root
		return p
	}
	if !p.roots.AppendCertsFromPEM([]byte(textfile.Read(t, filepath.Join(dir, "pki", "authorities", "local", "root.crt")))) {
		t.Fatal("Caddy made no authority")
	}
	return p
}

func number(t *testing.T, port string) int {
	t.Helper()
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// withoutComments returns a Caddyfile without its lines of comment.
func withoutComments(text string) string {
	return regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(text, "")
}

func handshakes(p proxy, name string) bool {
	conn, err := tls.Dial("tcp", p.https, &tls.Config{ServerName: name, RootCAs: p.roots, MinVersion: tls.VersionTLS12})
	return err == nil && conn.Close() == nil
}

// copied returns the path of a copy of a file with other addresses and paths.
func copied(t *testing.T, path string, oldnew ...string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(path))
	textfile.Write(t, to, textfile.Replaced(t, path, oldnew...))
	return to
}

// start runs a web server until the test ends, and shows its log when the test
// failed.
func start(t *testing.T, env []string, program string, args ...string) {
	t.Helper()
	log := &programs.Log{}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("%s ended early: %v", program, err)
		}
		_ = cmd.Wait() // some servers report the signal as their status
		if t.Failed() {
			t.Logf("%s:\n%s", program, log)
		}
	})
}

// await returns the proxy once both of its ports can be connected to.
func await(t *testing.T, p proxy) proxy {
	t.Helper()
	deadline := time.Now().Add(patience)
	for _, address := range []string{p.http, p.https} {
		for {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				_ = conn.Close()
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("nothing listens on %s", address)
			}
			time.Sleep(20 * time.Millisecond) // there is no notification for an open port
		}
	}
	return p
}

// hasIPv6 reports whether loopback has ::1.
func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	return err == nil && l.Close() == nil
}

// certificate writes a throw-away certificate for every name, and its key.
func certificate(t *testing.T) (chain, key string, roots *x509.CertPool) {
	t.Helper()
	root := certtest.Authority("Test Root", nil)
	chain, key = root.Server(names()...).Write(t, t.TempDir(), root)
	return chain, key, root.Pool()
}
