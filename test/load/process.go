//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// The servers have one core, in turn, and the load has the other.
const (
	serverCore = "0"
	loadCore   = "1"
)

// process is a server that this program started on one core.
type process struct {
	name             string
	plain, encrypted string // addresses
	cmd              *exec.Cmd
	pid              int
}

// start starts a command on the core of the servers and waits until it listens.
func start(name, plain, encrypted string, env []string, command ...string) (*process, error) {
	p := &process{name: name, plain: plain, encrypted: encrypted}
	p.cmd = exec.Command("taskset", append([]string{"-c", serverCore}, command...)...)
	p.cmd.Env = append(append(os.Environ(), "GOMAXPROCS=1"), env...)
	var problems bytes.Buffer
	p.cmd.Stdout = &problems // the log goes to standard error, and nowhere
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.pid = p.cmd.Process.Pid // taskset becomes the command
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(200 * time.Microsecond) {
		conn, err := net.Dial("tcp", plain)
		if err == nil {
			return p, conn.Close()
		}
	}
	return nil, errors.Join(fmt.Errorf("%s does not listen on %s: %s", name, plain, &problems), p.stop())
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	_ = p.cmd.Wait() // the status says that it was ended
	return nil
}

// cpu returns how long the threads of the process have run.
func (p *process) cpu() (time.Duration, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.pid))
	if err != nil || threads == nil {
		return 0, fmt.Errorf("no threads of %s: %w", p.name, err)
	}
	var all int64
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			return 0, err
		}
		ran, _, _ := bytes.Cut(text, []byte(" "))
		n, err := strconv.ParseInt(string(ran), 10, 64)
		if err != nil {
			return 0, err
		}
		all += n
	}
	return time.Duration(all), nil
}

// memory returns how much memory the process has in RAM, in MiB.
func (p *process) memory() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(text, []byte("\nVmRSS:"))
	var kB float64
	_, err = fmt.Sscanf(string(rest), "%f kB", &kB)
	return kB / 1024, err
}

// stay keeps this process on the core of the load.
func stay() error {
	out, err := exec.Command("taskset", "-a", "-c", "-p", loadCore, strconv.Itoa(os.Getpid())).CombinedOutput()
	if err != nil {
		return fmt.Errorf("this needs two cores, and taskset: %w: %s", err, out)
	}
	return nil
}

// freeAddress returns a loopback address that was free a moment ago.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
