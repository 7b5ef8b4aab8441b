package words

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
)

// rule is a line of words.txt.
type rule struct {
	scope   string
	pattern *regexp.Regexp // of text in lower case
	exact   bool           // the pattern is of the text as it is
	instead string
	example string // a text that the pattern matches
	literal []byte // what every match contains, perhaps nothing
}

// rules reads words.txt.
func rules(t *testing.T) []rule {
	t.Helper()
	text, err := os.ReadFile("words.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []rule
	scope := ""
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case line == "", line[0] == '#':
		case line[0] == '[':
			scope = strings.Trim(line, "[]")
			if !slices.Contains(scopes, scope) {
				t.Fatalf("words.txt:%d: unknown scope %q", i+1, scope)
			}
		default:
			phrase, instead, found := strings.Cut(line, " = ")
			instead, example, patterned := strings.Cut(instead, " | ")
			if !patterned {
				example = phrase
			}
			if !found || scope == "" || patterned == (regexp.QuoteMeta(phrase) == phrase) {
				t.Fatalf("words.txt:%d: want a phrase, what to write instead, and an example only for a pattern", i+1)
			}
			exact := strings.HasPrefix(phrase, "(?-i:")
			if !exact {
				phrase = strings.ToLower(phrase)
			}
			pattern, err := regexp.Compile(strings.ReplaceAll(phrase, " ", `\s+`) + `\b`)
			if err != nil {
				t.Fatalf("words.txt:%d: %v", i+1, err)
			}
			all = append(all, rule{scope, pattern, exact, instead, example, literalOf(t, pattern)})
		}
	}
	return all
}

// literalOf returns the longest text that every match of a pattern contains.
func literalOf(t *testing.T, pattern *regexp.Regexp) []byte {
	t.Helper()
	parsed, err := syntax.Parse(pattern.String(), syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	longest := ""
	for _, part := range append(parsed.Sub, parsed) {
		if text := string(part.Rune); part.Op == syntax.OpLiteral && len(text) > len(longest) {
			longest = text
		}
	}
	return []byte(longest)
}

// finding is a phrase that a rule keeps out.
type finding struct {
	line    int
	phrase  string
	instead string
}

// check returns what the rules find in the prose of a file.
func check(all []rule, name string, text []byte) []finding {
	var found []finding
	for _, scope := range scopes {
		prose := proseOf(scope, name, text)
		if prose == nil {
			continue
		}
		line := 1
		for run := range bytes.SplitSeq(prose, []byte{0}) { // most of a file in Go is no prose
			if len(bytes.TrimSpace(run)) > 0 {
				found = append(found, checkRun(all, scope, run, line)...)
			}
			line += bytes.Count(run, []byte("\n"))
		}
	}
	return found
}

// checkRun returns what the rules of a scope find in a piece of prose, which
// begins in a line.
func checkRun(all []rule, scope string, run []byte, line int) []finding {
	var found []finding
	lower := bytes.ToLower(run)
	for _, r := range all {
		if r.scope != scope {
			continue
		}
		in := lower
		if r.exact {
			in = run
		}
		if !bytes.Contains(in, r.literal) { // much faster than the pattern
			continue
		}
		for _, at := range r.pattern.FindAllIndex(in, -1) {
			if at[0] > 0 && wordByte(in[at[0]-1]) {
				continue
			}
			found = append(found, finding{
				line:    line + bytes.Count(in[:at[0]], []byte("\n")),
				phrase:  strings.Join(strings.Fields(string(in[at[0]:at[1]])), " "),
				instead: r.instead,
			})
		}
	}
	return found
}

func wordByte(b byte) bool {
	return b == '_' || '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z'
}

const root = "../.."

// TestWords reads the prose of every file of the project.
func TestWords(t *testing.T) {
	all, read := rules(t), map[string]int{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains([]string{".git", "testdata", "screenshots", "dist", "out", "node_modules"}, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if kindOf(name) == "" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.IndexByte(text, 0) >= 0 {
			return nil // a program, such as the one that make build leaves here
		}
		read[kindOf(name)]++
		for _, f := range check(all, name, text) {
			t.Errorf("%s:%d: %q: write %s", name, f.line, f.phrase, f.instead)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for kind, least := range map[string]int{"markdown": 20, "go": 200, "hash": 30, "json": 2} {
		if read[kind] < least {
			t.Errorf("read %d files of kind %s, want at least %d", read[kind], kind, least)
		}
	}
}

// planted are files in which a phrase is prose, and where it is not.
func planted(scope string) (prose, code map[string]string) {
	if scope == "blocks" {
		return map[string]string{"a.md": "Text\n```sh\n%s\n```\n"}, map[string]string{"a.md": "Text\n%s\n", "a.go": "// a\n// %s\n"}
	}
	prose = map[string]string{
		"README.md":               "# Title\n\nText with %s in it.\n",
		"docs/a.md":               "# Title\n\n| a | b |\n|---|---|\n| c | %s |\n",
		"deploy/a.yaml":           "key: value # %s\n",
		"deploy/nginx.conf":       "# %s\n",
		"deploy/b.yaml":           "annotations:\n  summary: 'Now %s'\n",
		"api/openapi.yaml":        "a:\n  description: |\n    A text.\n    Now %s\n  b: c\n",
		"api/schema.json":         "{\n\"description\": \"Now %s\"}\n",
		"internal/a/a.go":         "package a\n",
		"templates/texts/en.json": "{\n\"a\": \"Now %s\"}\n",
	}
	delete(prose, "internal/a/a.go")
	code = map[string]string{
		"README.md":     "# Title\n\n```text\n%[1]s\n```\n\nText `with %[1]s`. <!-- %[1]s -->\n",
		"deploy/a.yaml": "key: %s\n",
		"api/a.json":    "{\"const\": \"Now %s\"}\n",
	}
	if scope == "everywhere" {
		prose["internal/a/a.go"] = "package a\n\n// A function:\n// %s.\nfunc a() {}\n"
		prose["internal/b/a.go"] = "package a\n\nvar a = \"now %s\"\n"
		prose["internal/b/a_test.go"] = "package a\n\n// %s.\nvar a int\n"
		code["internal/b/a_test.go"] = "package a\n\nvar a = \"now %s\"\n"
	}
	return prose, code
}

// TestPlantedFaults shows that each rule finds its phrase in each kind of prose,
// also across a line break, and never in code.
func TestPlantedFaults(t *testing.T) {
	all := rules(t)
	if len(all) < 40 {
		t.Fatalf("words.txt has only %d rules", len(all))
	}
	for _, r := range all {
		prose, code := planted(r.scope)
		for name, form := range prose {
			text := fmt.Sprintf(form, r.example)
			line := 1 + strings.Count(form[:strings.Index(form, "%")], "\n")
			if !finds(check([]rule{r}, name, []byte(text)), line) {
				t.Errorf("%q is not found in line %d of %s:\n%s", r.example, line, name, text)
			}
		}
		for name, form := range code {
			if found := check([]rule{r}, name, fmt.Appendf(nil, form, r.example)); len(found) > 0 {
				t.Errorf("%q is found in code of %s: %v", r.example, name, found)
			}
		}
		if before, after, found := strings.Cut(r.example, " "); found && r.scope == "everywhere" {
			for name, form := range map[string]string{"a.md": "%s\n%s\n", "a.go": "package a\n// %s\n// %s\n", "deploy/a.conf": "# %s\n# %s\n"} {
				broken := fmt.Sprintf(form, before, after)
				if r.pattern.MatchString(r.example) && len(check([]rule{r}, name, []byte(broken))) == 0 {
					t.Errorf("%q is not found across lines of %s", r.example, name)
				}
			}
		}
	}
}

func finds(found []finding, line int) bool {
	return slices.ContainsFunc(found, func(f finding) bool { return f.line == line })
}
