package attack

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/waymark"
)

// provider is a provider and its domain, for a settings file.
const provider = `
providers:
  one:
    services:
      - {protocol: imap, host: mail.example.com}
      - {protocol: submission, host: mail.example.com}
domains:
  example.com: {provider: one}
`

// house is a running Waymark that is attacked, with its customers.
type house struct {
	*waymark.Waymark
	tls *tls.Config
}

// start serves a settings file with HTTPS.
func start(t *testing.T, settings string, env ...string) house {
	t.Helper()
	authority := certtest.Authority("Attack", nil)
	cert, key := authority.Server("127.0.0.1").Write(t, t.TempDir())
	w := waymark.Start(t, fmt.Sprintf(`listen: "127.0.0.1:0"
tls: {listen: "127.0.0.1:0", cert_file: %q, key_file: %q}
ops: {listen: "127.0.0.1:0"}
`, cert, key)+settings+provider, env...)
	return house{w, &tls.Config{RootCAs: authority.Pool(), ServerName: "127.0.0.1"}}
}

// customers visit the house from an address of their own.
func (h house) customers() Customers {
	return Customers{HTTP: h.HTTP, HTTPS: h.HTTPS, TLS: h.tls, From: "127.0.0.9", Domain: "example.com", Clients: 30, Pause: 300 * time.Millisecond}
}

// visit sends the customers of a house and those of a control, which is not
// attacked, at the same time.
func visit(ctx context.Context, attacked, control house) (seen, normal Report) {
	var both sync.WaitGroup
	both.Go(func() { seen = attacked.customers().Visit(ctx) })
	both.Go(func() { normal = control.customers().Visit(ctx) })
	both.Wait()
	return seen, normal
}

// during runs an attack and has customers visit for so long, once it is on.
func (h house) during(t *testing.T, d time.Duration, attack func()) {
	t.Helper()
	before := h.Memory(t)
	control := start(t, "")
	attack()
	ctx, stop := context.WithTimeout(t.Context(), d)
	defer stop()
	seen, normal := visit(ctx, h, control)
	seen.Check(t, normal)
	t.Logf("memory: %d MiB before, %d MiB after", before>>20, h.Memory(t)>>20)
}
