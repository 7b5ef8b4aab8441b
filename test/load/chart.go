//go:build linux

package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// panel is one line of a chart: a figure for each size, on logarithmic axes.
type panel struct {
	title  string // with the unit
	points []point
}

type point struct{ x, y float64 }

// The panels of a chart stand side by side.
const (
	panelWidth, panelHeight = 360, 240
	left, right, top, foot  = 16, 24, 48, 44
)

// svg draws a chart that follows the light or dark mode of the reader.
func svg(title, across string, panels []panel) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="system-ui, sans-serif" font-size="12">`+"\n", panelWidth*len(panels), panelHeight)
	fmt.Fprintf(&b, "<title>%s</title>\n", escaped(title))
	b.WriteString(`<style>
.back { fill: #ffffff } text { fill: #1f2328 } .axis { stroke: #8c959f } .line { fill: none; stroke: #0969da; stroke-width: 2 } .dot { fill: #0969da }
@media (prefers-color-scheme: dark) { .back { fill: #0d1117 } text { fill: #e6edf3 } .axis { stroke: #6e7681 } .line { stroke: #58a6ff } .dot { fill: #58a6ff } }
</style>
`)
	fmt.Fprintf(&b, `<rect class="back" width="%d" height="%d"/>`+"\n", panelWidth*len(panels), panelHeight)
	for i, p := range panels {
		fmt.Fprintf(&b, `<g transform="translate(%d 0)">`+"\n", i*panelWidth)
		p.draw(&b, across)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (p panel) draw(b *strings.Builder, across string) {
	place := scale(p.points)
	fmt.Fprintf(b, `<text x="%d" y="20" font-weight="600">%s</text>`+"\n", left, escaped(p.title))
	fmt.Fprintf(b, `<path class="axis" d="M%d %dH%d"/>`+"\n", left, panelHeight-foot, panelWidth-right)
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", panelWidth-right, panelHeight-8, escaped(across))
	var line strings.Builder
	for _, at := range p.points {
		x, y := place(at)
		fmt.Fprintf(&line, " %.1f,%.1f", x, y)
		fmt.Fprintf(b, `<circle class="dot" cx="%.1f" cy="%.1f" r="3"/><text x="%.1f" y="%.1f" text-anchor="middle">%s</text><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x, y, x, y-8, short(at.y), x, panelHeight-foot+16, short(at.x))
	}
	fmt.Fprintf(b, `<polyline class="line" points="%s"/>`+"\n", strings.TrimSpace(line.String()))
}

// scale returns where a point is in a panel.
func scale(points []point) func(point) (x, y float64) {
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, p := range points {
		low, high = point{min(low.x, p.x), min(low.y, p.y)}, point{max(high.x, p.x), max(high.y, p.y)}
	}
	share := func(v, low, high float64) float64 {
		if low == high {
			return 0.5
		}
		return (math.Log(v) - math.Log(low)) / (math.Log(high) - math.Log(low))
	}
	const inner = 24 // so that the first and the last number fit
	return func(p point) (x, y float64) {
		return left + inner + share(p.x, low.x, high.x)*(panelWidth-left-right-2*inner),
			panelHeight - foot - 8 - share(p.y, low.y, high.y)*(panelHeight-top-foot-8)
	}
}

// short writes a number with two or three digits: 0.012, 17, 142, 10k, 1M.
func short(v float64) string {
	unit := ""
	switch {
	case v >= 1e6:
		v, unit = v/1e6, "M"
	case v >= 1e3:
		v, unit = v/1e3, "k"
	}
	digits := 2
	if v >= 100 {
		digits = 3
	}
	return strconv.FormatFloat(round(v, digits), 'f', -1, 64) + unit
}

func round(v float64, digits int) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if err != nil {
		return v
	}
	return rounded
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder returns no error
	return b.String()
}
