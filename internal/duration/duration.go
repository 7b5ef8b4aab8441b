package duration

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	day     = 24 * time.Hour
	maxDays = 100_000
)

var errForm = errors.New("not a duration such as 90s, 12h or 30d")

// Parse reads what time.ParseDuration reads, and days before it: 30d, 1d12h. A day
// has 24 hours.
func Parse(s string) (time.Duration, error) {
	digits, rest, hasDays := strings.Cut(s, "d")
	if !hasDays {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, errForm
		}
		return d, nil
	}
	days, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || days > maxDays {
		return 0, errForm
	}
	d := time.Duration(days) * day
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || more < 0 || more >= day || rest[0] == '+' {
		return 0, errForm
	}
	return d + more, nil
}

// Format prints a duration that Parse reads, without parts that are zero. Whole days
// from two on are printed as such.
func Format(d time.Duration) string {
	if d >= 2*day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}
