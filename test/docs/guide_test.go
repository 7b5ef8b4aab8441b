package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// block is a fenced block of a page.
type block struct {
	kind string // sh, text, console, yaml …
	line int    // of its first line of text
	text string
}

// section is a heading with what stands below it, up to the next heading.
type section struct {
	title  string
	level  int // 1 for the page itself
	blocks []block
}

var heading = regexp.MustCompile(`^(#{1,6}) (.+)$`)

// sections reads a page. The first section is the page itself.
func sections(t *testing.T, page string) []section {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var all []section
	var open *block
	indent := ""
	for i, line := range strings.Split(string(text), "\n") {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		switch {
		case open != nil && fence:
			last := &all[len(all)-1]
			last.blocks = append(last.blocks, *open)
			open = nil
		case open != nil:
			open.text += strings.TrimPrefix(line, indent) + "\n"
		case fence:
			before, kind, _ := strings.Cut(line, "```")
			indent = before
			open = &block{kind: kind, line: i + 2}
		default:
			if m := heading.FindStringSubmatch(line); m != nil {
				all = append(all, section{title: m[2], level: len(m[1])})
			}
		}
	}
	if open != nil || len(all) == 0 || all[0].level != 1 {
		t.Fatalf("%s: a block does not end, or there is no title", page)
	}
	return all
}

// walk is what a reader does who wants one section: the blocks of the page and
// of the headings above, then its own.
type walk struct {
	title  string
	blocks []block
}

func (s section) runs() bool {
	return slices.ContainsFunc(s.blocks, func(b block) bool { return b.kind == "sh" })
}

// walks returns the sections of a page that run something and have none below
// them.
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
			w.blocks = append(w.blocks, a.blocks...)
		}
		all = append(all, w)
	}
	return all
}

// guides are the pages whose every command is tried. What they show in blocks
// marked sh is run as it stands.
func guides() []string {
	return []string{
		"../README.md", "../CONTRIBUTING.md", "../SECURITY.md",
		"api.md", "clients.md", "comparison.md", "dns.md", "directory-ldap.md", "directory-mx.md", "directory-sql.md", "metrics.md",
		"migrating.md", "operating.md", "performance.md", "quickstart.md", "releasing.md", "runbook.md", "troubleshooting.md",
	}
}

// elsewhere are pages whose blocks a test of another package tries, and that
// test.
func elsewhere() map[string][2]string {
	return map[string][2]string{
		"configuration.md":  {"internal/config", "TestDocumentedExamples"},
		"directory-ldap.md": {"internal/directory/ldapsource", "TestTheGuide"},
		"directory-mx.md":   {"internal/directory/mxsource", "TestTheGuide"},
		"directory-sql.md":  {"internal/directory/sqlsource", "TestTheQueriesOfTheGuide"},
		"migrating.md":      {"cmd/waymark", "TestCommandsOfTheMigrationGuide"},
	}
}

// TestPages wants every page either here or there.
func TestPages(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 10 {
		t.Fatalf("found %v only", pages)
	}
	for _, page := range pages {
		test, there := elsewhere()[page]
		if there && !declares(t, filepath.Join("..", test[0]), test[1]) {
			t.Errorf("%s: %s has no %s", page, test[0], test[1])
		}
		if !there && !slices.Contains(guides(), page) {
			t.Errorf("nothing tries the commands of %s", page)
		}
	}
}

// TestBlocks wants every command either run or shown for a reason.
func TestBlocks(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash: apt-get install bash")
	}
	for _, page := range guides() {
		if _, there := elsewhere()[page]; there {
			continue
		}
		run := map[int]bool{}
		for _, w := range walks(t, page) {
			for _, b := range w.blocks {
				run[b.line] = true
			}
		}
		for _, s := range sections(t, page) {
			for i, b := range s.blocks {
				where := fmt.Sprintf("%s:%d", page, b.line)
				switch b.kind {
				case "sh", "console":
					if out, err := exec.Command(shell, "-n", "-c", b.text).CombinedOutput(); err != nil {
						t.Errorf("%s: %s", where, out)
					}
				case "text":
					if i == 0 || s.blocks[i-1].kind != "sh" {
						t.Errorf("%s: nothing that is run prints this", where)
					}
				case "yaml", "ini", "nginx", "":
				default:
					t.Errorf("%s: a block marked %q", where, b.kind)
				}
				if b.kind == "sh" && !run[b.line] {
					t.Errorf("%s: belongs to no section that is run", where)
				}
				if first, _, _ := strings.Cut(b.text, "\n"); b.kind == "console" && !strings.HasPrefix(first, "# Needs ") {
					t.Errorf("%s: does not say what it needs", where)
				}
			}
		}
	}
}

// shown is a command that a page shows and that is not run as it stands: a
// line of a block marked console, or one in the text.
type shown struct {
	page    string
	line    int
	command string
}

// programs are those whose commands stand in the text of the pages, too.
var programs = regexp.MustCompile(`^(waymark|\./waymark-new|/usr/bin/time|\.ci/run|apt|caddy|certbot|curl|dig|docker|git|go|goreleaser|govulncheck|helm|journalctl|kubectl|make|openssl|psql|sha256sum|systemctl|tools/throughput|tools/release/version)( |$)`)

var (
	inline  = regexp.MustCompile("`([^`]+)`")
	comment = regexp.MustCompile(`\s+# .*$`)
)

// commands returns what a page shows without running it.
func commands(t *testing.T, page string) []shown {
	t.Helper()
	var all []shown
	for _, s := range sections(t, page) {
		for _, b := range s.blocks {
			if b.kind != "console" {
				continue
			}
			for i, line := range strings.Split(strings.ReplaceAll(b.text, "\\\n", ""), "\n") {
				if line = strings.TrimSpace(comment.ReplaceAllString(line, "")); line != "" && !strings.HasPrefix(line, "#") {
					all = append(all, shown{page, b.line + i, strings.TrimSuffix(line, " &")})
				}
			}
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	// A command in the text may be broken between two lines.
	prose := fenced.ReplaceAllStringFunc(string(text), func(b string) string { return strings.Repeat("\n", strings.Count(b, "\n")) })
	for _, m := range inline.FindAllStringSubmatchIndex(prose, -1) {
		command := strings.Join(strings.Fields(prose[m[2]:m[3]]), " ")
		if programs.MatchString(command) && strings.ContainsAny(command, " /") {
			all = append(all, shown{page, 1 + strings.Count(prose[:m[0]], "\n"), strings.ReplaceAll(command, `\|`, "|")})
		}
	}
	return all
}
