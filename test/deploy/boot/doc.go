// Package boot boots systemd in a container with the units of deploy/systemd, and follows
// the guides there as root. "make test-boot" runs it, because not every machine may run
// containers. It does not know what Waymark answers.
package boot
