package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/systemd"
	"github.com/waymark-mail/waymark/internal/telemetry"
)

func serveCommand(env environment) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Runs the service",
		Long:  "Runs the service until SIGTERM. A change of the settings file or of the files it names, or SIGHUP,\nmakes it read them again; with an error in them the old settings stay in force.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			source, err := findSettings(file, env)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), source, env)
		},
	}
	configFlag(cmd, &file)
	return cmd
}

func serve(ctx context.Context, source settingsFile, env environment) error {
	cfg, findings := source.load()
	if findings.HasErrors() {
		return settingsError{findings}
	}
	log, flush, err := telemetry.NewLogger(cfg.Log.Level, cfg.Log.Format, env.stderr)
	if err != nil {
		return err
	}
	defer flush()
	version, revision := buildVersion()
	log.Info("starting", zap.String("version", version), zap.String("settings", source.name()), zap.Int("domains", len(cfg.Domains)))
	if source.embedded() {
		log.Warn("no settings file was found: serving the embedded example, which answers for example.com only; copy examples/infomaniak.yaml to waymark.yaml to begin your own")
	}
	sockets, err := systemd.Listeners()
	if err != nil {
		return err
	}
	svc, err := service.New(ctx, cfg, findings, service.Options{
		Sockets:  sockets,
		Manager:  service.Manager{Ready: systemd.Ready, Reloading: systemd.Reloading, Stopping: systemd.Stopping},
		Load:     source.load,
		StateDir: stateDir(env),
		Metrics:  telemetry.NewMetrics(version, revision),
		Log:      log,
	})
	if err != nil {
		return err
	}
	go func() {
		if err := systemd.Watchdog(ctx, svc.Alive); err != nil {
			log.Warn("the watchdog ends this process soon", zap.Error(err))
		}
	}()
	stop := onHangup(svc.Reload)
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

// stateDir is where files that Waymark makes itself are kept: what systemd
// gives the unit, else the place for a user's state (XDG Base Directory).
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
