package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the folder of the repository. Pages are named relative to it.
const root = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block is a fenced block of a page, or the commands of a comment.
type block struct {
	kind string // the mark of the fence; "hidden" in a comment
	line int    // of its first line of text
	text string
	note string // the comment above it, such as "file: waymark.yaml"
}

// section is a heading with everything up to the next heading.
type section struct {
	title  string
	level  int      // 1 for the page itself
	with   []string // names of preparations
	blocks []block
	see    []string // packages with the names of their tests
	moved  bool     // those tests run the blocks of the page
}

var heading = regexp.MustCompile(`^(#{1,6}) (.+)$`)

// sections reads a page. The first section is the page itself.
func sections(t *testing.T, page string) []section {
	t.Helper()
	var all []section
	note := ""
	lines := strings.Split(read(t, page), "\n")
	for i := 0; i < len(lines); i++ {
		line, first := strings.TrimSpace(lines[i]), i+1
		if m := heading.FindStringSubmatch(line); m != nil {
			all = append(all, section{title: m[2], level: len(m[1])})
			continue
		}
		comment, hidden := strings.CutPrefix(line, "<!-- test: ")
		kind, fenced := strings.CutPrefix(line, "```")
		if !hidden && !fenced {
			continue
		}
		if len(all) == 0 {
			t.Fatalf("%s: a block before the title", page)
		}
		s := &all[len(all)-1]
		indent, _, _ := strings.Cut(lines[i], line)
		var text []string
		if fenced {
			for i++; strings.TrimSpace(lines[i]) != "```"; i++ {
				text = append(text, strings.TrimPrefix(lines[i], indent)+"\n")
			}
			s.blocks = append(s.blocks, block{kind, first + 1, strings.Join(text, ""), note})
			note = ""
			continue
		}
		for !strings.HasSuffix(comment, "-->") {
			i++
			comment += "\n" + strings.TrimPrefix(lines[i], indent)
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(strings.TrimSuffix(comment, "-->")), " ")
		switch verb {
		case "with:":
			s.with = append(s.with, rest)
		case "see:", "elsewhere:":
			s.see, s.moved = append(s.see, rest), s.moved || verb == "elsewhere:"
		case "run:":
			s.blocks = append(s.blocks, block{"hidden", first, rest + "\n", ""})
		case "until:":
			s.blocks = append(s.blocks, block{"hidden", first, "until " + rest + "; do sleep 0.1; done\n", ""})
		case "file:", "append:", "shown:":
			note = verb + " " + rest
		default:
			t.Fatalf("%s:%d: no test does %q", page, first, verb)
		}
	}
	if len(all) == 0 || all[0].level != 1 || note != "" {
		t.Fatalf("%s: no title, or no block below %q", page, note)
	}
	return all
}

// walk is what a reader of one section does: the blocks of the page and of the
// headings above, then those of the section.
type walk struct {
	title  string
	with   []string
	blocks []block
}

func (s section) runs() bool {
	return slices.ContainsFunc(s.blocks, func(b block) bool { return b.kind == "sh" })
}

// walks returns the sections of a page that run commands and have no section
// below them that does.
func walks(t *testing.T, page string) []walk {
	t.Helper()
	var above []section
	var all []walk
	read := sections(t, page)
	for i, s := range read {
		above = slices.DeleteFunc(above, func(a section) bool { return a.level >= s.level })
		above = append(above, s)
		below := read[i+1:]
		if end := slices.IndexFunc(below, func(b section) bool { return b.level <= s.level }); end >= 0 {
			below = below[:end]
		}
		if !s.runs() || slices.ContainsFunc(below, section.runs) {
			continue
		}
		w := walk{title: s.title}
		for _, a := range above {
			w.with = append(w.with, a.with...)
			w.blocks = append(w.blocks, a.blocks...)
		}
		all = append(all, w)
	}
	return all
}

// guides returns every page. An added page is found without a list.
func guides(t *testing.T) []string {
	t.Helper()
	pages := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"}
	found, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(found) < 10 {
		t.Fatalf("found only %v: %v", found, err)
	}
	for _, page := range found {
		pages = append(pages, "docs/"+filepath.Base(page))
	}
	return pages
}

// TestBlocks requires that every command is run, or shown for a reason.
func TestBlocks(t *testing.T) {
	for _, page := range guides(t) {
		all := sections(t, page)
		for _, s := range all {
			for _, see := range s.see {
				pkg, tests, _ := strings.Cut(see, " ")
				for test := range strings.SplitSeq(tests, ", ") {
					if !declares(t, pkg, test) {
						t.Errorf("%s: %s has no %s", page, pkg, test)
					}
				}
			}
		}
		if all[0].moved {
			continue
		}
		run := map[int]bool{}
		for _, w := range walks(t, page) {
			for _, b := range w.blocks {
				run[b.line] = true
			}
		}
		for _, s := range all {
			for i, b := range s.blocks {
				where := fmt.Sprintf("%s:%d", page, b.line)
				note, _, _ := strings.Cut(b.note, ":")
				file := note == "file" || note == "append"
				switch b.kind {
				case "sh", "hidden":
					if !run[b.line] {
						t.Errorf("%s: belongs to no section that is run", where)
					}
				case "text":
					if i == 0 || s.blocks[i-1].kind != "sh" {
						t.Errorf("%s: nothing that is run prints this", where)
					}
				case "console":
					if note != "shown" {
						t.Errorf("%s: no comment says why it is not run", where)
					}
				case "yaml", "sql", "ini", "nginx", "caddyfile", "http", "":
					if file && !run[b.line] {
						t.Errorf("%s: belongs to no section that is run", where)
					}
					note = ""
				default:
					t.Errorf("%s: a block marked %q", where, b.kind)
				}
				if b.kind != "console" && note != "" {
					t.Errorf("%s: %q does not fit a block marked %q", where, b.note, b.kind)
				}
			}
		}
	}
}
