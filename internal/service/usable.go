package service

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// askAgain is how often a source that has not answered yet is asked.
const askAgain = 2 * time.Second

// await checks every source in the background, so that a fault is logged before
// the first client meets it, until each answers or has cached answers. The service
// starts even if a database is down.
func (s *Sources) await(log *zap.Logger) {
	if len(s.sources) == 0 {
		close(s.usable)
		return
	}
	s.background.Go(func() {
		waiting := make(map[int]bool, len(s.sources))
		for i := range s.sources {
			waiting[i] = true
		}
		for first := true; ; first = false {
			for i, err := range s.Check(s.ctx) {
				name := zap.String("source", s.options.directory[i].Name)
				switch {
				case s.ctx.Err() != nil:
					return
				case !waiting[i]:
				case err == nil:
					log.Info("source available", name)
					delete(waiting, i)
				case s.lookup.Remembers(s.options.directory[i].Name):
					log.Error("source unavailable; serving the answers of the last run", name, zap.Error(err))
					delete(waiting, i)
				case first:
					log.Error("source unavailable; retrying with each lookup", name, zap.Error(err))
				}
			}
			if len(waiting) == 0 {
				close(s.usable)
				return
			}
			select {
			case <-time.After(askAgain):
			case <-s.ctx.Done():
				return
			}
		}
	})
}

// becomeReady has /readyz succeed once the sources are usable, unless the settings
// do not wait for them.
func (s *Service) becomeReady(ctx context.Context) {
	for {
		now := s.current.Load()
		if now.cfg.Ops.WaitForSources {
			select {
			case <-now.sources.usable:
			case <-now.sources.ctx.Done(): // a reload replaced them
				continue
			case <-ctx.Done():
				return
			}
		}
		s.ready.Set(true)
		return
	}
}
