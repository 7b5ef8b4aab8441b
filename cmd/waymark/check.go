package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/terminal"
)

func checkCommand(env environment) *cobra.Command {
	var output string
	var strict bool
	cmd := &cobra.Command{
		Use:     "check [FILE]",
		Short:   "List every error and warning of the settings file",
		Long:    "List every error and warning of the settings file, with its line. The certificates and keys that\nit names are read, and its databases and directories are asked, too. Exits with 0 when there is no error, else with 1.",
		Example: "  waymark check waymark.yaml --strict",
		Args:    arguments(0, 1),
	}
	source := configFlag(cmd, env)
	outputFlag(cmd, &output)
	cmd.Flags().BoolVar(&strict, "strict", false, "treat warnings as errors")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := checkOutput(output); err != nil {
			return err
		}
		if len(args) > 0 {
			if source.path != "" {
				return errors.New("the settings file is named twice: as FILE and with --config")
			}
			source.path = args[0]
		}
		if err := source.find(); err != nil {
			return err
		}
		cfg, findings := source.readForCheck()
		if cfg != nil {
			findings = append(findings, service.CheckFiles(source.name(), cfg, stateDir(env), time.Now())...)
			findings.Sort(source.name())
		}
		if err := printFindings(env, output, source.name(), cfg, findings); err != nil {
			return err
		}
		if findings.HasErrors() || strict && len(findings) > 0 {
			return errFindings
		}
		return nil
	}
	return cmd
}

// report is the JSON form of what check prints.
type report struct {
	File     string          `json:"file"`
	Domains  int             `json:"domains"`
	Findings config.Findings `json:"findings"`
}

func printFindings(env environment, output, file string, cfg *config.Config, findings config.Findings) error {
	domains := 0
	if cfg != nil {
		domains = len(cfg.Domains)
	}
	if output == "json" {
		return terminal.WriteJSON(env.stdout, report{file, domains, append(config.Findings{}, findings...)}) // an empty list, not null
	}
	paint := func(c terminal.Color, line string) string {
		if !env.colors {
			return line
		}
		return c.In(line)
	}
	for _, f := range findings {
		color := terminal.Red
		if f.Warning {
			color = terminal.Yellow
		}
		if _, err := fmt.Fprintln(env.stdout, paint(color, terminal.Line(f.String()))); err != nil {
			return err
		}
	}
	if len(findings) > 0 {
		return nil
	}
	fine := fmt.Sprintf("%s is fine: %s, %s", terminal.Line(file), counted(domains, "domain"), counted(len(cfg.Providers), "provider"))
	_, err := fmt.Fprintln(env.stdout, paint(terminal.Green, fine))
	return err
}
