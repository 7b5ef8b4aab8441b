// Package systemd takes over the sockets that systemd opened for the process,
// notifies systemd when the process is ready, reloads or stops, and feeds the
// watchdog.
//
// It owns the protocols (sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3)).
// Without systemd every function does nothing. It does not know what is served.
package systemd
