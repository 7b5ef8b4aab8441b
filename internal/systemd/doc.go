// Package systemd speaks with the service manager that started the process: it
// takes over the sockets that were opened for it, says when it is ready, reloads
// or stops, and keeps the watchdog quiet.
//
// It owns the protocols (sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3)).
// Without systemd everything here does nothing. It does not know what is served.
package systemd
