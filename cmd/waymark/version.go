package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand(env environment) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  waymark version",
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(env.stdout, version())
			return err
		},
	}
}

// version returns the line that "waymark version" prints.
func version() string {
	release, revision := build()
	return fmt.Sprintf("waymark %s (%s, %s, %s/%s)", release, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// build reads what the Go tool wrote into the binary, so that a build needs no
// flags to know its version.
func build() (release, revision string) {
	release, revision = "devel", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release, revision
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		release = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return release, revision
}
