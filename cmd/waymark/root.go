package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/terminal"
)

// Exit statuses, a contract with scripts.
const (
	statusFine     = 0
	statusFindings = 1 // a report found something, or the settings do not have the domain
	statusUsage    = 2 // the command line or the settings cannot be used
)

// environment is the part of the process that a command sees besides its arguments.
type environment struct {
	getenv         func(string) (string, bool)
	stdin          io.Reader // of the settings, with --config -
	stdout, stderr io.Writer
	usualFiles     []string // of settings, tried in this order without --config
	colors         bool     // standard output is a terminal for colours
	terminal       bool     // standard error is a terminal
}

// errFindings ends a command whose report, already printed, found something.
var errFindings = errors.New("there are findings")

// run executes one command line and returns its exit status.
func run(ctx context.Context, args []string, env environment) int {
	root := rootCommand(env)
	refuseUnknownShells(root)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return statusFine
	case errors.Is(err, errFindings):
		return statusFindings
	}
	if cmd.Name() == serveName {
		if format := fatalFormat(env, err); format != "" {
			logFatal(env.stderr, format, err)
			return statusUsage
		}
	}
	text := fmt.Sprintf("waymark: %s\n", terminal.Lines(err.Error()))
	if wrong, ok := errors.AsType[wrongUsage](err); ok {
		text += fmt.Sprintf("Usage: %s\n", wrong.line)
	}
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		// If standard error is closed, there is nowhere else to report it.
		_, _ = io.WriteString(env.stderr, text)
	}()
	select {
	case <-printed:
	case <-ctx.Done(): // nobody reads standard error, and SIGTERM must end the process
		select {
		case <-printed:
		case <-time.After(time.Second):
		}
	}
	if settings.KindOf(err) == settings.UnknownDomain {
		return statusFindings
	}
	return statusUsage
}

// refuseUnknownShells changes cobra's own command for completion, which prints its
// help for an unknown shell and succeeds.
func refuseUnknownShells(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			group(cmd)
		}
	}
}

func rootCommand(env environment) *cobra.Command {
	root := group(&cobra.Command{
		Use:           "waymark",
		Short:         "Tell every mail client how to set up an address",
		Long:          "Waymark answers mail clients that ask for the settings of an address, each in its own format:\nThunderbird, Outlook, Apple devices and many more, all from one settings file.",
		Example:       "  waymark check waymark.yaml\n  waymark serve -c waymark.yaml",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	})
	root.Flags().Bool("version", false, "print the version") // cobra's own flag would take -v
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(usageError)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	root.AddCommand(
		serveCommand(env),
		checkCommand(env),
		renderCommand(env),
		dnsCommand(env),
		domainConnectCommand(env),
		doctorCommand(env),
		importCommand(env),
		inviteCommand(env),
		schemaCommand(env),
		textsCommand(env),
		verifyCommand(env),
		certificatesCommand(env),
		versionCommand(env),
		healthcheckCommand(env),
	)
	return root
}

// group makes a command that has subcommands print its help without one, and
// refuse an unknown one with a suggestion.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.SuggestionsMinimumDistance = 2
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		err := fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
		if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
			return fmt.Errorf("%w; did you mean %s?", err, strings.Join(similar, " or "))
		}
		var known []string
		for _, below := range cmd.Commands() {
			if below.IsAvailableCommand() {
				known = append(known, below.Name())
			}
		}
		return fmt.Errorf("%w; known: %s", err, strings.Join(known, ", "))
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

// arguments accepts from least to most arguments; most is -1 for any number.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && (most < 0 || len(args) <= most) {
			return nil
		}
		var expected string
		switch {
		case most == 0:
			expected = "no arguments"
		case least == most:
			expected = counted(most, "argument")
		case most < 0:
			expected = "at least " + counted(least, "argument")
		default:
			expected = "at most " + counted(most, "argument")
		}
		name := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
		return usageError(cmd, fmt.Errorf("%s expects %s, got %d", name, expected, len(args)))
	}
}

// counted returns "1 domain" or "2 domains".
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// wrongUsage is an error in the flags or arguments of a command, with the usage
// line of the command.
type wrongUsage struct {
	error
	line string
}

func usageError(cmd *cobra.Command, err error) error { return wrongUsage{err, cmd.UseLine()} }

// outputFlag adds -o to a command that prints a report.
func outputFlag(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "output", "o", "text", "print the report as `FORMAT`: text or json")
	completeFlag(cmd, "output", "text", "json")
}

func checkOutput(format string, others ...string) error {
	known := append([]string{"text", "json"}, others...)
	if !slices.Contains(known, format) {
		return fmt.Errorf("unknown output format %q; known: %s", format, strings.Join(known, ", "))
	}
	return nil
}
