// Package prometheus holds recording and alert rules for those who run Waymark.
// Its tests hold them, the Grafana dashboard beside it, docs/metrics.md and
// docs/runbook.md against the metrics that Waymark really has. It has no code
// of its own.
package prometheus
