package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/proto/autoconfig"
	"github.com/waymark-mail/waymark/internal/proto/autodiscover"
	"github.com/waymark-mail/waymark/internal/proto/mobileconfig"
	"github.com/waymark-mail/waymark/internal/proto/pacc"
	"github.com/waymark-mail/waymark/internal/proto/settingsjson"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
)

// renderers is what `waymark render` can print.
func renderers() map[string]func(settings.Settings) ([]byte, error) {
	return map[string]func(settings.Settings) ([]byte, error){
		"autoconfig":   autoconfig.Render,
		"autodiscover": autodiscover.Render,
		"mobileconfig": func(s settings.Settings) ([]byte, error) {
			return mobileconfig.Render(s, mobileconfig.Options{})
		},
		"pacc":     pacc.Render,
		"settings": settingsjson.Render,
	}
}

func renderCommand(env environment) *cobra.Command {
	var file string
	known := renderers()
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	cmd := &cobra.Command{
		Use:       "render PROTOCOL ADDRESS",
		Short:     "Prints what a client would get for an address",
		Long:      "Prints what a client would get for an address. PROTOCOL is one of " + strings.Join(names, ", ") + ".\nAn Apple profile is printed as it is before it is signed.",
		Example:   "  waymark render autoconfig anna@example.com",
		Args:      cobra.ExactArgs(2),
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			render, ok := known[args[0]]
			if !ok {
				return fmt.Errorf("unknown protocol %q; known are %s", args[0], strings.Join(names, ", "))
			}
			a, err := address.Parse(args[1])
			if err != nil {
				return err
			}
			source, err := findSettings(file, env)
			if err != nil {
				return err
			}
			cfg, err := source.mustLoad()
			if err != nil {
				return err
			}
			found, err := service.Directory(cfg).Resolve(cmd.Context(), settings.Query{Domain: a.Domain, Address: a})
			if err != nil {
				return fmt.Errorf("%s: %w", a.Domain, err)
			}
			body, err := render(found)
			if err != nil {
				return err
			}
			_, err = env.stdout.Write(body)
			return err
		},
	}
	configFlag(cmd, &file)
	return cmd
}
