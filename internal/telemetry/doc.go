// Package telemetry provides the logger, the metrics and the names of client
// families.
//
// It owns the metric names, and the rule that no label and no log field ever
// contains an address, a password or a path. It knows no protocol and no
// router.
package telemetry
