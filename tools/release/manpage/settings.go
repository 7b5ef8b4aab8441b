package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// settings writes waymark.yaml(5) from docs/configuration.md, which tests compare
// with the schema and the code. It knows the Markdown that this page uses: headings,
// paragraphs, lists, tables and blocks of code.
func settings(file, date string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var page, description strings.Builder
	fmt.Fprintf(&page, ".TH WAYMARK.YAML 5 %s Waymark \"File formats\"\n", date)
	page.WriteString(".SH NAME\nwaymark.yaml \\- settings file of waymark(1)\n.SH DESCRIPTION\n")
	_, body, _ := strings.Cut(string(text), "\n") // the title
	for block := range blocks(body) {
		write(&description, block)
	}
	page.WriteString(strings.TrimPrefix(afterHeading.ReplaceAllString(description.String(), "$1"), ".PP\n"))
	page.WriteString(`.SH FILES
.TP
/etc/waymark/waymark.yaml
The settings of the service.
.TP
/usr/share/doc/waymark
Guides, examples and the JSON schema of this file.
.SH SEE ALSO
.BR waymark (1)
`)
	return page.String(), nil
}

// blocks yields headings, paragraphs, lists, tables and blocks of code. Blank lines
// separate all but headings and blocks of code.
func blocks(text string) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		var block []string
		code := false
		for line := range strings.SplitSeq(text+"\n", "\n") {
			fence := strings.HasPrefix(line, "```")
			if line != "" || code {
				block = append(block, line)
			}
			code = code != fence
			if code || line != "" && !fence || len(block) == 0 {
				continue
			}
			if !yield(block) {
				return
			}
			block = nil
		}
	}
}

func write(page *strings.Builder, block []string) {
	first := block[0]
	switch {
	case strings.HasPrefix(first, "<!--") && len(block) == 1:
	case strings.HasPrefix(first, "<!--"):
		write(page, block[1:])
	case strings.HasPrefix(first, "### "):
		page.WriteString(".SS " + escape(first[4:]) + "\n")
	case strings.HasPrefix(first, "## "):
		page.WriteString(".SH " + escape(strings.ToUpper(first[3:])) + "\n")
	case strings.HasPrefix(first, "```"):
		page.WriteString(".PP\n.RS 4\n.EX\n")
		for _, line := range block[1 : len(block)-1] {
			page.WriteString(escape(line) + "\n")
		}
		page.WriteString(".EE\n.RE\n")
	case strings.HasPrefix(first, "| "):
		table(page, block)
	case strings.HasPrefix(first, "- "), strings.HasPrefix(first, "* "):
		list(page, block)
	default:
		page.WriteString(".PP\n" + inline(strings.Join(block, "\n")) + "\n")
	}
}

// afterHeading matches a heading with the paragraph macro that it makes redundant.
var afterHeading = regexp.MustCompile(`(?m)^(\.S[HS] .*\n)\.PP\n`)

func list(page *strings.Builder, lines []string) {
	for _, line := range lines {
		item, found := strings.CutPrefix(strings.Replace(line, "* ", "- ", 1), "- ")
		if found {
			page.WriteString(".IP \\(bu 2\n")
		}
		page.WriteString(inline(strings.TrimSpace(item)) + "\n")
	}
}

// table writes each row as a paragraph with its first cell as the tag.
func table(page *strings.Builder, lines []string) {
	heading := cells(lines[0])
	for _, line := range lines[2:] {
		row := cells(line)
		tag, rest := row[0], row[1:]
		if len(heading) == 4 && heading[0] == "key" {
			about := row[1]
			switch {
			case row[2] == "none" || row[2] == "":
			case strings.HasPrefix(row[2], "required"):
				about += "; " + row[2]
			default:
				about += "; default " + row[2]
			}
			if about != "" {
				tag += " (" + about + ")"
			}
			rest = row[3:]
		}
		page.WriteString(".TP\n" + inline(tag) + "\n")
		for i, cell := range rest {
			if cell == "" {
				continue
			}
			if len(rest) > 1 {
				cell = heading[i+1] + ": " + cell
				page.WriteString(inline(cell) + "\n.br\n")
				continue
			}
			page.WriteString(inline(cell) + "\n")
		}
	}
}

func cells(row string) []string {
	const bar = "\x00"
	row = strings.ReplaceAll(strings.Trim(row, "| "), `\|`, bar)
	all := strings.Split(row, "|")
	for i := range all {
		all[i] = strings.TrimSpace(strings.ReplaceAll(all[i], bar, "|"))
	}
	return all
}

var (
	anchored = regexp.MustCompile(`\[([^\]]+)\]\(([^)]+)\)`)
	strong   = regexp.MustCompile(`\*\*([^*]+)\*\*`)
)

// inline writes code in bold, and links as their text.
func inline(text string) string {
	var out strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			out.WriteString(`\fB` + escapeText(part) + `\fR`)
			continue
		}
		part = anchored.ReplaceAllString(part, "$1")
		part = strong.ReplaceAllString(escapeText(part), `\fB$1\fR`)
		out.WriteString(part)
	}
	var lines []string
	for line := range strings.SplitSeq(out.String(), "\n") {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
