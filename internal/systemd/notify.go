package systemd

import (
	"context"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Ready notifies systemd that a start or a reload has finished.
func Ready() error { return notify(daemon.SdNotifyReady) }

// Reloading notifies systemd that a reload has begun. Ready ends it, whether it
// succeeded or not.
func Reloading() error {
	return notify(daemon.SdNotifyMonotonicUsec() + daemon.SdNotifyReloading) // the former ends with a line feed
}

// Stopping notifies systemd that the process stops after the running requests.
func Stopping() error { return notify(daemon.SdNotifyStopping) }

func notify(state string) error {
	if _, err := daemon.SdNotify(false, state); err != nil {
		return fmt.Errorf("cannot notify systemd: %w", err)
	}
	return nil
}

// Watchdog calls alive twice per interval of the systemd watchdog (WatchdogSec=)
// and notifies systemd if it returns true, until ctx ends. systemd restarts a
// process that does not notify it for a whole interval. Without a watchdog it
// returns at once.
func Watchdog(ctx context.Context, alive func(context.Context) bool) error {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return fmt.Errorf("cannot read the interval of systemd's watchdog: %w", err)
	}
	if interval < 2 { // in ns; 0 without a watchdog, and half of 1 would be 0
		return nil
	}
	ticks := time.NewTicker(interval / 2)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		if !alive(ctx) {
			continue
		}
		if err := notify(daemon.SdNotifyWatchdog); err != nil {
			return err
		}
	}
}
