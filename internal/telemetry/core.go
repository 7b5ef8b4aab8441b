package telemetry

import (
	"strings"

	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"

	"github.com/waymark-mail/waymark/internal/terminal"
)

// core is a zapcore.Core that never waits for the writer of the log.
type core struct {
	zapcore.LevelEnabler
	encoder zapcore.Encoder
	out     *lineWriter
}

func (c *core) With(fields []zapcore.Field) zapcore.Core {
	clone := *c
	clone.encoder = c.encoder.Clone()
	for i := range fields {
		fields[i].AddTo(clone.encoder)
	}
	return &clone
}

func (c *core) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return checked.AddCore(e, c)
	}
	return checked
}

func (c *core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	line, err := c.encoder.EncodeEntry(e, fields)
	if err != nil {
		return err
	}
	c.out.add(line.Bytes(), e.Level >= zapcore.ErrorLevel)
	line.Free()
	return nil
}

// Sync does nothing: the writer is waited for at the end of the process alone.
func (c *core) Sync() error { return nil }

// consoleEncoder writes one line for people. zap writes the message as it is,
// and some messages of net/http hold what a client sent.
type consoleEncoder struct{ zapcore.Encoder }

func (e consoleEncoder) Clone() zapcore.Encoder { return consoleEncoder{e.Encoder.Clone()} }

func (e consoleEncoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	line, err := e.Encoder.EncodeEntry(entry, fields)
	if err != nil {
		return nil, err
	}
	columns := strings.Split(strings.TrimSuffix(line.String(), "\n"), "\t")
	line.Reset()
	for i, column := range columns {
		if i > 0 {
			line.AppendByte('\t')
		}
		line.AppendString(terminal.Line(column))
	}
	line.AppendByte('\n')
	return line, nil
}
