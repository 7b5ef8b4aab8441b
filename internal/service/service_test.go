package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/sign"
	"github.com/waymark-mail/waymark/internal/telemetry"
	"github.com/waymark-mail/waymark/test/certtest"
	"github.com/waymark-mail/waymark/test/openapi"
)

// house is a service that runs for one test, with its settings file.
type house struct {
	t       *testing.T
	dir     string
	file    string
	svc     *Service
	metrics *telemetry.Metrics
	logs    *observer.ObservedLogs
	client  *http.Client // holds what it gets against the description
	stop    func()       // ends the service before the test does
	ahead   atomic.Int64 // of the clock of the service, as a time.Duration
}

// settingsFor returns a settings file whose only IMAP host is host.
func settingsFor(host string, more ...string) string {
	return fmt.Sprintf(`listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
%s
providers:
  one:
    services:
      - {protocol: imap, host: %s}
      - {protocol: submission, host: %s}
domains:
  example.com: {provider: one}
`, strings.Join(more, "\n"), host, host)
}

func start(t *testing.T, settings string) *house {
	t.Helper()
	return startIn(t, t.TempDir(), settings)
}

// startIn is start in a directory with the state of an earlier run.
func startIn(t *testing.T, dir, settings string) *house {
	t.Helper()
	h := &house{t: t, dir: dir, file: filepath.Join(dir, "waymark.yaml"), metrics: telemetry.NewMetrics("", "")}
	h.write(h.file, settings)
	core, logs := observer.New(zap.DebugLevel)
	h.logs = logs
	load := func() (*config.Config, config.Findings) {
		return config.Load(h.file, config.Environment{Getenv: os.LookupEnv, ReadFile: os.ReadFile})
	}
	cfg, findings := load()
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	svc, err := New(t.Context(), cfg, findings, Options{
		Load: load, StateDir: stateIn(t, dir), Metrics: h.metrics, Log: zap.New(core), Grace: time.Millisecond,
		Now: func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	h.svc = svc
	h.client = clientOf(t, svc, http.DefaultTransport)
	h.stop = runUntilTheEnd(t, svc)
	return h
}

// selfSigned is an identity of the state directory, as a first start makes it.
var selfSigned = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "waymark-identity")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if _, _, err = sign.SelfSigned(dir, time.Now()); err != nil {
		return nil, err
	}
	return os.ReadFile(sign.SelfSignedFile(dir))
})

// stateIn returns a state directory that has an identity, as after an earlier
// run: to make an RSA key takes long.
func stateIn(t *testing.T, dir string) string {
	t.Helper()
	state := filepath.Join(dir, "state")
	if _, err := os.Stat(state); err == nil {
		return state
	}
	identity, err := selfSigned()
	if err == nil {
		err = os.Mkdir(state, 0o700)
	}
	if err == nil {
		err = os.WriteFile(sign.SelfSignedFile(state), identity, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// clientOf returns a client that compares each answer with the API description.
func clientOf(t *testing.T, svc *Service, over http.RoundTripper) *http.Client {
	t.Helper()
	sides := map[string]openapi.Side{svc.Addr("http"): openapi.Public, svc.Addr("https"): openapi.Public, svc.Addr("ops"): openapi.Ops}
	return loadContract(t).Client(t, sides, over)
}

// runUntilTheEnd runs a service until the test ends, or stop is called.
func runUntilTheEnd(t *testing.T, svc *Service) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- svc.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the service stopped with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// write replaces a file in one step, as careful editors do.
func (h *house) write(path, text string) {
	h.t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) get(url string) (int, string) {
	h.t.Helper()
	resp, err := h.client.Get(url)
	if err != nil {
		h.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func (h *house) autoconfig() string {
	_, body := h.get("http://" + h.svc.Addr("http") + "/mail/config-v1.1.xml?emailaddress=anna@example.com")
	return body
}

func (h *house) opsPage(path string) string {
	_, body := h.get("http://" + h.svc.Addr("ops") + path)
	return body
}

// eventually waits for something that another goroutine brings about.
func (h *house) eventually(what string, holds func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return
		}
	}
	h.t.Fatalf("never: %s\nlog: %v", what, h.logs.All())
}

func TestAChangedFileComesIntoForce(t *testing.T) {
	h := start(t, settingsFor("old.example.net"))
	if got := h.autoconfig(); !strings.Contains(got, "<hostname>old.example.net</hostname>") {
		t.Fatalf("before: %s", got)
	}
	h.write(h.file, settingsFor("new.example.net"))
	h.eventually("the new host", func() bool { return strings.Contains(h.autoconfig(), "<hostname>new.example.net</hostname>") })
	if got := h.opsPage("/metrics"); !strings.Contains(got, "waymark_config_last_reload_successful 1") {
		t.Error("the metrics do not say that the reload went well")
	}
}

func TestABrokenFileKeepsTheOldSettingsAndSaysEverythingThatIsWrong(t *testing.T) {
	h := start(t, settingsFor("old.example.net"))
	h.write(h.file, strings.ReplaceAll(settingsFor("new.example.net"), "protocol: imap", "protocol: imp")+"nonsense: 1\n")
	h.eventually("the failure in the metrics", func() bool {
		return strings.Contains(h.opsPage("/metrics"), "waymark_config_last_reload_successful 0")
	})
	if got := h.autoconfig(); !strings.Contains(got, "old.example.net") {
		t.Errorf("the old settings are gone: %s", got)
	}
	var said []string
	for _, e := range h.logs.FilterLevelExact(zap.ErrorLevel).All() {
		said = append(said, fmt.Sprint(e.Message, " ", e.ContextMap()))
	}
	for _, want := range []string{"waymark.yaml:7", "imp", "nonsense"} {
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("the log does not say %q: %s", want, strings.Join(said, "\n"))
		}
	}
	h.write(h.file, settingsFor("third.example.net"))
	h.eventually("a later good file", func() bool { return strings.Contains(h.autoconfig(), "third.example.net") })
}

// TestKubernetesConfigMap pins the way a mounted ConfigMap changes: the file
// is a link through a directory link that is exchanged.
func TestKubernetesConfigMap(t *testing.T) {
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	version := func(name, text string) {
		must(os.Mkdir(filepath.Join(dir, name), 0o700))
		must(os.WriteFile(filepath.Join(dir, name, "waymark.yaml"), []byte(text), 0o600))
		must(os.Symlink(name, filepath.Join(dir, "..data_tmp")))
		must(os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	version("..v1", settingsFor("old.example.net"))
	must(os.Symlink(filepath.Join("..data", "waymark.yaml"), filepath.Join(dir, "waymark.yaml")))
	file := filepath.Join(dir, "waymark.yaml")
	load := func() (*config.Config, config.Findings) {
		return config.Load(file, config.Environment{Getenv: os.LookupEnv, ReadFile: os.ReadFile})
	}
	cfg, findings := load()
	svc, err := New(t.Context(), cfg, findings, Options{Load: load, StateDir: stateIn(t, t.TempDir()), Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Grace: time.Millisecond})
	must(err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- svc.Run(ctx) }()
	h := &house{t: t, svc: svc, logs: &observer.ObservedLogs{}, client: clientOf(t, svc, http.DefaultTransport)}
	version("..v2", settingsFor("new.example.net"))
	must(os.RemoveAll(filepath.Join(dir, "..v1")))
	h.eventually("the new host", func() bool { return strings.Contains(h.autoconfig(), "new.example.net") })
	stop()
	must(<-done)
}

// TestReloadingDropsNothing asks without pause while the settings change: no
// request fails, and none sees the host of one file beside that of another.
func TestReloadingDropsNothing(t *testing.T) {
	h := start(t, settingsFor("a.example.net"))
	var stop atomic.Bool
	var wg sync.WaitGroup
	var asked atomic.Int64
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
				resp, err := h.client.Get("http://" + h.svc.Addr("http") + "/mail/config-v1.1.xml?emailaddress=anna@example.com")
				if err != nil {
					t.Errorf("a request failed: %v", err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				text := string(body)
				a, b := strings.Count(text, "<hostname>a.example.net"), strings.Count(text, "<hostname>b.example.net")
				if err != nil || resp.StatusCode != 200 || a+b != 2 || a*b != 0 {
					t.Errorf("%d, %v: %d times a, %d times b", resp.StatusCode, err, a, b)
					return
				}
				asked.Add(1)
			}
		})
	}
	for i := range 20 {
		h.write(h.file, settingsFor(string("ba"[i%2])+".example.net"))
		h.svc.Reload()
	}
	stop.Store(true)
	wg.Wait()
	if asked.Load() == 0 {
		t.Error("nothing was asked")
	}
}

func TestHTTPSFromFilesAndTheirRenewal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := certtest.Authority("Test Root", nil)
	first, second := ca.Server("autoconfig.example.com"), ca.Server("autoconfig.example.com")
	certFile, keyFile := first.Write(t, dir)
	h := start(t, settingsFor("mail.example.net", fmt.Sprintf(`tls: {listen: "127.0.0.1:0", cert_file: %q, key_file: %q}`, certFile, keyFile)))
	if !strings.Contains(h.opsPage("/metrics"), "\nwaymark_tls_certificate_not_after_timestamp_seconds 1.") {
		t.Error("the metrics do not say when the certificate expires")
	}
	presents := func(p certtest.Party) bool {
		conn, err := tls.Dial("tcp", h.svc.Addr("https"), &tls.Config{RootCAs: ca.Pool(), ServerName: "autoconfig.example.com"})
		if err != nil {
			t.Fatal(err)
		}
		leaf := conn.ConnectionState().PeerCertificates[0]
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		return leaf.Equal(p.Cert)
	}
	if !presents(first) {
		t.Fatal("it does not present the certificate of the files")
	}
	// A renewer writes one file, then the other: in between the old pair stays.
	h.write(keyFile, "not a key")
	h.eventually("the broken pair is noticed", func() bool {
		return strings.Contains(h.opsPage("/metrics"), `waymark_tls_certificates_total{result="failed"}`)
	})
	if !presents(first) {
		t.Error("with a broken pair on disk, it does not present the old one")
	}
	second.Write(t, dir)
	h.eventually("the renewed certificate", func() bool { return presents(second) })

	client := clientOf(t, h.svc, &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}})
	defer client.CloseIdleConnections()
	resp, err := client.Get("https://" + h.svc.Addr("https") + "/Autodiscover/Autodiscover.xml")
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 405 || resp.Header.Get("Allow") != "POST" {
		t.Errorf("GET over https: %d, Allow %q", resp.StatusCode, resp.Header.Get("Allow"))
	}
}

func TestReadiness(t *testing.T) {
	h := start(t, settingsFor("mail.example.net"))
	h.eventually("ready", func() bool { status, _ := h.get("http://" + h.svc.Addr("ops") + "/readyz"); return status == 200 })
	if status, _ := h.get("http://" + h.svc.Addr("http") + "/metrics"); status != 404 {
		t.Errorf("the public listener answers /metrics with %d", status)
	}
}

func TestAChangeThatNeedsARestartSaysSo(t *testing.T) {
	h := start(t, settingsFor("mail.example.net"))
	h.write(h.file, strings.Replace(settingsFor("mail.example.net"), `listen: "127.0.0.1:0"`, `listen: "127.0.0.1:1"`, 1))
	h.eventually("the warning", func() bool {
		return h.logs.FilterMessage("change requires a restart").Len() > 0
	})
}

// TestSocketsThatAreOpenAlready pins that one without a use is an error at the
// start, and that one with a use is answered on.
func TestSocketsThatAreOpenAlready(t *testing.T) {
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	cfg, findings := config.Parse("waymark.yaml", []byte(settingsFor("mail.example.net")), config.Environment{})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	options := func(name string, l net.Listener) Options {
		return Options{StateDir: stateIn(t, t.TempDir()), Metrics: telemetry.NewMetrics("", ""), Log: zap.NewNop(), Sockets: map[string]net.Listener{name: l}}
	}
	for _, name := range []string{"waymark.socket", "https"} { // there is no tls in the settings
		if _, err := New(t.Context(), cfg, nil, options(name, listen())); err == nil || !strings.Contains(err.Error(), `unknown socket name "`+name+`"; known: http, https (with tls in the settings) and ops`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l := listen()
	svc, err := New(t.Context(), cfg, nil, options("http", l))
	if err != nil {
		t.Fatal(err)
	}
	runUntilTheEnd(t, svc)
	resp, err := clientOf(t, svc, http.DefaultTransport).Get("http://" + l.Addr().String() + "/mail/config-v1.1.xml?emailaddress=anna@example.com")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", resp, err)
	}
	_ = resp.Body.Close()
}
