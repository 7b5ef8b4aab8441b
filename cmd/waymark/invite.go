package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/duration"
	"github.com/waymark-mail/waymark/internal/qrcode"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
)

func inviteCommand(env environment) *cobra.Command {
	var output, expires string
	cmd := &cobra.Command{
		Use:     "invite ADDRESS",
		Short:   "Make a link that opens the set-up page for an address",
		Long:    "Make a link that opens the set-up page with an address filled in, and print it with a QR code.\nThe server needs only pages.url and pages.keys in its settings. Anybody who has the link sees the\naddress and the public settings, but no mail.",
		Example: "  waymark invite anna@example.com --expires 30d",
		Args:    arguments(1, 1),
	}
	source := configFlag(cmd, env)
	outputFlag(cmd, &output)
	cmd.Flags().StringVar(&expires, "expires", duration.Format(service.DefaultInvitation), "let the link expire after `DURATION`, from 1m to 365d")
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		return source.completeAddress(0, args, begun)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(output); err != nil {
			return err
		}
		valid, err := duration.Parse(expires)
		if err != nil {
			return fmt.Errorf("--expires: %q is %w", expires, err)
		}
		a, err := address.Parse(args[0])
		if err != nil {
			return err
		}
		cfg, _, err := source.resolve(cmd.Context(), settings.Query{Domain: a.Domain, Address: a})
		if err != nil {
			return err
		}
		made, err := service.NewInvitation(cfg, a, valid, time.Now())
		if err != nil {
			return err
		}
		if output == "json" {
			return json.NewEncoder(env.stdout).Encode(made)
		}
		code, err := qrcode.New(made.URL)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(env.stdout, "%s\nworks until %s\n\n%s", made.URL, made.Expires.Format(time.RFC3339), code.Text())
		return err
	}
	return cmd
}
