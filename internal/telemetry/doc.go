// Package telemetry is what an operator sees of a running Waymark: the logger, the
// metrics and the names of client families.
//
// It owns the names an operator scrapes, and the rule that no label and no log
// field ever holds an address, a password or a path. It knows no protocol and
// no router.
package telemetry
