package qrcode

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
)

// TestPictures reads both pictures back and compares every module with the code.
func TestPictures(t *testing.T) {
	for _, text := range []string{"https://setup.example.com/p/x", "https://setup.example.com/p/" + strings.Repeat("aB3-_", 60)} {
		c, err := New(text)
		if err != nil {
			t.Fatal(err)
		}
		drawn, lines := c.SVG(), strings.Split(c.Text(), "\n")
		code, err := qr.Encode(text, qr.M, qr.Auto)
		if err != nil {
			t.Fatal(err)
		}
		number := func(s string) int {
			n, err := strconv.Atoi(s)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		dark := map[[2]int]bool{}
		for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(drawn, -1) {
			if m[3] != m[4] {
				t.Fatalf("%s is not closed", m[0])
			}
			for i := range number(m[3]) {
				dark[[2]int{number(m[1]) + i, number(m[2])}] = true
			}
		}
		size := code.Bounds().Dx()
		if want := `viewBox="0 0 ` + strconv.Itoa(size+8) + " " + strconv.Itoa(size+8) + `"`; !strings.Contains(drawn, want) {
			t.Errorf("no %s in %.300s", want, drawn)
		}
		count := 0
		for y := range size {
			for x := range size {
				r, _, _, _ := code.At(x, y).RGBA()
				if r == 0 {
					count++
				}
				light := map[rune]bool{'█': true, '▀': true}
				if y%2 == 1 {
					light = map[rune]bool{'█': true, '▄': true}
				}
				if dark[[2]int{x + 4, y + 4}] != (r == 0) || light[[]rune(lines[y/2+1])[x+2]] != (r != 0) {
					t.Fatalf("the module at %d, %d is wrong", x, y)
				}
			}
		}
		if len(dark) != count {
			t.Errorf("%d modules are dark, want %d", len(dark), count)
		}
	}
}

func TestTooLong(t *testing.T) {
	if _, err := New(strings.Repeat("x", 5000)); err == nil {
		t.Error("no error")
	}
}
