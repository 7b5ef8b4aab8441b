package main

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commands returns every command but those that cobra adds.
func commands(t *testing.T) []*cobra.Command {
	t.Helper()
	var all []*cobra.Command
	var add func(*cobra.Command)
	add = func(cmd *cobra.Command) {
		all = append(all, cmd)
		for _, below := range cmd.Commands() {
			add(below)
		}
	}
	add(rootCommand(environment{stdout: io.Discard, stderr: io.Discard}))
	if len(all) < 13 {
		t.Fatalf("found %d commands", len(all))
	}
	return all
}

// TestHelp checks the style of every help text: an imperative short
// description without a full stop, and lower-case descriptions of flags.
func TestHelp(t *testing.T) {
	imperative := regexp.MustCompile(`^[A-Z][a-z]+[^s] .*[^.]$`)
	for _, cmd := range commands(t) {
		if !imperative.MatchString(cmd.Short) {
			t.Errorf("%s: %q is not an imperative phrase", cmd.CommandPath(), cmd.Short)
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if first := f.Usage[0]; first >= 'A' && first <= 'Z' || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("%s: --%s: %q", cmd.CommandPath(), f.Name, f.Usage)
			}
		})
	}
}

// TestHelpExamples checks that every command has an example, and that Waymark
// accepts the command lines of all examples.
func TestHelpExamples(t *testing.T) {
	for _, cmd := range commands(t) {
		if cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
			continue
		}
		for line := range strings.Lines(cmd.Example) {
			args, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "  waymark ")
			if !ok {
				t.Errorf("%s: %q is not a command line of Waymark", cmd.CommandPath(), line)
			}
			args, _, _ = strings.Cut(args, " > ")
			named, rest, err := cmd.Root().Find(strings.Fields(args))
			if err == nil {
				err = named.ParseFlags(rest)
			}
			if err == nil {
				err = named.ValidateArgs(named.Flags().Args())
			}
			if err != nil || !strings.HasPrefix(named.CommandPath(), cmd.CommandPath()) {
				t.Errorf("%s: %q runs %s, %v", cmd.CommandPath(), line, named.CommandPath(), err)
			}
		}
	}
}

// TestUsageErrors pins that a wrong command line ends with status 2, says what
// is wrong, and how the command is used.
func TestUsageErrors(t *testing.T) {
	for _, tc := range []struct{ args, stderr string }{
		{"render", "render expects 2 arguments, got 0\nUsage: waymark render PROTOCOL ADDRESS [flags]\n"},
		{"render autoconfig", "render expects 2 arguments, got 1\nUsage: waymark render PROTOCOL ADDRESS [flags]\n"},
		{"render autoconfig a@example.com b@example.com", "render expects 2 arguments, got 3\nUsage: waymark render PROTOCOL ADDRESS [flags]\n"},
		{"dns", "dns expects 1 argument, got 0\nUsage: waymark dns DOMAIN [flags]\n"},
		{"invite", "invite expects 1 argument, got 0\nUsage: waymark invite ADDRESS [flags]\n"},
		{"verify", "verify expects 1 argument, got 0\nUsage: waymark verify FILE.mobileconfig [flags]\n"},
		{"check a.yaml b.yaml", "check expects at most 1 argument, got 2\nUsage: waymark check [FILE] [flags]\n"},
		{"serve extra", "serve expects no arguments, got 1\nUsage: waymark serve [flags]\n"},
		{"healthcheck extra", "healthcheck expects no arguments, got 1\nUsage: waymark healthcheck [flags]\n"},
		{"version extra", "version expects no arguments, got 1\nUsage: waymark version [flags]\n"},
		{"import automx2 a b", "import automx2 expects 1 argument, got 2\nUsage: waymark import automx2 DATABASE [flags]\n"},
		{"import ispdb", "import ispdb expects at least 1 argument, got 0\nUsage: waymark import ispdb FILE|FOLDER... [flags]\n"},
		{"check --nonsense", "unknown flag: --nonsense\nUsage: waymark check [FILE] [flags]\n"},
		{"check a.yaml -c b.yaml", "the settings file is named twice: as FILE and with --config\n"},
		{"srve", "unknown command \"srve\" for \"waymark\"; did you mean serve?\n"},
		{"import ispb", "unknown command \"ispb\" for \"waymark import\"; did you mean ispdb?\n"},
		{"completion nonsense", "unknown command \"nonsense\" for \"waymark completion\"; known: bash, fish, powershell, zsh\n"},
		{"import nonsense", "unknown command \"nonsense\" for \"waymark import\"; known: autodiscover-email-settings, automx2, ispdb\n"},
	} {
		status, stdout, stderr := waymark(t, strings.Fields(tc.args)...)
		if status != statusUsage || stdout != "" || stderr != "waymark: "+tc.stderr {
			t.Errorf("waymark %s: status %d, %q, %q", tc.args, status, stdout, stderr)
		}
	}
	for _, args := range []string{"render nonsense anna@example.com", "render autoconfig anna", "serve -c /does/not/exist.yaml", "verify /does/not/exist"} {
		status, _, stderr := waymark(t, strings.Fields(args)...)
		if status != statusUsage || !strings.HasPrefix(stderr, "waymark: ") {
			t.Errorf("%v: status %d, %q", args, status, stderr)
		}
	}
}

func TestVersion(t *testing.T) {
	status, version, _ := waymark(t, "version")
	if status != statusFine || !strings.HasPrefix(version, "waymark ") {
		t.Errorf("%d %q", status, version)
	}
	if status, stdout, stderr := waymark(t, "--version"); status != statusFine || stdout != version {
		t.Errorf("--version: status %d, %q, %q", status, stdout, stderr)
	}
}

func TestCheckTakesTheFileAsAnArgument(t *testing.T) {
	path := file(t, "waymark.yaml", good)
	status, byFlag, _ := waymark(t, "check", "-c", path)
	if status != statusFine {
		t.Fatalf("status %d, %s", status, byFlag)
	}
	if status, stdout, stderr := waymark(t, "check", path); status != statusFine || stdout != byFlag {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
}
