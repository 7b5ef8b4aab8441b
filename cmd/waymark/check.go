package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/service"
)

func checkCommand(env environment) *cobra.Command {
	var file, output string
	var strict bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Reports every error and warning of the settings",
		Long:  "Reports every error and warning of the settings file, with its line, and reads the\ncertificates and keys it names. Ends with 0 when nothing is wrong, else with 1.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			source, err := findSettings(file, env)
			if err != nil {
				return err
			}
			cfg, findings := source.load()
			if !findings.HasErrors() {
				findings = append(findings, service.CheckFiles(source.name(), cfg, time.Now())...)
			}
			if err := printFindings(env, output, source, cfg, findings); err != nil {
				return err
			}
			if findings.HasErrors() || strict && len(findings) > 0 {
				return errFindings
			}
			return nil
		},
	}
	configFlag(cmd, &file)
	outputFlag(cmd, &output)
	cmd.Flags().BoolVar(&strict, "strict", false, "treat warnings as errors")
	return cmd
}

// report is the JSON form of what check prints.
type report struct {
	File     string          `json:"file"`
	Domains  int             `json:"domains"`
	Findings config.Findings `json:"findings"`
}

func printFindings(env environment, output string, source settingsFile, cfg *config.Config, findings config.Findings) error {
	domains := 0
	if cfg != nil {
		domains = len(cfg.Domains)
	}
	if output == "json" {
		enc := json.NewEncoder(env.stdout)
		enc.SetIndent("", "  ")
		if findings == nil {
			findings = config.Findings{} // an empty list, not null
		}
		return enc.Encode(report{File: source.name(), Domains: domains, Findings: findings})
	}
	for _, f := range findings {
		if _, err := fmt.Fprintln(env.stdout, f); err != nil {
			return err
		}
	}
	if len(findings) > 0 {
		return nil
	}
	_, err := fmt.Fprintf(env.stdout, "%s is fine: %d domains, %d providers\n", source.name(), domains, len(cfg.Providers))
	return err
}
