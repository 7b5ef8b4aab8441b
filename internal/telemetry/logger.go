package telemetry

import (
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// flushEvery is how long a log line may wait in memory. At many thousand
// requests a second, one write per line costs as much as the request itself.
const flushEvery = 250 * time.Millisecond

// NewLogger returns a logger that writes lines at or above level (debug, info,
// warn, error) as format (json or console) to w. The returned function flushes
// the buffer; call it before the process ends.
func NewLogger(level, format string, w io.Writer) (*zap.Logger, func(), error) {
	var lvl zapcore.Level
	if err := lvl.UnmarshalText([]byte(level)); err != nil {
		return nil, nil, fmt.Errorf("unknown log level %q; known are debug, info, warn, error", level)
	}
	conf := zap.NewProductionEncoderConfig()
	conf.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	conf.EncodeDuration = zapcore.SecondsDurationEncoder
	var enc zapcore.Encoder
	switch format {
	case "json":
		enc = zapcore.NewJSONEncoder(conf)
	case "console":
		conf.EncodeTime = zapcore.TimeEncoderOfLayout(time.TimeOnly)
		enc = zapcore.NewConsoleEncoder(conf)
	default:
		return nil, nil, fmt.Errorf("unknown log format %q; known are json, console", format)
	}
	out := &zapcore.BufferedWriteSyncer{WS: zapcore.AddSync(w), FlushInterval: flushEvery}
	// The line of a request that panicked has the stack already.
	log := zap.New(zapcore.NewCore(enc, out, lvl), zap.AddStacktrace(zapcore.FatalLevel))
	// An error in writing the log cannot be logged.
	return log, func() { _ = out.Stop() }, nil
}
