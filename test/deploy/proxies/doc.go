// Package proxies tests the example files in deploy/proxies: the real web servers
// run with them in front of the real Waymark, and answer what mail clients ask. It
// has no code of its own, and does not know how Waymark answers.
package proxies
