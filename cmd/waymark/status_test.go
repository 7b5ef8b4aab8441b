package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/terminal"
)

// TestExitStatuses is the contract of the exit statuses with scripts, the same in
// every command.
func TestExitStatuses(t *testing.T) {
	dir := t.TempDir()
	good, broken := file(t, "good.yaml", good), file(t, "broken.yaml", "nonsense: 1\n")
	missing := filepath.Join(dir, "missing")
	type calls []string // GOOD, BROKEN and MISSING stand for files
	for _, tc := range []struct {
		what   string
		status int
		calls  calls
	}{
		{"fine", statusFine, calls{
			"check GOOD", "render autoconfig anna@example.com -c GOOD", "dns example.com -c GOOD", "version", "--version", "help", "completion bash",
		}},
		{"findings", statusFindings, calls{"check BROKEN", "check BROKEN -o json", "healthcheck --address 127.0.0.1:1", "verify GOOD"}},
		{"an unknown domain", statusFindings, calls{
			"render autoconfig anna@unknown.example -c GOOD", "render page anna@unknown.example -c GOOD", "render settings anna@unknown.example -c GOOD",
			"dns unknown.example -c GOOD", "dns unknown.example -c GOOD -o json", "invite anna@unknown.example -c GOOD",
		}},
		{"a missing file", statusUsage, calls{
			"check MISSING", "check -c MISSING", "serve -c MISSING", "render autoconfig anna@example.com -c MISSING", "dns example.com -c MISSING",
			"invite anna@example.com -c MISSING", "healthcheck -c MISSING", "verify MISSING", "verify GOOD --ca-file MISSING",
			"import ispdb MISSING", "import automx2 MISSING", "import autodiscover-email-settings MISSING",
		}},
		{"settings with errors", statusUsage, calls{
			"serve -c BROKEN", "render autoconfig anna@example.com -c BROKEN", "dns example.com -c BROKEN", "invite anna@example.com -c BROKEN", "healthcheck -c BROKEN",
		}},
		{"wrong usage", statusUsage, calls{
			"nonsense", "completion nonsense", "import nonsense", "render nonsense anna@example.com -c GOOD", "check --nonsense", "check GOOD -o xml",
			"dns example.com -c GOOD --format nonsense", "dns -c GOOD", "render autoconfig anna -c GOOD", "invite anna@example.com -c GOOD --expires soon", "serve GOOD",
		}},
	} {
		for _, call := range tc.calls {
			args := strings.Fields(strings.NewReplacer("GOOD", good, "BROKEN", broken, "MISSING", missing).Replace(call))
			status, stdout, stderr := waymark(t, args...)
			if status != tc.status {
				t.Errorf("%s: waymark %s: status %d, want %d\n%s%s", tc.what, call, status, tc.status, stdout, stderr)
			}
			if status == statusUsage && (stdout != "" || !strings.HasPrefix(stderr, "waymark: ")) {
				t.Errorf("%s: waymark %s: %q, %q", tc.what, call, stdout, stderr)
			}
		}
	}
}

// TestFatalErrorsInTheFormatOfTheLog pins that programs that collect the log of the
// service can read its last line, too.
func TestFatalErrorsInTheFormatOfTheLog(t *testing.T) {
	taken := "listen: \"192.0.2.1:1\"\nops: {listen: \"off\"}\n" + good // no address of this machine
	for _, tc := range []struct {
		name     string
		settings string
		args     []string
		terminal bool
		json     bool
	}{
		{"the listener, as JSON", taken + "log: {format: json}\n", nil, true, true},
		{"the listener, for people", taken + "log: {format: console}\n", nil, false, false},
		{"the settings, at a terminal", "nonsense: 1\n", nil, true, false},
		{"the settings, in a log", "nonsense: 1\n", nil, false, true},
		{"a flag, at a terminal", good, []string{"--nonsense"}, true, false},
		{"a flag, in a log", good, []string{"--nonsense"}, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := file(t, "waymark.yaml", tc.settings)
			status, _, stderr := waymarkIn(t, environment{terminal: tc.terminal}, append([]string{"serve", "-c", path}, tc.args...)...)
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			var last struct{ Level, Msg, Error string }
			err := json.Unmarshal([]byte(lines[len(lines)-1]), &last)
			if status != statusUsage || (err == nil) != tc.json {
				t.Errorf("status %d\n%s", status, stderr)
			}
			if tc.json && (last.Level != "error" || last.Msg != "fatal" || last.Error == "") {
				t.Errorf("the last line is %+v", last)
			}
		})
	}
}

func TestSettingsFromStandardInput(t *testing.T) {
	for _, tc := range []struct {
		args, stdin string
		status      int
		stdout      string
	}{
		{"check -c -", good, statusFine, "standard input is fine: 1 domain, 1 provider\n"},
		{"check -", good, statusFine, "standard input is fine: 1 domain, 1 provider\n"},
		{"check -", "a: {\n", statusFindings, "standard input:1: not valid YAML: { is not closed"},
		{"render autoconfig anna@example.com -c -", good, statusFine, "<?xml "},
		{"check -c - -o json", "nonsense: 1\n", statusFindings, "{\n  \"file\": \"standard input\""},
		{"check -", "include: other.yaml\n", statusFindings, "standard input:1: warning: domains: no domains: the server answers no request\nstandard input:1: include: files cannot be read here\n"},
		{"check -", "", statusFindings, "standard input: the file is empty"},
	} {
		status, stdout, stderr := waymarkIn(t, environment{stdin: strings.NewReader(tc.stdin)}, strings.Fields(tc.args)...)
		if status != tc.status || !strings.HasPrefix(stdout, tc.stdout) {
			t.Errorf("waymark %s: status %d, %q, %q", tc.args, status, stdout, stderr)
		}
	}
}

func TestCompletion(t *testing.T) {
	settings := file(t, "waymark.yaml", good+"  example.net: {provider: one}\n  other.example: {provider: one}\n")
	for args, want := range map[string]string{
		"dns|":                          "example.com example.net other.example",
		"dns|ex":                        "example.com example.net",
		"dns|example.com|":              "",
		"dns|example.com|--format|":     "zone json octodns dnscontrol",
		"dns|example.com|-o|":           "text json",
		"invite|anna@o":                 "anna@other.example",
		"invite|an":                     "",
		"render|auto":                   "autoconfig autodiscover",
		"render|page|anna@ex":           "anna@example.com anna@example.net",
		"render|page|a@b.c|--lang|":     "de en es fr it",
		"render|page|a@b.c|--client|":   "thunderbird",
		"check|-o|":                     "text json",
		"import|ispdb|-o|":              "text json",
		"dns|--config|/does/not/exist|": "",
	} {
		call := strings.Split(args, "|")
		if !strings.Contains(args, "--config") {
			call = append([]string{call[0], "-c", settings}, call[1:]...)
		}
		if call[0] == "import" {
			call = strings.Split(args, "|")
		}
		status, stdout, _ := waymark(t, append([]string{"__complete"}, call...)...)
		got, _, _ := strings.Cut(stdout, ":")
		offered := strings.Fields(got)
		for _, one := range strings.Fields(want) {
			if !slices.Contains(offered, one) {
				t.Errorf("%s: no %s in %v", args, one, offered)
			}
		}
		if status != statusFine || want == "" && len(offered) > 0 {
			t.Errorf("%s: status %d, %v", args, status, offered)
		}
	}
}

// TestColors pins that colours are for terminals alone, and that text stays the same.
func TestColors(t *testing.T) {
	for _, settings := range []string{good, "nonsense: 1\n", strings.Replace(good, "protocol: imap,", "protocol: imap, security: plaintext,", 1)} {
		path := file(t, "waymark.yaml", settings)
		_, plain, _ := waymark(t, "check", path)
		_, colored, _ := waymarkIn(t, environment{colors: true}, "check", path)
		if strings.Contains(plain, "\x1b") || !strings.Contains(colored, "\x1b[3") || !strings.Contains(colored, "\x1b[0m\n") {
			t.Errorf("%q\n%q", plain, colored)
		}
		if got := strings.NewReplacer("\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[0m", "").Replace(colored); got != plain {
			t.Errorf("%q, want %q", got, plain)
		}
		if _, asJSON, _ := waymarkIn(t, environment{colors: true}, "check", path, "-o", "json"); strings.Contains(asJSON, "\x1b") {
			t.Errorf("JSON with colours: %q", asJSON)
		}
	}
	if terminal.HasColors(nil, func(name string) (string, bool) { return "1", name == "NO_COLOR" }) {
		t.Error("NO_COLOR is ignored")
	}
}

// TestEveryCommandRefusesWrongUsage calls each command with an unknown flag, with too
// many arguments, with too few, with an unknown output format and with a missing
// settings file. All of them end with 2, print nothing to standard output, and say
// in one line of text what is wrong.
func TestEveryCommandRefusesWrongUsage(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	enough := map[string][]string{ // arguments that only the mistake makes wrong
		"dns": {"example.com"}, "doctor": {"example.com"}, "invite": {"anna@example.com"}, "render": {"autoconfig", "anna@example.com"},
		"verify": {missing}, "import ispdb": {missing}, "import automx2": {missing}, "import autodiscover-email-settings": {missing},
	}
	tried := map[string]int{}
	for _, cmd := range commands(t) {
		path := strings.Fields(cmd.CommandPath())[1:]
		name := strings.Join(path, " ")
		if name == "" || path[0] == "help" || path[0] == "completion" {
			continue // of cobra; TestExitStatuses has them
		}
		args := append(slices.Clone(path), enough[name]...)
		mistakes := map[string][]string{"an unknown flag": append(slices.Clone(args), "--nonsense")}
		if cmd.Args != nil && cmd.Args(cmd, slices.Repeat([]string{"x"}, 9)) != nil {
			mistakes["too many arguments"] = append(slices.Clone(path), slices.Repeat([]string{"x"}, 9)...)
		}
		if cmd.Args != nil && cmd.Args(cmd, nil) != nil {
			mistakes["too few arguments"] = path
		}
		if cmd.Flags().Lookup("output") != nil {
			mistakes["an unknown output format"] = append(slices.Clone(args), "-o", "xml")
		}
		if cmd.Flags().Lookup("config") != nil {
			mistakes["a missing settings file"] = append(slices.Clone(args), "-c", missing)
		}
		for mistake, call := range mistakes {
			tried[mistake]++
			status, stdout, stderr := waymarkIn(t, environment{terminal: true}, call...)
			if status != statusUsage || stdout != "" || !strings.HasPrefix(stderr, "waymark: ") {
				t.Errorf("%s: waymark %s: status %d\n%s%s", mistake, strings.Join(call, " "), status, stdout, stderr)
			}
		}
	}
	for mistake, least := range map[string]int{
		"an unknown flag": 12, "too many arguments": 9, "too few arguments": 7, "an unknown output format": 5, "a missing settings file": 6,
	} {
		if tried[mistake] < least {
			t.Errorf("%s was tried with %d commands only", mistake, tried[mistake])
		}
	}
}
