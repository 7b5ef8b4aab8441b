package doctor

import (
	"bytes"
	"html/template"
	"io"
	"time"

	"github.com/waymark-mail/waymark/internal/terminal"
	"github.com/waymark-mail/waymark/templates"
)

// HTMLOptions configure WriteHTML.
type HTMLOptions struct {
	At time.Time // of the examination
	// Form asks for the next domain, at the URL of the page. A report without a domain
	// is only that.
	Form bool
}

// htmlReport is what the template of the page shows.
type htmlReport struct {
	Report
	HTMLOptions
}

// Count returns how many clients have a verdict.
func (r htmlReport) Count(o Outcome) int {
	n := 0
	for _, v := range r.Verdicts {
		if v.Verdict == o {
			n++
		}
	}
	return n
}

// First is the finding to fix first; nil for none.
func (r htmlReport) First() *Finding {
	if r.FixFirst == "" {
		return nil
	}
	return &r.Findings[0]
}

// WriteHTML writes the report as one page that loads nothing. Text of servers is
// escaped.
func (r Report) WriteHTML(w io.Writer, o HTMLOptions) error {
	page, err := template.New("doctor.html").Funcs(template.FuncMap{"line": terminal.Line}).ParseFS(templates.Files, "doctor.html")
	if err != nil {
		return err
	}
	var whole bytes.Buffer
	if err := page.Execute(&whole, htmlReport{r, o}); err != nil {
		return err
	}
	_, err = whole.WriteTo(w)
	return err
}
