package telemetry

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the metrics of one process, kept across reloads. No label ever
// contains a domain, an address or a path.
type Metrics struct {
	registry         *prometheus.Registry
	requests         *prometheus.CounterVec
	duration         *prometheus.HistogramVec
	lookups          *prometheus.CounterVec
	lookupDuration   *prometheus.HistogramVec
	cache            *prometheus.CounterVec
	reloadSuccessful prometheus.Gauge
	reloadTime       prometheus.Gauge
	domains          prometheus.Gauge
	signingNotAfter  *prometheus.GaugeVec
	signing          *prometheus.CounterVec
	certificates     *prometheus.CounterVec
	logLinesDropped  prometheus.Counter
	traceSpansLost   prometheus.Counter
	passwordChecks   *prometheus.CounterVec
	appPasswords     *prometheus.CounterVec
	connections      *prometheus.CounterVec
	examinations     *prometheus.CounterVec
	verdicts         *prometheus.GaugeVec
	findings         *prometheus.GaugeVec
	counted          struct { // last, in verdicts and findings
		domains  map[Verdict]int
		findings map[string]int
	}
	tlsNotAfter *prometheus.GaugeVec // without labels; a GaugeVec has no value until there is a certificate
}

// NewMetrics registers the metrics, and those of the Go runtime and the process,
// in a registry of their own.
func NewMetrics(version, revision string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("waymark_requests_total", "Total number of requests answered.", "protocol", "client", "outcome"),
		duration: histogram("waymark_request_duration_seconds",
			"Duration of requests in seconds, from the request header to the finished response.", "protocol"),
		lookups: counter("waymark_directory_lookups_total",
			"Total number of lookups in the sources of settings. A cached answer served because the source is unavailable has the result stale.", "source", "result"),
		lookupDuration: histogram("waymark_directory_lookup_duration_seconds",
			"Duration of lookups in seconds, for sources outside the settings file.", "source"),
		cache: counter("waymark_directory_cache_total",
			"Total number of answers about domains outside the settings file, by cache result: hit, refresh, miss, stale, refused.", "result"),
		reloadSuccessful: prometheus.NewGauge(gauge("waymark_config_last_reload_successful",
			"Whether the last reload of the settings, keys and certificates succeeded (1) or not (0).")),
		reloadTime: prometheus.NewGauge(gauge("waymark_config_last_reload_success_timestamp_seconds",
			"Unix timestamp of the last successful reload of the settings, in seconds.")),
		domains: prometheus.NewGauge(gauge("waymark_config_domains",
			"Number of domains listed in the current settings, without the catch-all.")),
		signingNotAfter: prometheus.NewGaugeVec(gauge("waymark_signing_certificate_not_after_timestamp_seconds",
			"Unix timestamp when the first certificate of the signing identities expires, in seconds."), []string{"identity"}),
		logLinesDropped: prometheus.NewCounter(prometheus.CounterOpts{Name: "waymark_log_lines_dropped_total",
			Help: "Total number of log lines dropped because the log could not be written fast enough."}),
		traceSpansLost: prometheus.NewCounter(prometheus.CounterOpts{Name: "waymark_trace_spans_lost_total",
			Help: "Total number of spans of traces lost because the collector did not accept them in time."}),
		connections: counter("waymark_connections_closed_total",
			"Total number of connections closed by limits.connections, by reason: refused, silent.", "reason"),
		examinations: counter("waymark_doctor_examinations_total",
			"Total number of domains that ops.examine_every and ops.examine_sources had examined, by result: done, failed.", "result"),
		verdicts: prometheus.NewGaugeVec(gauge("waymark_doctor_domains",
			"Number of examined domains by the verdict of their last examination, for each mail client: works, question, broken."), []string{"client", "verdict"}),
		findings: prometheus.NewGaugeVec(gauge("waymark_doctor_findings",
			"Number of examined domains whose last examination had this error or warning."), []string{"id"}),
		passwordChecks: counter("waymark_password_checks_total",
			"Total number of password checks on the page, by result. Those limited by Waymark were not made.", "result"),
		appPasswords: counter("waymark_app_passwords_total",
			"Total number of requests for app passwords to the endpoints of providers, by result: created, unreachable, refused, invalid.", "result"),
		signing:      counter("waymark_signing_certificates_total", "Total number of signing certificates loaded or rejected.", "result"),
		certificates: counter("waymark_tls_certificates_total", "Total number of TLS certificates by result: loaded or failed of those from files, else what happened to a name on demand.", "result"),
		tlsNotAfter: prometheus.NewGaugeVec(gauge("waymark_tls_certificate_not_after_timestamp_seconds",
			"Unix timestamp when the first TLS certificate expires, in seconds."), nil),
	}
	for _, result := range []string{"right", "wrong", "unreachable", "unsupported", "limited", "limited_mailbox", "limited_network", "limited_total"} {
		m.passwordChecks.WithLabelValues(result) // so that the first one is an increase
	}
	for _, result := range []string{"created", "unreachable", "refused", "invalid"} {
		m.appPasswords.WithLabelValues(result)
	}
	for _, reason := range []string{"refused", "silent"} {
		m.connections.WithLabelValues(reason)
	}
	build := prometheus.NewGaugeVec(gauge("waymark_build_info", "Always 1; the labels identify the build."), []string{"version", "revision", "goversion"})
	build.WithLabelValues(version, revision, runtime.Version()).Set(1)
	m.registry.MustRegister(
		m.requests, m.duration, m.lookups, m.lookupDuration, m.cache, m.reloadSuccessful, m.reloadTime, m.domains,
		m.signingNotAfter, m.signing, m.certificates, m.tlsNotAfter, m.logLinesDropped, m.traceSpansLost, m.passwordChecks, m.appPasswords, m.connections, m.examinations, m.verdicts, m.findings, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

func gauge(name, help string) prometheus.GaugeOpts {
	return prometheus.GaugeOpts{Name: name, Help: help}
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// histogram is both a classic and a native histogram, from 0.1 ms to 5 s.
func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:                            name,
		Help:                            help,
		Buckets:                         []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}, labels)
}

// Request counts one answered request. protocol and outcome must come from
// closed sets, client from ClientFamily.
func (m *Metrics) Request(protocol, client, outcome string, took time.Duration) {
	m.requests.WithLabelValues(protocol, client, outcome).Inc()
	m.duration.WithLabelValues(protocol).Observe(took.Seconds())
}

// Lookup counts one lookup in a source of settings; result is found, unknown,
// name_error, error, or stale for a cached answer that was served because the source is
// unavailable. The settings file is the source named file.
func (m *Metrics) Lookup(source, result string) {
	m.lookups.WithLabelValues(source, result).Inc()
}

// LookupTook observes the duration of one lookup in a source.
func (m *Metrics) LookupTook(source string, took time.Duration) {
	m.lookupDuration.WithLabelValues(source).Observe(took.Seconds())
}

// CacheAnswer counts directory cache results: hit, refresh, miss, stale or refused.
func (m *Metrics) CacheAnswer(result string) {
	m.cache.WithLabelValues(result).Inc()
}

// PasswordCheck counts a password check: right, wrong, unreachable, unsupported,
// limited by the mail server, limited_mailbox, limited_network or limited_total.
func (m *Metrics) PasswordCheck(result string) { m.passwordChecks.WithLabelValues(result).Inc() }

// AppPassword counts a request for an app password: created, unreachable, refused or
// invalid.
func (m *Metrics) AppPassword(result string) { m.appPasswords.WithLabelValues(result).Inc() }

// ConnectionClosed counts a connection that limits.connections closed: refused because
// its client has its share, or silent, so that another could take its place.
func (m *Metrics) ConnectionClosed(reason string) { m.connections.WithLabelValues(reason).Inc() }

// Examined counts a domain that was examined; result is done or failed.
func (m *Metrics) Examined(result string) { m.examinations.WithLabelValues(result).Inc() }

// Verdicts records the last verdicts about the examined domains: how many there are of each
// verdict of a client, and of each finding. It is called by one goroutine at a time.
func (m *Metrics) Verdicts(domains map[Verdict]int, findings map[string]int) {
	for v, n := range domains {
		m.verdicts.WithLabelValues(v.Client, v.Verdict).Set(float64(n))
	}
	for id, n := range findings {
		m.findings.WithLabelValues(id).Set(float64(n))
	}
	// Only what is gone goes: a value that is missing for a moment would restart alerts.
	for v := range m.counted.domains {
		if domains[v] == 0 {
			m.verdicts.DeleteLabelValues(v.Client, v.Verdict)
		}
	}
	for id := range m.counted.findings {
		if findings[id] == 0 {
			m.findings.DeleteLabelValues(id)
		}
	}
	m.counted.domains, m.counted.findings = domains, findings
}

// Verdict is whether a client can set up a domain: works, question or broken.
type Verdict struct{ Client, Verdict string }

// TraceSpansLost counts spans that do not reach the collector.
func (m *Metrics) TraceSpansLost(n int) { m.traceSpansLost.Add(float64(n)) }

// ReloadFailed records that a reload of the settings failed.
func (m *Metrics) ReloadFailed() { m.reloadSuccessful.Set(0) }

// Reloaded records that the settings, keys and certificates took effect.
func (m *Metrics) Reloaded(at time.Time) {
	m.reloadSuccessful.Set(1)
	m.reloadTime.Set(float64(at.UnixMilli()) / 1000)
}

// Domains records how many domains the current settings list.
func (m *Metrics) Domains(n int) { m.domains.Set(float64(n)) }

// SigningIdentity records when the first signing identity of a kind expires; the zero
// time if there is none.
func (m *Metrics) SigningIdentity(kind string, notAfter time.Time) {
	if notAfter.IsZero() {
		m.signingNotAfter.DeleteLabelValues(kind)
		return
	}
	m.signingNotAfter.WithLabelValues(kind).Set(float64(notAfter.Unix()))
}

// SigningCertificate counts a signing identity; result is loaded or failed.
func (m *Metrics) SigningCertificate(result string) {
	m.signing.WithLabelValues(result).Inc()
}

// TLSCertificate counts a certificate; result is loaded or failed for those from
// files, and one of package acme for those on demand.
func (m *Metrics) TLSCertificate(result string) {
	m.certificates.WithLabelValues(result).Inc()
}

// TLSNotAfter records when the first TLS certificate in use expires; zero for none.
func (m *Metrics) TLSNotAfter(at time.Time) {
	if at.IsZero() {
		m.tlsNotAfter.Reset()
		return
	}
	m.tlsNotAfter.WithLabelValues().Set(float64(at.Unix()))
}

// Registry returns the registry, for tests that gather and lint it.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Handler serves the metrics to Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Registry:            m.registry,
		MaxRequestsInFlight: 4,
		EnableOpenMetrics:   true,
	})
}
