package server

import (
	"fmt"
	"testing"
)

// TestBudgetIsShared has clients take as much as they can, one after the other.
func TestBudgetIsShared(t *testing.T) {
	b := newBudget(100)
	for _, tc := range []struct {
		client string
		gets   int // one at a time
	}{{"a", 50}, {"b", 25}, {"c", 13}, {"a", 0}, {"d", 6}} {
		got := 0
		for b.take(tc.client, 1) {
			got++
		}
		if got != tc.gets {
			t.Errorf("%s gets %d places, want %d", tc.client, got, tc.gets)
		}
	}
	b.give("a", 50)
	for n := range 28 {
		if !b.take(fmt.Sprint("new", n), 1) {
			t.Errorf("newcomer %d finds no room", n)
		}
	}
	if b.take("new29", 30) {
		t.Error("more was given than there is")
	}
	for client, n := range map[string]int{"b": 25, "c": 13, "d": 6} {
		b.give(client, n)
	}
	if len(b.held) != 28 || b.used != 28 {
		t.Errorf("%d clients hold %d places, want 28 and 28", len(b.held), b.used)
	}
	if !newBudget(0).take("a", 1_000_000) {
		t.Error("no limit refuses")
	}
}
