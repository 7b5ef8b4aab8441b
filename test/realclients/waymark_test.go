package realclients

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// waymark is the whole service, running on loopback with the settings file of
// an example.
type waymark struct {
	cfg         *config.Config
	http, https string // addresses
	log         *lines
}

// start runs the service with examples/<name>. Only the example's listeners
// and its files, which are for a machine that has them, are put elsewhere.
func start(t *testing.T, example string, change func(*config.Config)) *waymark {
	t.Helper()
	file := filepath.Join("..", "..", "examples", example)
	load := func() (*config.Config, config.Findings) {
		cfg, findings := config.Load(file, config.Environment{Getenv: os.LookupEnv, ReadFile: os.ReadFile})
		if !findings.HasErrors() {
			cfg.Listen, cfg.Ops.Listen, cfg.TLS, cfg.Signing = "127.0.0.1:0", "127.0.0.1:0", nil, nil
			change(cfg)
		}
		return cfg, findings
	}
	cfg, findings := load()
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	log := &lines{}
	svc, err := service.New(t.Context(), cfg, findings, service.Options{
		Load: load, StateDir: t.TempDir(), Metrics: telemetry.NewMetrics("", ""),
		Log: zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), log, zap.InfoLevel)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- svc.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the service stopped with %v", err)
		}
	})
	w := &waymark{cfg: cfg, http: svc.Addr("http"), log: log}
	if cfg.TLS != nil {
		w.https = svc.Addr("https")
	}
	return w
}

// withTLS makes the service answer https, too.
func withTLS(certFile, keyFile string) func(*config.Config) {
	return func(cfg *config.Config) {
		cfg.TLS = &config.TLS{Listen: "127.0.0.1:0", CertFile: certFile, KeyFile: keyFile}
	}
}

// route returns the "name:port" of a host that is given as "scheme://name", and
// the listener that it shall lead to.
func (w *waymark) route(host string) (at, listener string) {
	if name, ok := strings.CutPrefix(host, "https://"); ok {
		return name + ":443", w.https
	}
	return strings.TrimPrefix(host, "http://") + ":80", w.http
}

// answerOn adds hosts to the routes of a network.
func (w *waymark) answerOn(t *testing.T, routes map[string]string, hosts []string) {
	t.Helper()
	for _, host := range hosts {
		at, listener := w.route(host)
		if routes[at] != "" {
			t.Fatalf("%s is in two cases", host)
		}
		routes[at] = listener
	}
}

// namesOf returns the names of hosts that are given as "scheme://host".
func namesOf(hosts []string) []string {
	var names []string
	for _, host := range hosts {
		_, name, _ := strings.Cut(host, "://")
		names = append(names, name)
	}
	return names
}

// canonical returns the settings of an address, which every client shall end
// up with. host is the domain of the host name that the client comes by where
// that counts, else "".
func (w *waymark) canonical(t *testing.T, email, host string) settings.Settings {
	t.Helper()
	a, err := address.Parse(email)
	if err != nil {
		t.Fatal(err)
	}
	found, err := service.Resolve(t.Context(), w.cfg, settings.Query{Domain: a.Domain, Address: a, Host: address.Domain(host)})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// get fetches a path from the plain listener.
func (w *waymark) get(t *testing.T, path string) []byte {
	t.Helper()
	resp, err := http.Get("http://" + w.http + path)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if cerr := resp.Body.Close(); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", path, resp.StatusCode, body)
	}
	return body
}

// lines keeps what a program says, for a test that fails.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) Sync() error { return nil }

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
