// Command manpage writes waymark(1) from the binary's own help texts, and
// waymark.yaml(5) from the page that describes the settings file, so that the
// manual cannot differ from the program:
//
//	manpage commands BINARY DATE >waymark.1
//	manpage settings docs/configuration.md DATE >waymark.yaml.5
//
// The date, as in 2026-01-31, is that of the release.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

func main() {
	pages := map[string]func(source, date string) (string, error){"commands": manual, "settings": settings}
	if len(os.Args) != 4 || pages[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: manpage commands BINARY DATE\n       manpage settings FILE DATE")
		os.Exit(2)
	}
	page, err := pages[os.Args[1]](os.Args[2], os.Args[3])
	if err == nil {
		_, err = os.Stdout.WriteString(page)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "manpage:", err)
		os.Exit(1)
	}
}

// command is one command with its help text.
type command struct {
	name     string // "import ispdb"; "" for the program itself
	about    string
	usage    string
	commands []string // below it
}

func manual(binary, date string) (string, error) {
	all, err := commands(binary, "")
	if err != nil {
		return "", err
	}
	var page strings.Builder
	fmt.Fprintf(&page, ".TH WAYMARK 1 %s Waymark \"User commands\"\n", date)
	page.WriteString(".SH NAME\nwaymark \\- tell every mail client how to set up an address\n")
	page.WriteString(".SH SYNOPSIS\n.B waymark\n.I command\n[\n.I options\n]\n.SH DESCRIPTION\n")
	text(&page, all[0].about)
	page.WriteString(".SH COMMANDS\n")
	for _, c := range all[1:] {
		fmt.Fprintf(&page, ".SS waymark %s\n", escape(c.name))
		text(&page, c.about)
		page.WriteString(".PP\n.nf\n")
		text(&page, c.usage)
		page.WriteString(".fi\n")
	}
	page.WriteString(`.SH EXIT STATUS
.TP
0
Success.
.TP
1
A report has findings, or the settings do not have the domain.
.TP
2
The command line or the settings are invalid.
.SH FILES
.TP
/etc/waymark/waymark.yaml
The settings, unless \-c names a file or the current folder has a waymark.yaml; see
.BR waymark.yaml (5).
.TP
/var/lib/waymark
Files that Waymark makes itself, such as the identity that signs profiles.
.TP
/usr/share/doc/waymark
Guides, examples, alerts, dashboards and the JSON schema of the settings file.
.SH SEE ALSO
.BR waymark.yaml (5)
.PP
https://github.com/waymark\-mail/waymark
`)
	return page.String(), nil
}

// commands reads the help of a command and of all its subcommands.
func commands(binary, name string) ([]command, error) {
	out, err := exec.Command(binary, append([]string{"help"}, strings.Fields(name)...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("waymark help %s: %w", name, err)
	}
	c := parse(name, string(out))
	all := []command{c}
	for _, below := range c.commands {
		if below == "completion" || below == "help" {
			continue // cobra adds these
		}
		found, err := commands(binary, strings.TrimSpace(name+" "+below))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// parse splits a help text into the description and the usage.
func parse(name, help string) command {
	about, usage, _ := strings.Cut(help, "\nUsage:\n")
	c := command{name: name, about: strings.TrimSpace(about)}
	var kept []string
	inCommands := false
	for line := range strings.SplitSeq(strings.TrimSpace(usage), "\n") {
		switch {
		case strings.HasPrefix(line, `Use "waymark`), strings.HasPrefix(strings.TrimSpace(line), "-h, --help"):
			continue
		case line == "Available Commands:":
			inCommands = true
		case line == "":
			inCommands = false
		case inCommands:
			c.commands = append(c.commands, strings.Fields(line)[0])
		}
		kept = append(kept, strings.TrimPrefix(line, "  "))
	}
	c.usage = strings.TrimSpace(strings.Join(kept, "\n"))
	return c
}

// text writes lines as roff.
func text(page *strings.Builder, lines string) {
	for line := range strings.SplitSeq(lines, "\n") {
		if line == "" {
			page.WriteString(".sp\n")
			continue
		}
		page.WriteString(escape(line) + "\n")
	}
}

// escapeText escapes what roff would read as a command, and characters that it
// would replace with typographic ones, which break when they are copied.
func escapeText(text string) string {
	return strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", "\\`", `^`, `\(ha`, `~`, `\(ti`).Replace(text)
}

// escape escapes a whole line.
func escape(line string) string {
	line = escapeText(line)
	if strings.HasPrefix(line, ".") {
		line = `\&` + line
	}
	return line
}
