package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/doctor"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/systemd"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

const serveName = "serve"

func serveCommand(env environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:     serveName,
		Short:   "Run the service",
		Long:    "Run the service until SIGTERM. SIGHUP, or a change of the settings file or of a file that it names,\nreloads the settings. If the new settings have an error, the old ones stay in force.",
		Example: "  waymark serve -c /etc/waymark/waymark.yaml\n  waymark serve --example",
		Args:    arguments(0, 0),
	}
	source := configFlag(cmd, env)
	cmd.Flags().BoolVar(&source.example, "example", false, "serve the embedded example for example.com, to try Waymark without a settings file")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), source, env) }
	return cmd
}

// inFormat is an error of a service whose settings name the format of the log.
type inFormat struct {
	error
	format string
}

func (e inFormat) Unwrap() error { return e.error }

// fatalFormat returns the format in which the service reports the error that ends
// it: that of the log. Before the settings are read it is the default, and "", which
// is plain text, for the person at a terminal.
func fatalFormat(env environment, err error) string {
	if known, ok := errors.AsType[inFormat](err); ok {
		return known.format
	}
	if env.terminal {
		return ""
	}
	return config.DefaultLogFormat
}

// logFatal writes the last line of a log.
func logFatal(w io.Writer, format string, err error) {
	log, flush, failed := telemetry.NewLogger("error", format, w, nil)
	if failed != nil { // the settings allow known formats only
		return
	}
	log.Error("fatal", zap.Error(err))
	flush()
}

func serve(ctx context.Context, source *settingsFile, env environment) error {
	if source.example && source.path != "" {
		return errors.New("--example and --config cannot be used together")
	}
	if err := source.find(); err != nil {
		return err
	}
	cfg, findings, ready := source.readSparingly()
	if findings.HasErrors() {
		return unusable(findings)
	}
	format := cfg.Log.Format // a reload replaces the settings, which may be many MiB
	if err := serveSettings(ctx, source, env, cfg, findings, ready); err != nil {
		return inFormat{err, format}
	}
	return nil
}

// clientsFor returns what clients do for a domain as the page of its owner shows it.
func clientsFor(e *doctor.Examinations) func(context.Context, address.Domain, []string) ([]page.Client, error) {
	return func(ctx context.Context, d address.Domain, only []string) ([]page.Client, error) {
		verdicts, err := e.Clients(ctx, d, only)
		var all []page.Client
		for _, v := range verdicts {
			all = append(all, page.Client{Name: v.Client, Outcome: page.Outcome(v.Verdict), Findings: v.Findings})
		}
		return all, err
	}
}

// serveSettings serves until ctx ends. It calls ready when it begins to.
func serveSettings(ctx context.Context, source *settingsFile, env environment, cfg *config.Config, findings config.Findings, ready func()) error {
	version, revision := build()
	metrics := telemetry.NewMetrics(version, revision)
	// When the reader of a log ends, the service continues without it.
	signal.Ignore(syscall.SIGPIPE)
	log, flush, err := telemetry.NewLogger(cfg.Log.Level, cfg.Log.Format, env.stderr, metrics)
	if err != nil {
		return err
	}
	defer flush()
	log.Info("starting", zap.String("version", version), zap.String("settings", source.name()), zap.Int("domains", len(cfg.Domains)), zap.Int64("memory_limit", source.limit))
	if source.example {
		log.Warn("serving the embedded example", zap.String("domain", "example.com"), zap.String("hint", "copy examples/infomaniak.yaml to waymark.yaml and change it"))
	}
	sockets, err := systemd.Listeners()
	if err != nil {
		return err
	}
	var resolvers []netip.AddrPort
	if cfg.Ops.Resolver.IsValid() {
		resolvers = append(resolvers, cfg.Ops.Resolver)
	}
	examinations := doctor.NewExaminations(time.Now, resolvers...)
	svc, err := service.New(ctx, cfg, findings, service.Options{
		Sockets:  sockets,
		Manager:  service.Manager{Ready: systemd.Ready, Reloading: systemd.Reloading, Stopping: systemd.Stopping},
		Load:     source.read,
		StateDir: stateDir(env),
		Version:  version,
		Metrics:  metrics,
		Log:      log,
		Examine:  server.Examiner{JSON: examinations.JSON, Page: examinations.Page},
		Verdicts: examinations.Verdicts,
		Clients:  clientsFor(doctor.NewExaminations(time.Now, resolvers...)),
	})
	if err != nil {
		return err
	}
	ready()
	go func() {
		if err := systemd.Watchdog(ctx, svc.Alive); err != nil {
			log.Warn("cannot notify the systemd watchdog; systemd will restart the service", zap.Error(err))
		}
	}()
	stop := onHangup(func() { svc.Reload() }) // which logs what it refuses
	defer stop()
	if err := svc.Run(ctx); err != nil {
		return fmt.Errorf("stopped: %w", err)
	}
	log.Info("stopped")
	return nil
}

// onHangup calls reload for each SIGHUP until the returned function is called.
func onHangup(reload func()) func() {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			reload()
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
	}
}

// stateDir is the directory for files that Waymark makes itself: the state
// directory of the systemd unit, else the user's (XDG Base Directory).
func stateDir(env environment) string {
	if dir, ok := env.getenv("STATE_DIRECTORY"); ok && dir != "" {
		return dir
	}
	if dir, ok := env.getenv("XDG_STATE_HOME"); ok && filepath.IsAbs(dir) {
		return filepath.Join(dir, "waymark")
	}
	if home, ok := env.getenv("HOME"); ok && filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "waymark")
	}
	return "/var/lib/waymark"
}
