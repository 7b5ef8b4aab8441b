package terminal

import "os"

// Color is a colour of the text on a terminal.
type Color string

// The colours of reports.
const (
	Red    Color = "31"
	Yellow Color = "33"
	Green  Color = "32"
)

// In returns text in a colour. The text must be safe already: see Line.
func (c Color) In(text string) string { return "\x1b[" + string(c) + "m" + text + "\x1b[0m" }

// Is reports whether a file is a terminal.
func Is(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// HasColors reports whether a file is a terminal for colours: NO_COLOR, with any
// value, and TERM=dumb switch them off.
func HasColors(f *os.File, getenv func(string) (string, bool)) bool {
	no, _ := getenv("NO_COLOR")
	term, _ := getenv("TERM")
	return no == "" && term != "dumb" && Is(f)
}
