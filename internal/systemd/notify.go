package systemd

import (
	"context"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Ready says that requests are answered, after the start and after a reload.
func Ready() error { return tell(daemon.SdNotifyReady) }

// Reloading says that the settings are being read again; Ready ends that, with
// the new settings or the old ones.
func Reloading() error {
	return tell(daemon.SdNotifyMonotonicUsec() + daemon.SdNotifyReloading) // the former ends its line itself
}

// Stopping says that the process ends as soon as requests under way are done.
func Stopping() error { return tell(daemon.SdNotifyStopping) }

func tell(state string) error {
	if _, err := daemon.SdNotify(false, state); err != nil {
		return fmt.Errorf("cannot tell systemd: %w", err)
	}
	return nil
}

// Watchdog keeps the watchdog of systemd (WatchdogSec=) quiet until ctx ends,
// for as long as alive returns true: systemd restarts a process that is silent
// for the whole interval. alive is asked twice in an interval. Without a
// watchdog it returns at once.
func Watchdog(ctx context.Context, alive func(context.Context) bool) error {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return fmt.Errorf("cannot read the interval of systemd's watchdog: %w", err)
	}
	if interval < 2 { // 0 for none; half of it has to be a time
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
		if err := tell(daemon.SdNotifyWatchdog); err != nil {
			return err
		}
	}
}
