package doctor

import (
	"fmt"
	"io"
	"strings"

	"github.com/waymark-mail/waymark/internal/terminal"
)

// TextOptions configure WriteText.
type TextOptions struct {
	Colour bool
	Steps  bool // what every client asks
}

// WriteText writes the report for a terminal. Text of servers is escaped.
func (r Report) WriteText(w io.Writer, o TextOptions) error {
	t := textWriter{colour: o.Colour}
	t.line("%s", r.Domain)
	for _, f := range r.Findings {
		t.line("")
		t.line("%s  %s  %s", t.painted(string(f.Severity), f.Severity), f.ID, f.Where)
		t.line("  seen    %s", f.Seen)
		if len(f.Breaks) > 0 {
			t.line("  breaks  %s", strings.Join(f.Breaks, ", "))
		}
		t.line("  fix     %s", f.Fix)
	}
	if len(r.Findings) == 0 {
		t.line("")
		t.line("Nothing to report.")
	}
	if r.FixFirst != "" {
		t.line("")
		t.line("Fix first: %s", r.FixFirst)
	}
	if len(r.Verdicts) > 0 {
		t.line("")
	}
	for _, v := range r.Verdicts {
		t.line("%s  %s", t.painted(fmt.Sprintf("%-8s", v.Verdict), severityOf(v.Verdict)), strings.TrimSpace(fmt.Sprintf("%-24s %s", v.Client, strings.Join(v.Findings, ", "))))
		if !o.Steps {
			continue
		}
		for _, s := range v.Steps {
			t.line("            %s", s.Asked)
			t.line("              %s", s.Got)
		}
	}
	_, err := io.WriteString(w, t.String())
	return err
}

type textWriter struct {
	strings.Builder
	colour bool
}

// line writes one line; the texts in it are escaped.
func (t *textWriter) line(format string, args ...any) {
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = terminal.Line(text)
		}
	}
	_, _ = fmt.Fprintf(t, format+"\n", args...) // a Builder never fails
}

// paint is text that is already safe.
type paint string

// painted colours a word of our own.
func (t *textWriter) painted(word string, s Severity) paint {
	code, ok := map[Severity]string{Error: "31", Warning: "33", Info: "36", "": "32"}[s]
	if !t.colour || !ok {
		return paint(word)
	}
	return paint("\x1b[" + code + "m" + word + "\x1b[0m")
}

// severityOf returns the severity whose colour fits an outcome; "" for green.
func severityOf(o Outcome) Severity {
	switch o {
	case Broken:
		return Error
	case Question:
		return Warning
	case Works:
	}
	return ""
}
