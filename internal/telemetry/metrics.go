package telemetry

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the figures of one process. They live as long as it does, across
// reloads. No label ever holds a domain, an address or a path.
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
	certificates     *prometheus.CounterVec
	tlsNotAfter      *prometheus.GaugeVec // without labels, and without a value until there is a certificate
}

// NewMetrics returns the metrics in a registry of their own, with those of the
// Go runtime and the process beside them.
func NewMetrics(version, revision string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waymark_requests_total",
			Help: "Requests answered, by protocol, family of the client and outcome.",
		}, []string{"protocol", "client", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                            "waymark_request_duration_seconds",
			Help:                            "Time from the request's header to its finished answer, by protocol.",
			Buckets:                         []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"protocol"}),
		lookups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waymark_directory_lookups_total",
			Help: "Questions to the sources of settings, by source and result: found, unknown, error; stale for an answer from memory because the source could not tell.",
		}, []string{"source", "result"}),
		lookupDuration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                            "waymark_directory_lookup_duration_seconds",
			Help:                            "Time that a source of settings outside of the file took for a question, by source.",
			Buckets:                         []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"source"}),
		cache: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waymark_directory_cache_total",
			Help: "Answers of the sources outside of the file, by how they came: hit from memory, refresh from memory while the source is asked again, miss by asking, stale from memory because the source could not tell.",
		}, []string{"result"}),
		reloadSuccessful: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "waymark_config_last_reload_successful",
			Help: "1 when the settings file was last read without an error, else 0: the settings before it are still in force.",
		}),
		reloadTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "waymark_config_last_reload_success_timestamp_seconds",
			Help: "When the settings in force were read, in seconds since 1970.",
		}),
		domains: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "waymark_config_domains",
			Help: "Domains listed in the settings in force, the catch-all not counted.",
		}),
		signingNotAfter: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "waymark_signing_certificate_not_after_timestamp_seconds",
			Help: "When the first certificate of a profile-signing identity expires, in seconds since 1970.",
		}, []string{"identity"}),
		certificates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waymark_tls_certificates_total",
			Help: "TLS certificates taken into use or refused, by result.",
		}, []string{"result"}),
		tlsNotAfter: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "waymark_tls_certificate_not_after_timestamp_seconds",
			Help: "When the TLS certificate in use expires, in seconds since 1970.",
		}, nil),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "waymark_build_info",
		Help:        "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(
		m.requests, m.duration, m.lookups, m.lookupDuration, m.cache, m.reloadSuccessful, m.reloadTime, m.domains,
		m.signingNotAfter, m.certificates, m.tlsNotAfter, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Request counts one answered request. protocol and outcome come from closed
// sets of the code, client from ClientFamily.
func (m *Metrics) Request(protocol, client, outcome string, took time.Duration) {
	m.requests.WithLabelValues(protocol, client, outcome).Inc()
	m.duration.WithLabelValues(protocol).Observe(took.Seconds())
}

// Lookup counts one question to a source of settings; result is found, unknown
// or error. It is stale for an answer that was given from memory because the
// source could not tell. The settings file is the source named file.
func (m *Metrics) Lookup(source, result string) {
	m.lookups.WithLabelValues(source, result).Inc()
}

// LookupTook notes how long a source took for one question.
func (m *Metrics) LookupTook(source string, took time.Duration) {
	m.lookupDuration.WithLabelValues(source).Observe(took.Seconds())
}

// CacheAnswer counts how what the sources say was come by: hit, refresh, miss
// or stale.
func (m *Metrics) CacheAnswer(result string) {
	m.cache.WithLabelValues(result).Inc()
}

// ReloadFailed notes that the settings file could not be used.
func (m *Metrics) ReloadFailed() { m.reloadSuccessful.Set(0) }

// Reloaded notes that new settings are in force, with this many domains.
func (m *Metrics) Reloaded(at time.Time, domains int) {
	m.reloadSuccessful.Set(1)
	m.reloadTime.Set(float64(at.UnixMilli()) / 1000)
	m.domains.Set(float64(domains))
}

// SigningIdentity notes when a signing identity expires.
func (m *Metrics) SigningIdentity(name string, notAfter time.Time) {
	m.signingNotAfter.WithLabelValues(name).Set(float64(notAfter.Unix()))
}

// TLSCertificate counts a certificate that was loaded, or that failed to be.
func (m *Metrics) TLSCertificate(result string) {
	m.certificates.WithLabelValues(result).Inc()
}

// TLSNotAfter notes when the TLS certificate in use expires.
func (m *Metrics) TLSNotAfter(at time.Time) {
	m.tlsNotAfter.WithLabelValues().Set(float64(at.Unix()))
}

// Registry returns the registry, for tests that gather and lint.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Handler serves the metrics to a scraper.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Registry:            m.registry,
		MaxRequestsInFlight: 4,
		EnableOpenMetrics:   true,
	})
}
