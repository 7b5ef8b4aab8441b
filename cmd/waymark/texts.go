package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/i18n"
)

func textsCommand(env environment) *cobra.Command {
	var voice string
	var voices []string
	for _, v := range i18n.Voices() {
		voices = append(voices, string(v))
	}
	cmd := &cobra.Command{
		Use:     "texts LANGUAGE",
		Short:   "Print the texts of the set-up page and their keys",
		Long:    "Print the built-in texts of the set-up page in a language, such as de, in the form of pages.texts in\nthe settings file. Copy only the texts that you change.",
		Example: "  waymark texts de > texts.yaml\n  waymark texts fr --voice informal",
		Args:    arguments(1, 1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return beginning(i18n.All().Tags(), begun), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if !slices.Contains(i18n.All().Tags(), args[0]) {
				return fmt.Errorf("unknown language %q; known: %s", args[0], strings.Join(i18n.All().Tags(), ", "))
			}
			if voice != "" && !slices.Contains(voices, voice) {
				return fmt.Errorf("unknown voice %q; known: %s", voice, strings.Join(voices, ", "))
			}
			return printTexts(env, i18n.All().Speaking(i18n.Voice(voice), nil).In(args[0]))
		},
	}
	cmd.Flags().StringVar(&voice, "voice", "", "print the texts in `VOICE`, formal or informal")
	completeFlag(cmd, "voice", voices...)
	return cmd
}

func printTexts(env environment, c *i18n.Catalogue) error {
	var out strings.Builder
	fmt.Fprintf(&out, "pages:\n  texts:\n    %s:\n", c.Language)
	quoted := json.NewEncoder(&out) // a text of JSON is one of YAML
	quoted.SetEscapeHTML(false)
	for _, key := range c.Keys() {
		fmt.Fprintf(&out, "      %s: ", key)
		if err := quoted.Encode(c.Text(key)); err != nil {
			return err
		}
	}
	_, err := env.stdout.Write([]byte(out.String()))
	return err
}
