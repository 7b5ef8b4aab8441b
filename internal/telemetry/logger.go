package telemetry

import (
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// NewLogger returns a logger that writes lines at or above level (debug, info,
// warn, error) as format (json or console) to w. It never waits for w: lines
// that find no room in memory are dropped and counted in m, which may be nil;
// errors are the last to be dropped. The returned function writes what it can
// within a second; call it once, before the process ends.
func NewLogger(level, format string, w io.Writer, m *Metrics) (*zap.Logger, func(), error) {
	var lvl zapcore.Level
	if err := lvl.UnmarshalText([]byte(level)); err != nil {
		return nil, nil, fmt.Errorf("unknown log level %q; known: debug, info, warn, error", level)
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
		enc = consoleEncoder{zapcore.NewConsoleEncoder(conf)}
	default:
		return nil, nil, fmt.Errorf("unknown log format %q; known: json, console", format)
	}
	dropped := func() {}
	if m != nil {
		dropped = m.logLinesDropped.Inc
	}
	out := newLineWriter(w, dropped, func(lines int) []byte {
		entry := zapcore.Entry{Level: zapcore.WarnLevel, Time: time.Now(), Message: "log lines dropped"}
		line, err := enc.EncodeEntry(entry, []zapcore.Field{zap.Int("lines", lines)})
		if err != nil {
			return nil
		}
		return line.Bytes()
	})
	// The line of a request that panicked has the stack already.
	log := zap.New(&core{lvl, enc, out}, zap.AddStacktrace(zapcore.FatalLevel))
	return log, out.close, nil
}
