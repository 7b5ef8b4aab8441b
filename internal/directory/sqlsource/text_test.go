package sqlsource

import (
	"math"
	"testing"
	"time"
)

func TestText(t *testing.T) {
	for _, tc := range []struct {
		value any
		want  string
	}{
		{nil, ""},
		{"a", "a"},
		{[]byte("b"), "b"},
		{true, "true"},
		{false, "false"},
		{int64(-993), "-993"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{float32(993), "993"},
		{float64(993), "993"},
		{1e15, "1000000000000000"},
		{0.1, "0.1"},
		{float32(0.1), "0.1"},
	} {
		if got, err := text(tc.value); got != tc.want || err != nil {
			t.Errorf("%T: got %q, %v; want %q", tc.value, got, err, tc.want)
		}
	}
	for _, tc := range []struct {
		value any
		want  string
	}{
		{time.Now(), "is a date or a time; use text, a number or a boolean"},
		{[]string{"a"}, "is neither text nor a number nor a boolean"},
	} {
		if got, err := text(tc.value); got != "" || err == nil || err.Error() != tc.want {
			t.Errorf("%T: got %q, %v; want %q", tc.value, got, err, tc.want)
		}
	}
}
