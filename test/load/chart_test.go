//go:build linux

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestChart(t *testing.T) {
	chart := svg("a < b", "domains", []panel{
		{"time, s", []point{{1, 0.0123}, {1000, 0.5}, {1_000_000, 142.4}}},
		{"memory, MB", []point{{1, 17}}},
	})
	for dec := xml.NewDecoder(strings.NewReader(chart)); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"<title>a &lt; b</title>", "prefers-color-scheme: dark", ">0.012<", ">142<", ">1k<", ">1M<", ">17<", ">time, s<", ">memory, MB<"} {
		if !strings.Contains(chart, want) {
			t.Errorf("the chart has no %s:\n%s", want, chart)
		}
	}
	x, y := scale([]point{{1, 1}, {10, 100}})(point{1, 1})
	if higherX, higherY := scale([]point{{1, 1}, {10, 100}})(point{10, 100}); higherX <= x || higherY >= y {
		t.Errorf("from %.0f,%.0f to %.0f,%.0f", x, y, higherX, higherY)
	}
}
