package page

import (
	"math"
	"strconv"
)

// luminance returns the relative luminance of a colour such as #1a2b3c, from 0
// for black to 1 for white (WCAG 2.2, "relative luminance").
func luminance(color string) float64 {
	channel := func(at int) float64 {
		n, err := strconv.ParseUint(color[at:at+2], 16, 8)
		if err != nil {
			return 0
		}
		v := float64(n) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(1) + 0.7152*channel(3) + 0.0722*channel(5)
}
