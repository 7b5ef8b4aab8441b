// Package systemd tests the units in deploy/systemd: systemd verifies them, and the
// real Waymark is started with their command lines. It has no code of its own, and
// does not know what Waymark answers.
package systemd
