//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// growth measures how time and memory grow with domains, providers and connections, and
// writes a chart of each into a directory.
func growth(binary, into string, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "waymark-growth-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if binary, err = build(binary, dir); err != nil {
		return err
	}
	for _, chart := range []struct {
		name, title, across string
		sizes               []int
		text                func(size int) []byte
	}{
		{"domains", "Settings files with more and more domains of one provider", "domains", []int{1, 10, 100, 1000, 10_000, 100_000}, manyDomains},
		{"providers", "Settings files with more and more providers", "providers, with one domain each", []int{1, 10, 100, 1000, 10_000}, manyProviders},
	} {
		var cpu, memory panel
		cpu.title, memory.title = "CPU time to read and check, s", "peak memory, MB"
		for _, size := range chart.sizes {
			file := filepath.Join(dir, "waymark.yaml")
			if err := os.WriteFile(file, chart.text(size), 0o600); err != nil {
				return err
			}
			check := exec.Command(binary, "check", "-c", file)
			if text, err := check.CombinedOutput(); err != nil {
				return fmt.Errorf("%w: %s", err, text)
			}
			used := check.ProcessState.SysUsage().(*syscall.Rusage)
			spent := check.ProcessState.UserTime() + check.ProcessState.SystemTime()
			cpu.points = append(cpu.points, point{float64(size), spent.Seconds()})
			memory.points = append(memory.points, point{float64(size), float64(used.Maxrss) * 1024 / 1e6})
			_, _ = fmt.Fprintf(out, "%d %s: %.3f s, %.0f MB\n", size, chart.across, spent.Seconds(), float64(used.Maxrss)*1024/1e6)
		}
		if err := os.WriteFile(filepath.Join(into, "growth-"+chart.name+".svg"), []byte(svg(chart.title, chart.across, []panel{cpu, memory})), 0o644); err != nil {
			return err
		}
	}
	panels, err := connectionGrowth(binary, dir, out)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(into, "growth-connections.svg"), []byte(svg("More and more open connections", "open connections", panels)), 0o644)
}

func manyDomains(n int) []byte {
	var b bytes.Buffer
	b.WriteString("ops: {listen: \"\"}\nproviders: {one: {services: [{protocol: imap, host: imap.example.net}, {protocol: submission, host: smtp.example.net}]}}\ndomains:\n")
	for i := range n {
		fmt.Fprintf(&b, "  customer-%d.example: {provider: one}\n", i)
	}
	return b.Bytes()
}

func manyProviders(n int) []byte {
	var b bytes.Buffer
	b.WriteString("ops: {listen: \"\"}\nproviders:\n")
	for i := range n {
		fmt.Fprintf(&b, "  p%d: {services: [{protocol: imap, host: imap-%d.example.net}, {protocol: submission, host: smtp-%d.example.net}]}\n", i, i, i)
	}
	b.WriteString("domains:\n")
	for i := range n {
		fmt.Fprintf(&b, "  customer-%d.example: {provider: p%d}\n", i, i)
	}
	return b.Bytes()
}

// connectionGrowth opens more and more connections, each with a request now and then.
func connectionGrowth(binary, dir string, out io.Writer) (_ []panel, err error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "waymark.yaml")
	text := append([]byte(fmt.Sprintf("listen: %q\nlog: {level: error}\nlimits: {requests_per_minute: 0, connections: 0}\n", address)), manyDomains(1)...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	p, err := start("waymark", address, "", []string{"STATE_DIRECTORY=" + dir}, binary, "serve", "-c", file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	q := request{method: "GET", host: "customer-0.example", path: "/mail/config-v1.1.xml", status: 200}
	var open []*client
	defer func() {
		for _, c := range open {
			c.close()
		}
	}()
	cpu, memory := panel{title: "CPU time of a request, µs"}, panel{title: "memory, MB"}
	for _, size := range []int{1, 10, 100, 1000, 10_000} {
		for len(open) < size {
			open = append(open, &client{address: address, request: q, text: q.bytes()})
		}
		const requests = 20_000
		var before, after time.Duration
		for round, asked := 0, 0; asked < requests; round++ {
			for _, c := range open {
				if _, err := c.ask(0); err != nil {
					return nil, err
				}
				asked++
			}
			if round > 0 {
				continue
			}
			asked = 0 // the first round connects
			if before, err = p.cpu(); err != nil {
				return nil, err
			}
		}
		if after, err = p.cpu(); err != nil {
			return nil, err
		}
		held, err := p.memory()
		if err != nil {
			return nil, err
		}
		served := (requests + size - 1) / size * size
		each := float64((after - before).Nanoseconds()) / 1000 / float64(served)
		cpu.points = append(cpu.points, point{float64(size), each})
		memory.points = append(memory.points, point{float64(size), held * 1.048576})
		_, _ = fmt.Fprintf(out, "%d connections: %.1f µs, %.0f MB\n", size, each, held*1.048576)
	}
	return []panel{cpu, memory}, nil
}
