//go:build linux

package docs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/waymark"
)

// shown is a command that a page shows without running it: a line of a block
// marked console, or a command in the text.
type shown struct {
	page    string
	line    int
	command string
}

// inText are those whose commands are found in the text, too.
var inText = regexp.MustCompile(`^(waymark|\./waymark-new|/usr/bin/time|\.ci/run|apt|caddy|certbot|curl|dig|docker|git|go|goreleaser|govulncheck|helm|journalctl|kubectl|make|openssl|psql|sha256sum|systemctl|tools/release/\w+)( |$)`)

var (
	inline  = regexp.MustCompile("`([^`]+)`")
	comment = regexp.MustCompile(`\s+# .*$`)
	remark  = regexp.MustCompile(`(?s)<!--.*?-->`)
)

// blank keeps the line numbers of what it removes.
func blank(text string) string { return strings.Repeat("\n", strings.Count(text, "\n")) }

// commands returns what a page shows without running it.
func commands(t *testing.T, page string) []shown {
	t.Helper()
	var all []shown
	for _, s := range sections(t, page) {
		for _, b := range s.blocks {
			if b.kind != "console" {
				continue
			}
			if out, err := exec.Command("bash", "-n", "-c", b.text).CombinedOutput(); err != nil {
				t.Errorf("%s:%d: %s", page, b.line, out)
			}
			for i, line := range strings.Split(strings.ReplaceAll(b.text, "\\\n", ""), "\n") {
				if line = strings.TrimSpace(comment.ReplaceAllString(line, "")); line != "" && !strings.HasPrefix(line, "#") {
					all = append(all, shown{page, b.line + i, strings.TrimSuffix(line, " &")})
				}
			}
		}
	}
	// A command in the text may be broken between two lines.
	prose := remark.ReplaceAllStringFunc(fenced.ReplaceAllStringFunc(read(t, page), blank), blank)
	for _, m := range inline.FindAllStringSubmatchIndex(prose, -1) {
		command := strings.Join(strings.Fields(prose[m[2]:m[3]]), " ")
		if inText.MatchString(command) && strings.ContainsAny(command, " /") {
			all = append(all, shown{page, 1 + strings.Count(prose[:m[0]], "\n"), strings.ReplaceAll(command, `\|`, "|")})
		}
	}
	return all
}

// tries are the ways to try a command, by their names in shown.txt. Each gets
// the command and what follows the name.
func tries() map[string]func(t *testing.T, command, argument string) {
	return map[string]func(*testing.T, string, string){
		"help":   func(t *testing.T, _, other string) { t.Helper(); isKnownToWaymark(t, other) },
		"script": isAScript, "answered": isAnswered, "issued": isIssued, "service": isAService,
		"has": func(t *testing.T, _, argument string) {
			t.Helper()
			file, text, _ := strings.Cut(argument, " ")
			files, err := filepath.Glob(filepath.Join(root, file))
			if err != nil || !slices.ContainsFunc(files, func(file string) bool {
				read, err := os.ReadFile(file)
				return err == nil && strings.Contains(string(read), text)
			}) {
				t.Errorf("%s has no %q: %v", file, text, err)
			}
		},
		"tested": func(t *testing.T, _, argument string) {
			t.Helper()
			pkg, test, _ := strings.Cut(argument, " ")
			if !declares(t, pkg, test) {
				t.Errorf("%s has no %s", pkg, test)
			}
		},
		"runs": func(t *testing.T, _, script string) {
			t.Helper()
			s := newStage(t)
			if out, errs, err := s.try(t, script); err != nil {
				t.Errorf("%v: %s%s", err, out, errs)
			}
		},
	}
}

// exceptions reads shown.txt: for each command how it is tried, under a heading
// that gives the reason.
func exceptions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	reason := ""
	for line := range strings.SplitSeq(read(t, "test/docs/shown.txt"), "\n") {
		command, try, found := strings.Cut(line, " => ")
		switch {
		case strings.HasPrefix(line, "# "):
			reason = line
		case line == "":
			reason = ""
		case !found || reason == "" || all[command] != "":
			t.Errorf("shown.txt: no check, no reason, or listed twice: %s", line)
		default:
			all[command] = try
		}
	}
	return all
}

// TestShown tries every command that is only shown, and finds exceptions that
// no page shows any longer.
func TestShown(t *testing.T) {
	for _, program := range []string{"bash", "make", "git", "curl", "openssl"} {
		programs.Need(t, program, program)
	}
	// The programs whose commands are tried without an exception.
	forms := map[string]func(*testing.T, string){
		"waymark": isKnownToWaymark, "make": isTarget, "go": isThere,
		"systemctl": isAboutAUnit, "journalctl": isAboutAUnit,
	}
	excepted := exceptions(t)
	seen := map[string]bool{}
	for _, page := range guides(t) {
		for _, c := range commands(t, page) {
			if seen[c.command] {
				continue
			}
			seen[c.command] = true
			program, _, _ := strings.Cut(c.command, " ")
			try := forms[program]
			if excepted[c.command] != "" {
				name, argument, _ := strings.Cut(excepted[c.command], " ")
				check := tries()[name]
				if check == nil {
					t.Fatalf("shown.txt: no check is called %s", name)
				}
				try = func(t *testing.T, command string) { t.Helper(); check(t, command, argument) }
			}
			if try == nil {
				t.Errorf("%s:%d: nothing tries %s", c.page, c.line, c.command)
				continue
			}
			t.Run(c.command, func(t *testing.T) {
				t.Parallel()
				try(t, c.command)
				if t.Failed() {
					t.Errorf("%s:%d: %s", c.page, c.line, c.command)
				}
			})
		}
	}
	for command := range excepted {
		if !seen[command] {
			t.Errorf("shown.txt: no page shows %s", command)
		}
	}
}

// isKnownToWaymark asks for the help of a command with its flags. A synopsis
// may have several commands in one.
func isKnownToWaymark(t *testing.T, command string) {
	t.Helper()
	words := strings.Fields(strings.NewReplacer("[", "", "]", "", "'", "").Replace(command))
	several := []string{""}
	for _, word := range words[1:] {
		var more []string
		for _, before := range several {
			for choice := range strings.SplitSeq(word, "|") {
				more = append(more, before+" "+choice)
			}
		}
		several = more
	}
	for _, one := range several {
		args := append(strings.Fields(one), "--help")
		out, err := exec.Command(waymark.Binary(t), args...).CombinedOutput()
		usage := "waymark " + args[0] + " "
		if args[0] == "import" && args[1] != "--help" {
			usage = "waymark import " + args[1] + " "
		}
		if err != nil || !strings.Contains(string(out), usage) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

// isTarget asks make what it would do.
func isTarget(t *testing.T, command string) {
	t.Helper()
	cmd := exec.Command("bash", "-c", strings.Replace(command, "make ", "make --no-print-directory --dry-run ", 1))
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		t.Errorf("%v: %s", err, out)
	}
	for target, does := range map[string]string{"make run": "go run ./cmd/waymark serve --example\n", "make build": "CGO_ENABLED=0 go build -trimpath -o waymark ./cmd/waymark\n"} {
		if command == target && string(out) != does {
			t.Errorf("does %s", out)
		}
	}
}

// isThere looks for the package of "go test" or "go run", for what -run and
// -bench name, and for flags that are not those of Go.
func isThere(t *testing.T, command string) {
	t.Helper()
	words := strings.Fields(strings.ReplaceAll(command, "'", ""))
	if len(words) < 3 || words[1] != "test" && words[1] != "run" {
		t.Fatal("is neither test nor run")
	}
	dir := words[2]
	code := source(t, dir)
	for i, word := range words {
		if !strings.HasPrefix(word, "-") {
			continue
		}
		if i+1 == len(words) {
			t.Fatalf("%s has no value", word)
		}
		value := words[i+1]
		switch {
		case word == "-run" && value == "^$":
		case word == "-run" || word == "-bench":
			kind := map[string]string{"-run": "Test", "-bench": "Benchmark"}[word]
			if !regexp.MustCompile(`\nfunc ` + kind + `\w*` + value).MatchString(code) {
				t.Errorf("%s has no %s like %s", dir, kind, value)
			}
		default:
			if !regexp.MustCompile(`flags?\.\w+\((&\w+(\.\w+)*, )?"` + strings.TrimPrefix(word, "-") + `"`).MatchString(code) {
				t.Errorf("%s has no flag %s", dir, word)
			}
		}
	}
}

// isAboutAUnit looks for the unit in the repository.
func isAboutAUnit(t *testing.T, command string) {
	t.Helper()
	words := strings.Fields(command)
	unit := words[len(words)-1]
	if unit == "daemon-reload" {
		return // about all of them
	}
	if words[0] == "journalctl" {
		unit = words[slices.Index(words, "-u")+1]
	} else if !slices.Contains([]string{"enable", "status", "start", "restart", "reload", "stop"}, words[1]) {
		t.Errorf("what is %s?", words[1])
	}
	if filepath.Ext(unit) == "" {
		unit += ".service"
	}
	if _, err := os.Stat(filepath.Join(root, "deploy/systemd", unit)); err != nil {
		t.Error(err)
	}
}

// isAService looks for the unit of another program, as Debian has it.
func isAService(t *testing.T, command, pkg string) {
	t.Helper()
	words := strings.Fields(command)
	programs.Need(t, words[2], pkg)
	unit, err := os.ReadFile("/lib/systemd/system/" + words[2] + ".service")
	if err != nil || words[1] != "reload" || !strings.Contains(string(unit), "\nExecReload=") {
		t.Errorf("%v: %s", err, unit)
	}
}

func isAScript(t *testing.T, command, _ string) {
	t.Helper()
	path := filepath.Join(root, strings.Fields(command)[0])
	info, err := os.Stat(path)
	if err != nil || info.Mode()&0o111 == 0 {
		t.Fatalf("it cannot be run: %v", err)
	}
	if out, err := exec.Command("bash", "-n", path).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// isAnswered runs a command against a Waymark with TLS on free ports. The names
// lead there, and the placeholders are filled in.
func isAnswered(t *testing.T, command, _ string) {
	t.Helper()
	s := newStage(t)
	plain, https, ops := programs.FreePort(t), programs.FreePort(t), programs.FreePort(t)
	write(t, filepath.Join(s.dir, ".curlrc"), "connect-to = \":443:127.0.0.1:"+https+"\"\ncacert = tls.pem\nfail\nretry = 0\n")
	begin := strings.NewReplacer(":8080", ":"+plain, ":8443", ":"+https, ":9090", ":"+ops).Replace(read(t, "test/docs/testdata/answered.sh"))
	command = strings.NewReplacer("DOMAIN", "example.org", "example.com", "example.org", "HOST", "127.0.0.1", "FILE", "tls.pem",
		"localhost:8080", "127.0.0.1:"+plain, "localhost:4243", "127.0.0.1:"+plain, ":9090", ":"+ops, "-connect autoconfig.example.org:443", "-connect 127.0.0.1:"+https).Replace(command)
	out, errs, err := s.try(t, begin+command)
	if err != nil {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	want := map[bool]string{true: "<hostname>mail.example.org</hostname>"}[strings.Contains(command, "config-v1.1")]
	if strings.Contains(command, "checkhost") {
		want = "does match certificate"
	}
	if out == "" || !strings.Contains(out, want) {
		t.Errorf("printed %s%s", out, errs)
	}
}
