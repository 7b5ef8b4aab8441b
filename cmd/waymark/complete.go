package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// domains returns the listed domains, for the shell; none when the settings cannot be
// read.
func (f *settingsFile) domains() []string {
	if f.path == standardInput || f.find() != nil {
		return nil
	}
	cfg, _ := f.readForCheck()
	if cfg == nil {
		return nil
	}
	var all []string
	for d := range cfg.Domains {
		all = append(all, string(d))
	}
	slices.Sort(all)
	return all
}

// completeDomain completes the first argument of a command as a domain.
func (f *settingsFile) completeDomain(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return beginning(f.domains(), begun), cobra.ShellCompDirectiveNoFileComp
}

// completeAddress completes the domain of an address, the argument after others.
func (f *settingsFile) completeAddress(others int, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	local, domain, ok := strings.Cut(begun, "@")
	if !ok || len(args) != others {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var all []string
	for _, d := range beginning(f.domains(), domain) {
		all = append(all, local+"@"+d)
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

func beginning(all []string, with string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return !strings.HasPrefix(s, with) })
}

// completeFlag completes a flag with known values.
func completeFlag(cmd *cobra.Command, flag string, known ...string) {
	// The only error is a flag that does not exist.
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}
