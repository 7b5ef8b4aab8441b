package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/dialect"
	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/internal/page"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
)

// protocols returns the names of the dialects that have documents. It makes all dialects,
// which the start of another command need not wait for.
func protocols() []string { return slices.Sorted(maps.Keys(service.Renderers(&config.Config{}))) }

func renderCommand(env environment) *cobra.Command {
	var client string
	var choice dialect.Choice
	cmd := &cobra.Command{
		Use:     "render PROTOCOL ADDRESS",
		Short:   "Print what a client would get for an address",
		Long:    "Print what a client would get for an address. PROTOCOL is a name such as autoconfig; an unknown one lists them all.\nAn Apple profile is printed without its signature.",
		Example: "  waymark render autoconfig anna@example.com\n  waymark render page anna@example.com --client outlook --lang fr > page.html",
		Args:    arguments(2, 2),
	}
	source := configFlag(cmd, env)
	cmd.Flags().StringVar(&client, "client", "", "show the steps for `APP` on the page, such as thunderbird or outlook")
	cmd.Flags().StringVar(&choice.Language, "lang", "", "write the page and the profile in `LANGUAGE`, such as de")
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return beginning(protocols(), begun), cobra.ShellCompDirectiveNoFileComp
		}
		return source.completeAddress(1, args, begun)
	}
	completeFlag(cmd, "client", page.Apps()...)
	completeFlag(cmd, "lang", i18n.All().Tags()...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if known := protocols(); !slices.Contains(known, args[0]) {
			return fmt.Errorf("unknown protocol %q; known: %s", args[0], strings.Join(known, ", "))
		}
		a, err := address.Parse(args[1])
		if err != nil {
			return err
		}
		if choice.App, err = appCalled(client); err != nil {
			return err
		}
		cfg, found, err := source.resolve(cmd.Context(), settings.Query{Domain: a.Domain, Address: a})
		if err != nil {
			return err
		}
		body, err := service.Renderers(cfg)[args[0]](found, choice)
		if err != nil {
			return err
		}
		_, err = env.stdout.Write(body)
		return err
	}
	return cmd
}

// appCalled returns the id of an app of the page. name is that id or the
// beginning of it.
func appCalled(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if id, ok := page.AppNamed(name); ok {
		return id, nil
	}
	return "", fmt.Errorf("unknown app %q; known: %s", name, strings.Join(page.Apps(), ", "))
}
