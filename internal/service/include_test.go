package service

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOneFilePerCustomer adds, breaks, mends and removes files of customers while the
// service runs.
func TestOneFilePerCustomer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "conf.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	h := startIn(t, dir, settingsFor("mail.example.net", "include: conf.d/*.yaml"))
	customer := filepath.Join(dir, "conf.d", "customer.yaml")
	status := func() int {
		status, _ := h.get("http://" + h.svc.Addr("http") + "/mail/config-v1.1.xml?emailaddress=anna@customer.example")
		return status
	}
	if got := status(); got != http.StatusNotFound {
		t.Fatalf("status %d before there is a file", got)
	}
	h.write(customer, "domains: {customer.example: {provider: one}}\n")
	h.eventually("a new file is read", func() bool { return status() == http.StatusOK })
	h.write(customer, "domains: {customer.exam")
	h.eventually("a broken file is refused", func() bool {
		return strings.Contains(h.opsPage("/metrics"), "waymark_config_last_reload_successful 0")
	})
	if got := status(); got != http.StatusOK {
		t.Errorf("status %d with a broken file", got)
	}
	if logged := fmt.Sprint(h.logs.All()); !strings.Contains(logged, customer+":1: not valid YAML") {
		t.Errorf("the log does not name the file: %s", logged)
	}
	h.write(customer, "domains: {customer.example: {provider: one}, second.example: {provider: one}}\n")
	h.eventually("a mended file is read", func() bool {
		return strings.Contains(h.opsPage("/metrics"), "waymark_config_domains 3\n")
	})
	if err := os.Remove(customer); err != nil {
		t.Fatal(err)
	}
	h.eventually("a removed file is noticed", func() bool { return status() == http.StatusNotFound })
}

// TestManyCustomersGone: included files count for reload.max_removed.
func TestManyCustomersGone(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "conf.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 12 {
		text := fmt.Sprintf("domains: {d%d.example: {provider: one}}\n", i)
		if err := os.WriteFile(filepath.Join(dir, "conf.d", fmt.Sprintf("%d.yaml", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := startIn(t, dir, settingsFor("mail.example.net", "include: conf.d/*.yaml"))
	if err := os.Rename(filepath.Join(dir, "conf.d"), filepath.Join(dir, "lost")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "conf.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	refused := strings.Join(h.svc.Reload(), "\n")
	if !strings.Contains(refused, "12 of 13 domains are missing") {
		t.Errorf("refused %q", refused)
	}
}
