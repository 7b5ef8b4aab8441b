package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// Exit statuses, a contract with scripts.
const (
	statusFine     = 0
	statusFindings = 1 // a report found something
	statusUsage    = 2 // the command line or the settings cannot be used
)

// environment is what a command sees of the world besides its arguments.
type environment struct {
	getenv         func(string) (string, bool)
	stdout, stderr io.Writer
}

// errFindings ends a command whose report, already printed, found something.
var errFindings = errors.New("there are findings")

// run executes one command line and returns its exit status.
func run(ctx context.Context, args []string, env environment) int {
	root := rootCommand(env)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return statusFine
	case errors.Is(err, errFindings):
		return statusFindings
	}
	// There is nowhere else to say that standard error is closed.
	_, _ = fmt.Fprintf(env.stderr, "waymark: %v\n", err)
	return statusUsage
}

func rootCommand(env environment) *cobra.Command {
	root := &cobra.Command{
		Use:           "waymark",
		Short:         "Tells every mail client how to set up an address",
		Long:          "Waymark answers mail clients that ask for the settings of an address: Thunderbird and its kin,\nOutlook, Apple devices and newer clients, all from one settings file.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	root.AddCommand(
		serveCommand(env),
		checkCommand(env),
		renderCommand(env),
		dnsCommand(env),
		importCommand(env),
		inviteCommand(env),
		verifyCommand(env),
		versionCommand(env),
		healthcheckCommand(env),
	)
	return root
}

// configFlag adds -c to a command.
func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "config", "c", "", "the settings `FILE`; without it waymark.yaml here, then /etc/waymark/waymark.yaml, then the embedded example")
}

// outputFlag adds -o to a command that prints a report.
func outputFlag(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "output", "o", "text", "the `FORMAT` of the report: text or json")
}

func checkOutput(format string) error {
	if format != "text" && format != "json" {
		return fmt.Errorf("unknown output format %q; known are text, json", format)
	}
	return nil
}
