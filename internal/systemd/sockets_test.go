package systemd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestMain is also the program that the tests start like systemd does: it prints
// which sockets it got, and greets one client on each.
func TestMain(m *testing.M) {
	if os.Getenv("STARTED_BY_SYSTEMD") == "" {
		os.Exit(m.Run())
	}
	all, err := Listeners()
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(0)
	}
	again, err := Listeners()
	fmt.Println(len(all), len(again), err)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Println(name, all[name].Addr())
		conn, err := all[name].Accept()
		if err == nil {
			_, err = io.WriteString(conn, "hello from "+name+"\n")
			err = errors.Join(err, conn.Close())
		}
		if err != nil {
			fmt.Println("error:", err)
		}
	}
}

// file is a socket that can be passed to another process.
type file interface{ File() (*os.File, error) }

func tcp(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// activate starts the program with sockets, as systemd does.
func activate(t *testing.T, names string, sockets ...file) *bufio.Scanner {
	t.Helper()
	// LISTEN_PID must be the process id of the program, which replaces the shell.
	cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, os.Args[0])
	cmd.Env = append(os.Environ(), "STARTED_BY_SYSTEMD=1", fmt.Sprintf("LISTEN_FDS=%d", len(sockets)), "LISTEN_FDNAMES="+names)
	for _, s := range sockets {
		f, err := s.File()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return bufio.NewScanner(out)
}

func TestListeners(t *testing.T) {
	http, https := tcp(t), tcp(t)
	printed := activate(t, "http:https", http, https)
	want := []string{"2 0 <nil>", "http " + http.Addr().String(), "https " + https.Addr().String()}
	for i, l := range []*net.TCPListener{nil, http, https} {
		if !printed.Scan() || printed.Text() != want[i] {
			t.Fatalf("the program printed %q, want %q", printed.Text(), want[i])
		}
		if l == nil {
			continue
		}
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		greeting, err := io.ReadAll(conn)
		if err != nil || string(greeting) != "hello from "+strings.Fields(want[i])[0]+"\n" {
			t.Errorf("%q, %v", greeting, err)
		}
		_ = conn.Close()
	}
}

func TestListenersErrors(t *testing.T) {
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	for _, tt := range []struct {
		name, names string
		sockets     []file
		want        string
	}{
		{"two with one name", "http:http", []file{tcp(t), tcp(t)}, "error: two systemd sockets have the name http; give each socket unit its own FileDescriptorName= and a single ListenStream="},
		{"datagrams", "http:https", []file{tcp(t), udp}, "error: the systemd socket https does not accept connections: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			printed := activate(t, tt.names, tt.sockets...)
			if !printed.Scan() || !strings.HasPrefix(printed.Text(), tt.want) {
				t.Errorf("the program printed %q, want %q", printed.Text(), tt.want)
			}
		})
	}
}
