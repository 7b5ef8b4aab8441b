package page

import (
	"fmt"
	"html/template"
	"image"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quiet is the empty frame that readers need around a code, in modules
// (ISO/IEC 18004 section 6.3.8).
const quiet = 4

// qrCode draws a code for text as SVG: one path of bars, black on white in a
// dark page too, because many readers do not know it the other way round.
// label says to a screen reader what it is.
func qrCode(class, text, label string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", err
	}
	size := code.Bounds().Dx()
	var path strings.Builder
	for y := range size {
		for x := 0; x < size; x++ {
			begin := x
			for x < size && black(code, x, y) {
				x++
			}
			if x > begin {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", begin+quiet, y+quiet, x-begin, x-begin)
			}
		}
	}
	side := size + 2*quiet
	return template.HTML(fmt.Sprintf( //nolint:gosec // numbers, and a label that is escaped
		`<svg class="%s" xmlns="http://www.w3.org/2000/svg" width="224" height="224" viewBox="0 0 %d %d" role="img" aria-label="%s"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		class, side, side, template.HTMLEscapeString(label), side, side, path.String())), nil
}

func black(code image.Image, x, y int) bool {
	r, _, _, _ := code.At(x, y).RGBA()
	return r == 0
}
