package service

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/obs"
)

// A load is a process of its own, so that what filled the database and what
// measures does not count. It is told by its environment.
const (
	loadSettings = "WAYMARK_TEST_LOAD_SETTINGS"
	loadDomains  = "WAYMARK_TEST_LOAD_DOMAINS"
)

func isLoad() bool { return os.Getenv(loadSettings) != "" }

// mainOfLoad runs a service under load and writes down how it went.
func mainOfLoad() int {
	result, err := runLoad()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// held is what a service under load held, by unit.
type held map[string]float64

func report(b *testing.B, out []byte) {
	b.Helper()
	var h held
	if err := json.Unmarshal(out, &h); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(0, "ns/op") // says nothing here
	for unit, value := range h {
		b.ReportMetric(value, unit)
	}
}

func runLoad() (held, error) {
	ctx := context.Background()
	size, err := strconv.Atoi(os.Getenv(loadDomains))
	if err != nil {
		return nil, err
	}
	log, flush, err := obs.NewLogger("info", "json", io.Discard)
	if err != nil {
		return nil, err
	}
	defer flush()
	metrics := obs.NewMetrics("", "")
	file := os.Getenv(loadSettings)
	svc, err := newService(ctx, file, filepath.Dir(file), metrics, log)
	if err != nil {
		return nil, err
	}
	before, err := peak()
	if err != nil {
		return nil, err
	}
	c := company{size: size}
	const workers = 8
	var all sync.WaitGroup
	errs := make(chan error, workers)
	for w := range workers {
		all.Go(func() { errs <- c.visit(&svc.public, uint64(w), size/workers) })
	}
	all.Wait()
	for range workers {
		if err := <-errs; err != nil {
			return nil, err
		}
	}
	after, err := peak()
	if err != nil {
		return nil, err
	}
	asked, err := questions(metrics)
	return held{"MB-start": before, "MB-peak": after, "%-asked": 100 * asked / float64(size)}, err
}

// visit puts so many requests of mail clients. Customers are asked for as
// often as people ask for names: the second half as often as the first, and so
// on. Of ten, one asks for a domain that nobody knows.
func (c company) visit(h http.Handler, seed uint64, requests int) error {
	random := rand.New(rand.NewPCG(seed, 1))
	zipf := rand.NewZipf(random, 1.1, 1, uint64(c.size-1))
	for i := range requests {
		d := c.scattered(int(zipf.Uint64()))
		if i%10 == 0 {
			d = address.Domain(fmt.Sprintf("nobody-%d-%d.example", seed, i))
		}
		r := request(i, d)
		r.RemoteAddr = fmt.Sprintf("203.0.%d.%d:49152", random.IntN(256), random.IntN(256))
		w := &status{discard: discard{header: http.Header{}}, code: http.StatusOK}
		h.ServeHTTP(w, r)
		if w.code != http.StatusOK && w.code != http.StatusNotFound {
			return fmt.Errorf("%s %s: %d", r.Method, r.URL, w.code)
		}
	}
	return nil
}

// request returns the requests of several clients in turn: most ask for
// autoconfig, some for Autodiscover, a few for the newest dialect.
func request(i int, d address.Domain) *http.Request {
	switch {
	case i%10 == 1:
		return httptest.NewRequest("GET", "http://ua-auto-config."+string(d)+"/.well-known/user-agent-configuration.json", nil)
	case i%10 > 5:
		const outlook = `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>anna@DOMAIN</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`
		return httptest.NewRequest("POST", "http://autodiscover."+string(d)+"/autodiscover/autodiscover.xml", strings.NewReader(strings.Replace(outlook, "DOMAIN", string(d), 1)))
	}
	return httptest.NewRequest("GET", "http://autoconfig."+string(d)+"/mail/config-v1.1.xml?emailaddress=anna%40"+string(d), nil)
}

type status struct {
	discard
	code int
}

func (s *status) WriteHeader(code int) { s.code = code }

// peak returns the most memory that this process ever had in RAM, in MB of
// 1,000,000 octets.
func peak() (float64, error) {
	about, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(about) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kB, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(string(rest)), " kB"), 64)
			return kB * 1024 / 1e6, err
		}
	}
	return 0, fmt.Errorf("the system does not tell the peak of the memory")
}

// questions returns how many questions were put to the database.
func questions(m *obs.Metrics) (float64, error) {
	families, err := m.Registry().Gather()
	if err != nil {
		return 0, err
	}
	for _, f := range families {
		if f.GetName() == "waymark_directory_lookup_duration_seconds" {
			return float64(f.GetMetric()[0].GetHistogram().GetSampleCount()), nil
		}
	}
	return 0, fmt.Errorf("there is no metric of the questions")
}
