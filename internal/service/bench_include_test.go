package service

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkReload10kFiles measures how long it takes from a change of one of 10,000
// included files, which is the most, until its new domain is answered.
func BenchmarkReload10kFiles(b *testing.B) {
	dir := b.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "conf.d"), 0o700); err != nil {
		b.Fatal(err)
	}
	write("waymark.yaml", `listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
limits: {requests_per_minute: 0}
providers: {one: {services: [{protocol: imap, host: imap.example.net}, {protocol: submission, host: smtp.example.net}]}}
include: conf.d/*.yaml
`)
	customer := func(file, i int) {
		write(filepath.Join("conf.d", fmt.Sprintf("customer-%d.yaml", file)), fmt.Sprintf("domains: {customer-%d.example: {provider: one}}\n", i))
	}
	for i := range 10_000 {
		customer(i, i)
	}
	svc := serve(b, filepath.Join(dir, "waymark.yaml"), dir)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- svc.Run(ctx) }()
	i := 10_000
	for b.Loop() {
		customer(0, i)
		for status := 0; status != http.StatusOK; time.Sleep(5 * time.Millisecond) {
			resp, err := http.Get("http://" + svc.Addr("http") + fmt.Sprintf("/mail/config-v1.1.xml?emailaddress=anna%%40customer-%d.example", i))
			if err != nil {
				b.Fatal(err)
			}
			_ = resp.Body.Close()
			status = resp.StatusCode
		}
		i++
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
