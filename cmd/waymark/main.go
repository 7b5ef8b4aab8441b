// Command waymark tells mail clients how to set up an address. This package
// holds flags and wiring only; what the commands do lives below internal.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/waymark-mail/waymark/internal/memory"
	"github.com/waymark-mail/waymark/internal/terminal"
)

func main() { os.Exit(mainWithStatus()) }

func mainWithStatus() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	memory.Apply()
	reserve := memory.Reserve()
	defer runtime.KeepAlive(reserve)
	return run(ctx, os.Args[1:], environment{
		getenv: os.LookupEnv,
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,

		usualFiles: []string{"waymark.yaml", "/etc/waymark/waymark.yaml"},
		colors:     terminal.HasColors(os.Stdout, os.LookupEnv),
		terminal:   terminal.Is(os.Stderr),
	})
}
