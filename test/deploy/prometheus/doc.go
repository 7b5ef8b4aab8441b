// Package prometheus holds recording and alert rules for those who run Waymark.
// Its tests compare them, the Grafana dashboard, docs/metrics.md and
// docs/runbook.md with the metrics that Waymark really has. It has no code of
// its own.
package prometheus
