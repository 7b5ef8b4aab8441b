package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/server"
	"github.com/waymark-mail/waymark/internal/terminal"
)

func healthcheckCommand(env environment) *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use:     "healthcheck",
		Short:   "Check that Waymark on this machine is ready for requests",
		Long:    "Request /readyz from the ops listener of a running Waymark. Exits with 0 when it is ready, else\nwith 1, as the health checks of containers expect.",
		Example: "  waymark healthcheck --address 127.0.0.1:9090",
		Args:    arguments(0, 0),
	}
	source := configFlag(cmd, env)
	cmd.Flags().StringVar(&address, "address", "", "`HOST:PORT` of the ops listener (default: the one in the settings)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if address == "" {
			cfg, err := source.load()
			if err != nil {
				return err
			}
			address = cfg.Ops.Listen
		}
		url, err := server.ReadyURL(address)
		if err != nil {
			return err
		}
		if err := server.CheckReady(cmd.Context(), url); err != nil {
			if _, err := fmt.Fprintf(env.stdout, "not healthy: %s\n", terminal.Line(err.Error())); err != nil {
				return err
			}
			return errFindings
		}
		return nil
	}
	return cmd
}
