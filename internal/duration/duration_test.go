package duration

import (
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"30d": 30 * day, "1d": day, "1d12h": 36 * time.Hour, "1d30m": day + 30*time.Minute, "0d": 0,
		"12h": 12 * time.Hour, "1h30m": 90 * time.Minute, "500ms": 500 * time.Millisecond, "-1h": -time.Hour, "0": 0,
	} {
		if got, err := Parse(in); err != nil || got != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "d", "60", "-1d", "+1d", "1.5d", "1d-1h", "1d+1h", "1d24h", "1h1d", "1d1d", "7 days", "30D", "100001d", "99999999999999999999d", "soon"} {
		if got, err := Parse(in); err == nil {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func TestFormat(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"365d": 365 * day, "2d": 2 * day, "24h": day, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute,
		"1m": time.Minute, "2s": 2 * time.Second, "50ms": 50 * time.Millisecond, "0s": 0,
	} {
		if got := Format(d); got != want {
			t.Errorf("%s: %s", want, got)
		}
		if back, err := Parse(want); err != nil || back != d {
			t.Errorf("%s is read as %s, %v", want, back, err)
		}
	}
}
