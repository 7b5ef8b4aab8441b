package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

// The measured service is a process of its own, so that filling the database
// and measuring do not count. Its environment marks it.
const (
	loadSettings = "WAYMARK_TEST_LOAD_SETTINGS" // the file
	loadDomains  = "WAYMARK_TEST_LOAD_DOMAINS"  // how many there are, and questions
	loadWhole    = "WAYMARK_TEST_LOAD_WHOLE"    // set for whole requests, not lookups alone
)

func isLoad() bool { return os.Getenv(loadSettings) != "" }

// mainOfLoad runs a service under load and writes down how it went.
func mainOfLoad() int {
	result, err := runLoad(context.Background())
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

func runLoad(ctx context.Context) (held, error) {
	size, err := strconv.Atoi(os.Getenv(loadDomains))
	if err != nil {
		return nil, err
	}
	log, flush, err := telemetry.NewLogger("info", "json", io.Discard, nil)
	if err != nil {
		return nil, err
	}
	defer flush()
	metrics := telemetry.NewMetrics("", "")
	file := os.Getenv(loadSettings)
	svc, err := newService(ctx, file, filepath.Dir(file), metrics, log)
	if err != nil {
		return nil, err
	}
	start, err := peak()
	if err != nil {
		return nil, err
	}
	directory := svc.current.Load().sources.Directory(svc.current.Load().cfg, metrics)
	put := func(_ int, d address.Domain) error {
		_, err := directory.Resolve(ctx, from("anna", d))
		return err
	}
	if os.Getenv(loadWhole) != "" {
		put = func(i int, d address.Domain) error { return request(ctx, &svc.public, i, d) }
	}
	const workers = 8
	refused := make([]int, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() { refused[w] = company{size: size}.visit(uint64(w), size/workers, put) })
	}
	all.Wait()
	busy := 0
	for _, n := range refused {
		busy += n
	}
	end, err := peak()
	if err != nil {
		return nil, err
	}
	asked, err := questions(metrics)
	return held{"MB-start": start, "MB-peak": end, "%-asked": 100 * asked / float64(size), "refused": float64(busy)}, err
}

// visit asks about so many domains, and returns how often nobody could tell.
// Customers are asked for as often as words are used: the second half as often
// as the first, and so on. Of ten domains, nobody knows one.
func (c company) visit(seed uint64, times int, put func(int, address.Domain) error) (refused int) {
	random := rand.New(rand.NewPCG(seed, 1))
	zipf := rand.NewZipf(random, 1.1, 1, uint64(c.size-1))
	for i := range times {
		d := c.scattered(int(zipf.Uint64()))
		if random.IntN(10) == 0 {
			d = address.Domain(fmt.Sprintf("nobody-%d-%d.example", seed, i))
		}
		if err := put(i, d); err != nil && !errors.Is(err, settings.ErrUnknownDomain) {
			refused++
		}
	}
	return refused
}

// request puts the requests of several clients in turn: most ask for
// autoconfig, some for Autodiscover, a few for the newest dialect.
func request(ctx context.Context, h http.Handler, i int, d address.Domain) error {
	method, target, body := "GET", "http://autoconfig."+string(d)+"/mail/config-v1.1.xml?emailaddress=anna%40"+string(d), ""
	switch {
	case i%10 == 9:
		target = "http://ua-auto-config." + string(d) + "/.well-known/user-agent-configuration.json"
	case i%10 > 5:
		method, target = "POST", "http://autodiscover."+string(d)+"/autodiscover/autodiscover.xml"
		body = `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>anna@` + string(d) + `</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`
	}
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.RemoteAddr = fmt.Sprintf("203.0.%d.%d:49152", i/256%256, i%256)
	w := &status{discard: discard{header: http.Header{}}, code: http.StatusOK}
	h.ServeHTTP(w, r)
	if w.code != http.StatusOK && w.code != http.StatusNotFound {
		return fmt.Errorf("%s %s: %d", method, target, w.code)
	}
	return nil
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
func questions(m *telemetry.Metrics) (float64, error) {
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
