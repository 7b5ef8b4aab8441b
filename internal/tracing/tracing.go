package tracing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Options configure New.
type Options struct {
	Endpoint string            // URL of the collector (OTLP over HTTP); the path defaults to /v1/traces
	Headers  map[string]string // of each export, such as Authorization
	Sample   float64           // share of the requests, from 0 to 1
	Version  string            // of Waymark
	// Lost is called with the number of spans that are lost, from any goroutine. The
	// error says why.
	Lost func(int, error)
}

// The queue is bounded, and what does not fit is dropped: a collector that is slow
// or down costs memory for this many spans and no request any time.
const (
	maxQueue      = 2048
	exportTimeout = 10 * time.Second
)

// Tracer records spans. The nil Tracer records none.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// New returns a tracer that exports in the background until Close.
func New(ctx context.Context, o Options) (*Tracer, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, errors.New("the endpoint is not a URL")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	client, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(u.String()),
		otlptracehttp.WithHeaders(o.Headers),
		otlptracehttp.WithTimeout(exportTimeout),
	)
	if err != nil {
		return nil, fmt.Errorf("cannot export traces: %w", err)
	}
	var waiting atomic.Int64
	batcher := sdktrace.NewBatchSpanProcessor(exporter{client, o.Lost, &waiting},
		sdktrace.WithMaxQueueSize(maxQueue), sdktrace.WithExportTimeout(exportTimeout))
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(queue{batcher, o.Lost, &waiting}),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(o.Sample))),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "waymark"), attribute.String("service.version", o.Version),
		)),
	)
	return &Tracer{provider, provider.Tracer("github.com/waymark-mail/waymark")}, nil
}

// queue reports the spans that do not fit into the queue of the library, which drops
// them without a word.
type queue struct {
	sdktrace.SpanProcessor
	lost    func(int, error)
	waiting *atomic.Int64 // spans that ended and have not been exported
}

var errFull = errors.New("the queue is full")

func (q queue) OnEnd(span sdktrace.ReadOnlySpan) {
	if q.waiting.Add(1) > maxQueue {
		q.waiting.Add(-1)
		q.lost(1, errFull)
		return
	}
	q.SpanProcessor.OnEnd(span)
}

// exporter reports failures itself, so that the library does not write them to
// standard error.
type exporter struct {
	sdktrace.SpanExporter
	lost    func(int, error)
	waiting *atomic.Int64
}

func (e exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	defer e.waiting.Add(-int64(len(spans)))
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.lost(len(spans), err)
	}
	return nil
}

// Close exports what is queued, until ctx ends.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Request starts the span of a request. trusted is whether a trusted proxy sent it:
// only then the span continues the trace in its header, because others could have
// every request of theirs recorded.
func (t *Tracer) Request(r *http.Request, trusted bool) (*http.Request, Span) {
	if t == nil {
		return r, Span{}
	}
	ctx := r.Context()
	if trusted {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	ctx, span := t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
	if !span.IsRecording() {
		return r, Span{}
	}
	return r.WithContext(ctx), Span{span}
}

// Step starts the span of a step of a request that is recorded.
func Step(ctx context.Context, name string) (context.Context, Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Span{}
	}
	ctx, span := parent.TracerProvider().Tracer("github.com/waymark-mail/waymark").Start(ctx, name)
	return ctx, Span{span}
}

// Span is a span that is recorded, or the zero value for none.
type Span struct{ span trace.Span }

// Recorded reports whether there is a span.
func (s Span) Recorded() bool { return s.span != nil }

// Name sets the name.
func (s Span) Name(name string) {
	if s.span != nil {
		s.span.SetName(name)
	}
}

// Set adds an attribute. Values must come from a bounded set, or be random.
func (s Span) Set(key, value string) {
	if s.span != nil && value != "" {
		s.span.SetAttributes(attribute.String(key, value))
	}
}

// SetNumber adds a numeric attribute.
func (s Span) SetNumber(key string, value int) {
	if s.span != nil {
		s.span.SetAttributes(attribute.Int(key, value))
	}
}

// End ends the span; failed marks it as an error of this server.
func (s Span) End(failed bool) {
	if s.span == nil {
		return
	}
	if failed {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}
