package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReportsCannotBeForged gives every command that reports something text of
// strangers in the places where it comes from: names of files, settings, other
// systems' data, and answers of servers.
func TestReportsCannotBeForged(t *testing.T) {
	const hostile = "x\ntrusted     yes\n\x1b[2J\u009b2J\u202e"
	dir := filepath.Join(t.TempDir(), hostile)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	at := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	settings := at("good.yaml", good)
	broken := at("broken.yaml", "\"x\\ntrusted     yes\\e[2J\\u009b2J\\u202e\": 1\n"+good)
	ispdb := at("ispdb.xml", strings.ReplaceAll(document, "Example", "x&#10;trusted     yes\u009b2J\u202e"))
	garbage := at("garbage.mobileconfig", "garbage")
	for _, args := range [][]string{
		{"check", settings},
		{"check", broken},
		{"check", broken, "-o", "json"},
		{"check", settings + hostile},
		{"serve", "-c", broken},
		{"serve", "-c", settings + hostile},
		{"render", "autoconfig", "anna@" + hostile + ".example", "-c", settings},
		{"render", hostile, "anna@example.com", "-c", settings},
		{"dns", hostile, "-c", settings},
		{"dns", "example.com", "--host", hostile, "-c", settings},
		{"dns", "example.com", "--format", hostile, "-c", settings},
		{"invite", "anna@example.com", "-c", settings},
		{"invite", hostile + "@example.com", "-c", settings},
		{"import", "ispdb", ispdb},
		{"import", "ispdb", dir},
		{"import", "automx2", garbage},
		{"import", "autodiscover-email-settings", broken},
		{"verify", garbage},
		{"verify", garbage, "-o", "json"},
		{"verify", garbage + hostile},
		{"verify", garbage, "--ca-file", garbage},
		{"verify", garbage, "--" + hostile},
		{hostile},
		{"healthcheck", "--address", misbehaving(t, "HTTP/1.1 500 "+strings.ReplaceAll(hostile, "\n", "\r")+"\r\n\r\n")},
		{"healthcheck", "--address", misbehaving(t, hostile+"\r\n\r\n")},
		{"healthcheck", "--address", hostile},
	} {
		_, stdout, stderr := waymark(t, args...)
		checkForged(t, stdout)
		checkForged(t, stderr)
		if t.Failed() {
			t.Fatalf("%q printed\n%q\n%q", args, stdout, stderr)
		}
	}
}

// misbehaving answers every connection with this text.
func misbehaving(t *testing.T, answer string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1000))
			_, _ = c.Write([]byte(answer))
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}
