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

// growth measures how time and memory grow with domains, providers, connections, rows of
// a database and certificates, and writes a chart of each into a directory.
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
	for _, chart := range []struct {
		name, title, across string
		sizes               []int
		serve               func(binary, dir string, size int) (cpu time.Duration, memory float64, err error)
		unit                time.Duration
		cost                string
	}{
		{"connections", "More and more open connections", "open connections", []int{1, 10, 100, 1000, 10_000}, manyConnections, time.Microsecond, "CPU time of a request, µs"},
		{"database", "More and more domains in a database", "domains in SQLite", []int{1, 100, 10_000, 1_000_000}, manyRows, time.Microsecond, "CPU time of a request, µs"},
		{"certificates", "More and more names with a certificate", "names", []int{1, 10, 100, 1000, 5000}, manyCertificates, time.Second, "CPU time until each was asked for, s"},
	} {
		cpu, memory := panel{title: chart.cost}, panel{title: "memory, MB"}
		for _, size := range chart.sizes {
			spent, held, err := chart.serve(binary, dir, size)
			if err != nil {
				return fmt.Errorf("%d %s: %w", size, chart.across, err)
			}
			each := float64(spent) / float64(chart.unit)
			cpu.points = append(cpu.points, point{float64(size), each})
			memory.points = append(memory.points, point{float64(size), held})
			_, _ = fmt.Fprintf(out, "%d %s: %s: %.2f, %.0f MB\n", size, chart.across, chart.cost, each, held)
		}
		if err := os.WriteFile(filepath.Join(into, "growth-"+chart.name+".svg"), []byte(svg(chart.title, chart.across, []panel{cpu, memory})), 0o644); err != nil {
			return err
		}
	}
	return nil
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
