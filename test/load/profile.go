//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// parts are what a request consists of. A sample of a profile belongs to the part of the
// innermost function of which the name begins so.
var parts = []struct {
	name      string
	functions []string
}{
	{"system calls", []string{"syscall.", "internal/runtime/syscall"}},
	{"garbage collection", []string{"runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.gcStart", "runtime.bgsweep", "runtime.bgscavenge", "runtime.deductSweepCredit", "runtime.wbBufFlush"}},
	{"TLS", []string{"crypto/tls."}},
	{"signature with the key", []string{"crypto/ecdsa.", "crypto/rsa."}},
	{"log line", []string{"go.uber.org/zap", ours + "telemetry.(*core)", ours + "telemetry.(*lineWriter)"}},
	{"metrics", []string{"github.com/prometheus", ours + "telemetry."}},
	{"property list with its texts", []string{ours + "dialect/mobileconfig", "github.com/groob/plist"}},
	{"encoding around the signature (CMS)", []string{ours + "sign."}},
	{"query, settings, document", []string{ours + "dialect", ours + "directory", ours + "service", ours + "settings", ours + "address"}},
	{"router", []string{"github.com/go-chi/chi", "net/http.(*ServeMux)"}},
	{"reading the request", []string{"net/http.(*conn).readRequest"}},
	{"header of the response", []string{"net/http.(*response)", "net/http.(*chunkWriter)", "net/http.Header", ours + "server.write", "main.write"}},
	{"client, limits, record of the request", []string{ours + "server.", "main."}},
}

const (
	ours = "github.com/waymark-mail/waymark/internal/"
	// elsewhere is the part of all other functions.
	elsewhere = "connection, scheduler"
)

// profiled is how long each server is profiled for a row. There are a hundred samples for
// each second of CPU time.
const profiled = 10 * time.Second

// profiles prints how many microseconds of CPU time the parts of a request take in the
// bare server, in the floor and in Waymark.
func profiles(o options, targets []target, rows []row, dir string, out io.Writer) error {
	servers := []target{targets[0], targets[3], targets[1]}
	for _, r := range rows {
		if !o.only.MatchString(r.name) {
			continue
		}
		document, err := once(targets[1].address(r), r.request)
		if err != nil {
			return err
		}
		each := make([]map[string]float64, len(servers))
		for i, t := range servers {
			if each[i], err = t.profile(r, o.connections[0], document, filepath.Join(dir, t.name+".pprof")); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
		const line = "%-38s %8s %8s %8s\n"
		_, _ = fmt.Fprintf(out, "\n%s, %d connections: microseconds of CPU time for each request\n"+line, r.name, o.connections[0], "part", "bare", "floor", "waymark")
		for _, part := range append(named(), elsewhere, "sum") {
			if each[0][part]+each[1][part]+each[2][part] > 0 {
				_, _ = fmt.Fprintf(out, line, part, inMicroseconds(each[0][part]), inMicroseconds(each[1][part]), inMicroseconds(each[2][part]))
			}
		}
	}
	return nil
}

func named() (names []string) {
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

func inMicroseconds(seconds float64) string { return fmt.Sprintf("%.1f", seconds*1e6) }

// profile returns the seconds of CPU time that each part of one request takes in one
// server, and their sum.
func (t target) profile(r row, connections int, document answer, file string) (map[string]float64, error) {
	failed := make(chan error, 1)
	go func() {
		failed <- download(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", t.pprof, int(profiled.Seconds())), file)
	}()
	f, err := t.measure(r, connections, profiled, document)
	if err := errors.Join(err, <-failed); err != nil {
		return nil, err
	}
	text, err := exec.Command("go", "tool", "pprof", "-traces", "-unit=us", file).Output()
	if err != nil {
		return nil, fmt.Errorf("go tool pprof: %w", err)
	}
	samples, err := divide(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	all := 0.0
	for _, n := range samples {
		all += n
	}
	spent := map[string]float64{"sum": 1 / f.perCPU}
	for part, n := range samples {
		spent[part] = n / all / f.perCPU
	}
	return spent, nil
}

func download(url, file string) (err error) {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, resp.Body)
	return errors.Join(err, out.Close())
}

// divide adds up the samples of each part in the output of "go tool pprof -traces". A
// stack begins with its time and the innermost function, and ends with a line of hyphens.
func divide(traces io.Reader) (map[string]float64, error) {
	spent := map[string]float64{}
	part, took := "", -1.0 // of the stack; -1 before its first line
	begun := false         // the head of the output has ended
	lines := bufio.NewScanner(traces)
	for lines.Scan() {
		function := strings.TrimSpace(lines.Text())
		switch {
		case strings.HasPrefix(function, "-----------+"):
			if took >= 0 {
				spent[part] += took
			}
			begun, part, took = true, elsewhere, -1
			continue
		case !begun:
			continue
		case took < 0:
			amount, innermost, _ := strings.Cut(function, "us ")
			var err error
			if took, err = strconv.ParseFloat(amount, 64); err != nil {
				return nil, fmt.Errorf("not a sample of a profile: %q", function)
			}
			function = strings.TrimSpace(innermost)
		}
		if part == elsewhere {
			part = partOf(function)
		}
	}
	if len(spent) == 0 {
		return nil, errors.New("the profile has no samples")
	}
	return spent, lines.Err()
}

// partOf returns the part of a function.
func partOf(function string) string {
	for _, p := range parts {
		for _, prefix := range p.functions {
			if strings.HasPrefix(function, prefix) {
				return p.name
			}
		}
	}
	return elsewhere
}
