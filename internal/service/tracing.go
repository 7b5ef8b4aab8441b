package service

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/tracing"
)

const (
	// quiet is how long failures of the export are not logged after one that was.
	quiet = time.Minute
	// flushing is how long the end of the process waits for the collector.
	flushing = 2 * time.Second
)

// startTracing starts the export of traces, if the settings have a collector.
func (s *Service) startTracing(ctx context.Context, cfg *config.Config) (err error) {
	t := cfg.Tracing
	if t == nil {
		return nil
	}
	var last atomic.Int64
	s.tracer, err = tracing.New(ctx, tracing.Options{
		Endpoint: t.Endpoint, Headers: t.Headers, Sample: t.Sample, Version: s.options.Version,
		Lost: func(spans int, err error) {
			before, now := last.Load(), s.options.Now().UnixNano()
			if now-before >= int64(quiet) && last.CompareAndSwap(before, now) {
				s.log.Warn("cannot export traces", zap.Error(err))
			}
			s.options.Metrics.TraceSpansLost(spans)
		},
	})
	return err
}

// stopTracing exports the last spans.
func (s *Service) stopTracing() {
	ctx, cancel := context.WithTimeout(context.Background(), flushing)
	defer cancel()
	if err := s.tracer.Close(ctx); err != nil {
		s.log.Warn("cannot export the last traces", zap.Error(err))
	}
}
