package server

import (
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Of each kind of failure, so many lines are logged in a period. A flood of
// refused requests would fill a disk otherwise; the metrics count all of them.
const (
	sparingPeriod = 10 * time.Second
	sparingLines  = 100
)

// sparing decides which lines are logged, and logs how many were not.
type sparing struct {
	log   *zap.Logger
	level zapcore.Level // of the line that counts the others

	mu    sync.Mutex
	lines map[string]int // of each kind, in its current period
}

func newSparing(log *zap.Logger, level zapcore.Level) *sparing {
	return &sparing{log: log, level: level, lines: map[string]int{}}
}

// admits counts a line of a kind and reports whether it may be logged. The kinds
// must be few.
func (s *sparing) admits(kind string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines[kind]++
	if s.lines[kind] == 1 {
		time.AfterFunc(sparingPeriod, func() { s.end(kind) })
	}
	return s.lines[kind] <= sparingLines
}

// end closes the period of a kind.
func (s *sparing) end(kind string) {
	s.mu.Lock()
	omitted := s.lines[kind] - sparingLines
	delete(s.lines, kind)
	s.mu.Unlock()
	if omitted > 0 {
		s.log.Log(s.level, "log lines omitted", zap.String("outcome", kind), zap.Int("lines", omitted))
	}
}
