// Package tracing records the spans of requests and of their lookups, and sends
// them to an OpenTelemetry collector.
//
// It owns the sampling, the queue and the export. It does not know HTTP handlers or
// dialects, and it keeps no global state. Spans hold no address, domain, path or
// header.
package tracing
