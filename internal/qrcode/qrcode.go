package qrcode

import (
	"fmt"
	"image"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// Code is a QR code.
type Code struct {
	image image.Image
	size  int // modules on a side
}

// New returns the code of a text. The error is that the text is too long.
func New(text string) (Code, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return Code{}, fmt.Errorf("a QR code has no room for %d bytes", len(text)) // the library's error quotes the text
	}
	return Code{code, code.Bounds().Dx()}, nil
}

// dark reports whether a module is dark; false outside of the code.
func (c Code) dark(x, y int) bool {
	if x < 0 || y < 0 || x >= c.size || y >= c.size {
		return false
	}
	r, _, _, _ := c.image.At(x, y).RGBA()
	return r == 0
}

// SVG returns the code as an SVG file, black on white in a dark page too: many
// readers fail on inverted codes.
func (c Code) SVG() string {
	const quiet = 4 // modules of frame that readers need (ISO/IEC 18004 section 6.3.8)
	var path strings.Builder
	for y := range c.size {
		for x := 0; x < c.size; x++ {
			begin := x
			for c.dark(x, y) {
				x++
			}
			if x > begin {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", begin+quiet, y+quiet, x-begin, x-begin)
			}
		}
	}
	side := c.size + 2*quiet
	return fmt.Sprintf(
		`<svg xmlns="http://www.w3.org/2000/svg" width="224" height="224" viewBox="0 0 %d %d"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		side, side, side, side, path.String())
}

// Text returns the code in half blocks, two rows of modules per line, light on
// dark as most terminals are.
func (c Code) Text() string {
	const quiet = 2
	var out strings.Builder
	for y := -quiet; y < c.size+quiet; y += 2 {
		for x := -quiet; x < c.size+quiet; x++ {
			switch upper, lower := !c.dark(x, y), !c.dark(x, y+1); {
			case upper && lower:
				out.WriteRune('█')
			case upper:
				out.WriteRune('▀')
			case lower:
				out.WriteRune('▄')
			default:
				out.WriteByte(' ')
			}
		}
		out.WriteByte('\n')
	}
	return out.String()
}
