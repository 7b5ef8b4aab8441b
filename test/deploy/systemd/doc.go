// Package systemd tests the units of this folder: what systemd itself says of
// them, and what the real Waymark does when it is started as they say. It has no
// code of its own.
package systemd
