package service

import (
	"context"
	"net/http"
	"time"
)

// Alive reports whether the ops listener of this process answers; true without an
// ops listener.
func (s *Service) Alive(ctx context.Context) bool {
	address := s.Addr("ops")
	if address == "" {
		return true
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", nil)
	if err != nil {
		return false
	}
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}
