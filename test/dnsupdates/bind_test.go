package dnsupdates

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/waymark-mail/waymark/test/dnstest"
	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

// patience is a time limit that only a failure runs into.
const patience = 2 * time.Minute

// bind is a BIND with three zones: example.com, with the policy of the guide;
// customer.example, which nobody may change, with a CNAME record for each challenge; and
// acme.example.org, where those lead to.
type bind struct {
	address string
	key     string // named waymark

	keyFile, otherKeyFile string // that key, and one that it does not know
}

const otherKey = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="

const zone = "$TTL 60\n@ SOA ns.example.net. ops.example.net. 1 3600 600 86400 60\n@ NS ns.example.net.\n"

func startBIND(t *testing.T) *bind {
	t.Helper()
	named := programs.Need(t, "named", "bind9")
	dir, port := t.TempDir(), programs.FreePort(t)
	generated := programs.Output(t, exec.CommandContext(t.Context(), programs.Need(t, "tsig-keygen", "bind9"), "-a", "hmac-sha256", "waymark"))
	key := regexp.MustCompile(`secret "([^"]+)"`).FindStringSubmatch(generated)
	if key == nil {
		t.Fatal("tsig-keygen prints no secret")
	}
	_, guide, ok := strings.Cut(textfile.Read(t, "../../docs/tls.md"), "```\nzone \"example.com\"")
	if !ok {
		t.Fatal("the guide has no zone")
	}
	guide, _, _ = strings.Cut(guide, "```")
	textfile.Write(t, filepath.Join(dir, "example.com.zone"), zone)
	textfile.Write(t, filepath.Join(dir, "acme.example.org.zone"), zone)
	textfile.Write(t, filepath.Join(dir, "customer.example.zone"), zone+
		"_acme-challenge.autoconfig CNAME _acme-challenge.acme.example.org.\n_acme-challenge.autodiscover CNAME _acme-challenge.acme.example.org.\n")
	settings := filepath.Join(dir, "named.conf")
	textfile.Write(t, settings, strings.NewReplacer("DIR", dir, "PORT", port, "/var/lib/bind", dir).Replace(`
options {
  directory "DIR";
  listen-on port PORT { 127.0.0.1; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile none;
  recursion no;
  dnssec-validation no;
};
controls { };
`+generated+`
zone "example.com"`+guide+`
zone "customer.example" { type primary; file "customer.example.zone"; };
zone "acme.example.org" {
  type primary;
  file "acme.example.org.zone";
  update-policy { grant waymark name _acme-challenge.acme.example.org. TXT; };
};
`))
	b := &bind{address: "127.0.0.1:" + port, key: key[1], keyFile: filepath.Join(dir, "tsig.key"), otherKeyFile: filepath.Join(dir, "other.key")}
	textfile.Write(t, b.otherKeyFile, otherKey+"\n")
	textfile.Write(t, b.keyFile, b.key+"\n")
	b.run(t, exec.Command(named, "-g", "-n", "1", "-c", settings))
	return b
}

// run runs it until the test ends.
func (b *bind) run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var log programs.Log
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := <-exited; err != nil {
			t.Errorf("named: %v", err)
		}
		if t.Failed() {
			t.Logf("the log of named:\n%s", &log)
		}
	})
	log.Next(" running", patience)
}

// resolver starts a resolver for an authority, which follows an alias from zone to zone.
func (b *bind) resolver(t *testing.T) string {
	t.Helper()
	client := &dns.Client{Net: "tcp", Timeout: patience}
	return dnstest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		reply, _, err := client.Exchange(r, b.address)
		if err == nil && len(reply.Answer) == 1 {
			if alias, ok := reply.Answer[0].(*dns.CNAME); ok {
				var target *dns.Msg
				if target, _, err = client.Exchange(new(dns.Msg).SetQuestion(alias.Target, r.Question[0].Qtype), b.address); err == nil {
					reply.Answer = append(reply.Answer, target.Answer...)
				}
			}
		}
		if err != nil {
			reply = new(dns.Msg).SetRcode(r, dns.RcodeServerFailure)
		}
		_ = w.WriteMsg(reply)
	})).String()
}

// challenges returns how many TXT records there are at a name.
func (b *bind) challenges(t *testing.T, name string) int {
	t.Helper()
	client := &dns.Client{Net: "tcp", Timeout: patience}
	reply, _, err := client.ExchangeContext(t.Context(), new(dns.Msg).SetQuestion(name, dns.TypeTXT), b.address)
	if err != nil {
		t.Fatal(err)
	}
	return len(reply.Answer)
}

// settings returns the block dns of the settings file.
func (b *bind) settings(more string) string {
	return fmt.Sprintf(`{server: %q, key_name: waymark, key: "${file:%s}"%s}`, b.address, b.keyFile, more)
}
