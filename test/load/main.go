//go:build linux

package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waymark-mail/waymark/test/certtest"
)

// options are the flags.
type options struct {
	only        *regexp.Regexp
	connections []int
	rounds      int
	long        time.Duration
	peers       []target
	binary      string
	profile     bool
}

func main() {
	if len(os.Args) == 5 {
		if serve := map[string]func(plain, encrypted, dir string) error{"bare": bare, "floor": floor}[os.Args[1]]; serve != nil {
			fmt.Fprintln(os.Stderr, serve(os.Args[2], os.Args[3], os.Args[4]))
			os.Exit(2)
		}
	}
	if len(os.Args) >= 3 && os.Args[1] == "growth" { // and a binary
		if err := growth(strings.Join(os.Args[3:], ""), os.Args[2], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	var below []string
	if err == nil {
		below, err = measure(o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for _, text := range below {
		_, _ = fmt.Fprintln(os.Stdout, "MISSED "+text)
	}
	if below != nil {
		os.Exit(1)
	}
	if !o.profile {
		_, _ = fmt.Fprintln(os.Stdout, "ok: nothing is more than a tenth below its goal")
	}
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.Usage = func() {
		_, _ = fmt.Fprintln(flags.Output(), "usage: load [FLAG...] [NAME=URL...]\n\n"+
			"Compare Waymark with a bare net/http server, and with running servers at http URLs.\n"+
			"Exit status: 0 for success, 1 below a floor, 2 if it cannot be measured.")
		flags.PrintDefaults()
	}
	only := flags.String("only", "", "measure requests whose names match this regular `expression`")
	connections := flags.String("connections", "1,16,128", "numbers of connections")
	flags.IntVar(&o.rounds, "rounds", 5, "how often each server is measured")
	flags.DurationVar(&o.long, "time", 500*time.Millisecond, "length of one measurement")
	flags.BoolVar(&o.profile, "profile", false, "show where the time of a request goes, with the first number of connections")
	flags.StringVar(&o.binary, "binary", "", "measure this `file` instead of a new build of Waymark")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, err
	}
	for _, text := range separated(*connections) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return o, fmt.Errorf("%q is not a number of connections", text)
		}
		o.connections = append(o.connections, n)
	}
	for _, arg := range flags.Args() {
		name, at, _ := strings.Cut(arg, "=")
		u, err := url.Parse(at)
		if err != nil || u.Scheme != "http" || u.Port() == "" {
			return o, fmt.Errorf("%q is not NAME=http://HOST:PORT", arg)
		}
		o.peers = append(o.peers, target{name: name, plain: u.Host})
	}
	return o, nil
}

// target is a server that is measured.
type target struct {
	name             string
	plain, encrypted string   // addresses
	process          *process // nil for a peer
	quiet            bool     // it logs errors alone
	pprof            string   // address of its CPU profiles; "" for none
}

const settings = `listen: %q
tls: {listen: %q, cert_file: ecdsa/cert.pem, key_file: ecdsa/key.pem}
signing: {cert_file: ecdsa/cert.pem, key_file: ecdsa/key.pem}
ops: {listen: %q, pprof: true}
trusted_proxies: [127.0.0.1]
limits: {requests_per_minute: 0, strict_requests_per_minute: 0}
log: {level: %s}
providers:
  example:
    name: Example
    services:
      - {protocol: imap, host: mail.example.net, port: 993, security: tls}
      - {protocol: imap, host: mail.example.net, port: 143, security: starttls}
      - {protocol: pop3, host: mail.example.net, port: 995, security: tls}
      - {protocol: submission, host: mail.example.net, port: 465, security: tls}
      - {protocol: submission, host: mail.example.net, port: 587, security: starttls}
      - {protocol: caldav, url: "https://dav.example.net"}
      - {protocol: carddav, url: "https://dav.example.net"}
domains:
  example.com: {provider: example}
  rsa.example.com: {provider: example, signing: {cert_file: rsa/cert.pem, key_file: rsa/key.pem}}
`

// measure prints the table, and returns what is below a floor.
func measure(o options, out io.Writer) (below []string, err error) {
	dir, err := os.MkdirTemp("", "waymark-load-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	limits, targets, err := prepare(o, dir)
	defer func() {
		for _, t := range targets {
			err = errors.Join(err, t.process.stop())
		}
	}()
	if err != nil {
		return nil, err
	}
	if err := stay(); err != nil {
		return nil, err
	}
	first, err := once(targets[1].plain, rows("")[0].request)
	if err != nil {
		return nil, err
	}
	if o.profile {
		return nil, profiles(o, targets, rows(first.etag), dir, out)
	}
	printHead(out)
	var all []figure
	for _, r := range rows(first.etag) {
		if !o.only.MatchString(r.name) {
			continue
		}
		for _, n := range o.connections {
			figures, err := compare(r, n, o, targets)
			if err != nil {
				return nil, err
			}
			for _, f := range figures {
				f.print(out)
			}
			all = append(all, figures...)
		}
	}
	held, err := targets[1].process.memory()
	if err != nil {
		return nil, err
	}
	limits = append(limits, limit{"memory after the load", "MiB", held, 25})
	for _, l := range limits {
		_, _ = fmt.Fprintf(out, "%-38s %8.1f %s, goal %g\n", l.name, l.measured, l.unit, l.goal)
	}
	return append(missed(all), exceeded(limits)...), nil
}

// prepare builds Waymark, measures its start, and starts the servers: the bare one,
// Waymark, Waymark with a quiet log, and the floor.
func prepare(o options, dir string) ([]limit, []target, error) {
	var err error
	if o.binary, err = build(o.binary, dir); err != nil {
		return nil, nil, err
	}
	info, err := os.Stat(o.binary)
	if err != nil {
		return nil, nil, err
	}
	if err := writeKeys(dir); err != nil {
		return nil, nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	var targets []target
	for _, name := range []string{"bare", "waymark", "waymark, quiet", "floor"} {
		t := target{name: name, quiet: name == "waymark, quiet"}
		for _, address := range []*string{&t.plain, &t.encrypted, &t.pprof} {
			if *address, err = freeAddress(); err != nil {
				return nil, targets, err
			}
		}
		command := []string{self, name, t.plain, t.encrypted, dir}
		if strings.HasPrefix(name, "waymark") {
			level := "info"
			if t.quiet {
				level = "error"
			}
			file := filepath.Join(dir, name+".yaml")
			if err := os.WriteFile(file, fmt.Appendf(nil, settings, t.plain, t.encrypted, t.pprof, level), 0o600); err != nil {
				return nil, targets, err
			}
			if out, err := exec.Command(o.binary, "check", "-c", file).CombinedOutput(); err != nil {
				return nil, targets, fmt.Errorf("%w: %s", err, out)
			}
			command = []string{o.binary, "serve", "-c", file}
		} else {
			t.pprof = t.plain
		}
		if t.process, err = start(name, t.plain, t.encrypted, []string{"STATE_DIRECTORY=" + dir}, command...); err != nil {
			return nil, targets, err
		}
		targets = append(targets, t)
	}
	begin, err := timeStart(o.binary, filepath.Join(dir, "start.yaml"))
	return []limit{{"binary, stripped", "MB", float64(info.Size()) / 1e6, 25}, {"start to the first answer, median of 11", "ms", begin, 12}}, targets, err
}

// build returns a binary that was given, or builds Waymark as it is released.
func build(given, dir string) (string, error) {
	if given != "" {
		return given, nil
	}
	binary := filepath.Join(dir, "waymark")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/waymark")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

func writeKeys(dir string) error {
	for name, key := range map[string]func() certtest.Party{
		"ecdsa": func() certtest.Party {
			return certtest.Certify("load", certtest.NewKey(), nil, certtest.Hosts("*.example.com", "example.com"))
		},
		"rsa": func() certtest.Party {
			return certtest.Certify("load", certtest.RSAKey(2048), nil, certtest.Hosts("example.com"))
		},
	} {
		pair, folder := key(), filepath.Join(dir, name)
		err := errors.Join(os.Mkdir(folder, 0o700),
			os.WriteFile(filepath.Join(folder, "cert.pem"), pair.CertPEM(), 0o600),
			os.WriteFile(filepath.Join(folder, "key.pem"), pair.KeyPEM(), 0o600))
		if err != nil {
			return err
		}
	}
	return nil
}

// timeStart returns how many milliseconds Waymark takes from its start to its first
// answer, with an example of ten lines.
func timeStart(binary, file string) (float64, error) {
	var all []time.Duration
	for range 11 {
		address, err := freeAddress()
		if err != nil {
			return 0, err
		}
		text := fmt.Appendf(nil, "listen: %q\nops: {listen: \"\"}\nproviders: {one: {services: [{protocol: imap, host: mail.example.net}]}}\ndomains: {example.com: {provider: one}}\n", address)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return 0, err
		}
		begun := time.Now()
		p, err := start("waymark", address, "", []string{"STATE_DIRECTORY=" + filepath.Dir(file)}, binary, "serve", "-c", file)
		if err != nil {
			return 0, err
		}
		_, err = once(address, rows("")[0].request)
		all = append(all, time.Since(begun))
		if err := errors.Join(err, p.stop()); err != nil {
			return 0, err
		}
	}
	slices.Sort(all)
	return float64(all[len(all)/2].Microseconds()) / 1000, nil
}

// compare measures one row at one number of connections: each server in turn, and
// each round begins with the next one.
func compare(r row, connections int, o options, servers []target) ([]figure, error) {
	document, err := once(servers[1].address(r), r.request)
	if err != nil {
		return nil, err
	}
	servers = slices.Clone(servers)
	for _, p := range o.peers {
		// A peer is left out of what it does not answer.
		if _, err := once(p.plain, r.request); err == nil && !r.request.encrypted {
			servers = append(servers, p)
		}
	}
	perSecond, perCPU, ratios := make([][]float64, len(servers)), make([][]float64, len(servers)), make([][]float64, len(servers))
	figures := make([]figure, len(servers))
	for round := range o.rounds + 1 {
		for turn := range servers {
			i := (round + turn) % len(servers)
			f, err := servers[i].measure(r, connections, o.long, document)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", servers[i].name, err)
			}
			if figures[i] = f; round == 0 {
				continue // it warms up
			}
			perSecond[i], perCPU[i] = append(perSecond[i], f.perSecond), append(perCPU[i], f.perCPU)
		}
		for i := range servers {
			if round == 0 {
				continue
			}
			of, to := perCPU[i][round-1], perCPU[0][round-1]
			if of == 0 {
				of, to = perSecond[i][round-1], perSecond[0][round-1]
			}
			ratios[i] = append(ratios[i], of/to)
		}
	}
	for i := range figures {
		figures[i].perSecond, figures[i].perCPU, figures[i].ratio = median(perSecond[i]), median(perCPU[i]), median(ratios[i])
	}
	return figures, nil
}

func (t target) address(r row) string {
	if r.request.encrypted {
		return t.encrypted
	}
	return t.plain
}

// measure drives one server once. document is what Waymark answers.
func (t target) measure(r row, connections int, long time.Duration, document answer) (figure, error) {
	f := figure{row: r.name, server: t.name, connections: connections}
	q, times := r.request, 1
	as := fmt.Sprintf("/%d", max(document.length, 0))
	switch {
	case t.name == "bare":
		q.status, q.path = 200, cmp.Or(r.base, as)
		times = max(r.perBase, 1)
	case t.name == "floor":
		q.path = r.base + as + "?" + varying
	case t.quiet:
		f.goal = r.quiet
	case t.process != nil:
		f.goal = r.goal
	}
	var before, after time.Duration
	var err error
	if t.process != nil {
		if before, err = t.process.cpu(); err != nil {
			return f, err
		}
	}
	m, err := drive(t.address(r), q, connections, long)
	if err != nil {
		return f, err
	}
	if t.process != nil {
		if after, err = t.process.cpu(); err != nil {
			return f, err
		}
		f.perCPU = float64(m.requests*times) / (after - before).Seconds()
	}
	f.perSecond = float64(m.requests*times) / m.took.Seconds()
	f.median, f.p99 = m.percentile(50), m.percentile(99)
	return f, nil
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}
