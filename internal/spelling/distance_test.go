package spelling

import "testing"

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		name, a, b string
		want       int
	}{
		{"equal", "imap", "imap", 0},
		{"from nothing", "", "imap", 4},
		{"change", "imap", "imop", 1},
		{"insert", "imap", "imaps", 1},
		{"remove", "imap", "map", 1},
		{"swap", "exmaple.com", "example.com", 1},
		{"all at once", "kitten", "sitting", 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if have := Distance(tc.a, tc.b); have != tc.want {
				t.Errorf("have %d, want %d", have, tc.want)
			}
			if have := Distance(tc.b, tc.a); have != tc.want {
				t.Errorf("the other way round: have %d, want %d", have, tc.want)
			}
		})
	}
}
