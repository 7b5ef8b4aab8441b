package main

import (
	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/api"
)

func schemaCommand(env environment) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of the settings file",
		Long: "Print the JSON schema of the settings file. Editors use it to complete keys and mark errors.\n" +
			"To use a saved schema, begin the settings file with this line:\n\n  # yaml-language-server: $schema=waymark.schema.json",
		Example: "  waymark schema > waymark.schema.json",
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			_, err := env.stdout.Write(api.SettingsSchema())
			return err
		},
	}
}
