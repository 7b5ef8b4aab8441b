package server

import (
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// TestAFloodIsLoggedSparingly sends many requests that fail, and some that do not.
func TestAFloodIsLoggedSparingly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(Options{})
		flood := func(path string, times int) {
			for range times {
				l.do(httptest.NewRequest("GET", path, nil))
			}
		}
		count := func() (requests int, omitted map[string]int64) {
			omitted = map[string]int64{}
			for _, e := range l.logs.TakeAll() {
				if e.Message == "request" {
					requests++
					continue
				}
				omitted[e.ContextMap()["outcome"].(string)] += e.ContextMap()["lines"].(int64)
			}
			return requests, omitted
		}
		flood("/nothing", 20_000)
		flood("/unknown", sparingLines)
		flood("/seen", 1000)
		flood("/internal", sparingLines+7)
		if requests, omitted := count(); requests != 3*sparingLines+1000 || len(omitted) != 0 {
			t.Errorf("%d lines, %v", requests, omitted)
		}
		time.Sleep(sparingPeriod)
		synctest.Wait()
		if requests, omitted := count(); requests != 0 || len(omitted) != 2 || omitted["not_found"] != 20_000-sparingLines || omitted["error"] != 7 {
			t.Errorf("after the period: %d lines, %v", requests, omitted)
		}
		flood("/nothing", 3)
		time.Sleep(sparingPeriod)
		synctest.Wait()
		if requests, omitted := count(); requests != 3 || len(omitted) != 0 {
			t.Errorf("in the next period: %d lines, %v", requests, omitted)
		}
	})
}

// TestConnectionErrorsAreLoggedSparingly sends messages of net/http.
func TestConnectionErrorsAreLoggedSparingly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.DebugLevel)
		to := ErrorLog(zap.New(core), RemoteFull)
		for range 1000 {
			to.Print("http2: server connection error from 192.0.2.1:1: connection error: ENHANCE_YOUR_CALM")
		}
		to.Print("http: Accept error: accept tcp 127.0.0.1:80: too many open files; retrying in 5ms")
		time.Sleep(sparingPeriod)
		synctest.Wait()
		entries := logs.All()
		if n := len(entries); n != sparingLines+2 {
			t.Fatalf("%d lines", n)
		}
		if e := entries[sparingLines]; e.Level != zapcore.WarnLevel || e.Message != "accept error" {
			t.Errorf("running out of file descriptors is logged as %+v", e)
		}
		if e := entries[sparingLines+1]; e.Level != zapcore.DebugLevel || e.ContextMap()["lines"] != int64(1000-sparingLines) {
			t.Errorf("the last line is %+v, %v", e, e.ContextMap())
		}
	})
}
