package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/terminal"
)

func checkCommand(env environment) *cobra.Command {
	var output string
	var strict, online bool
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "List every error and warning of the settings file",
		Long: "List every error and warning of the settings file, with its line. Also read the\ncertificates and keys that it names, and query its databases and directories. Exits with 0 when there is\nno error, else with 1.\n\n" +
			"With --online, also look up every domain that the databases and directories list. Each one that would\nfail is an error, and domains that look alike are a warning.",
		Example: "  waymark check waymark.yaml --strict\n  waymark check --online -o json",
		Args:    arguments(0, 1),
	}
	source := configFlag(cmd, env)
	outputFlag(cmd, &output)
	cmd.Flags().BoolVar(&strict, "strict", false, "treat warnings as errors")
	cmd.Flags().BoolVar(&online, "online", false, "look up every domain that the sources list")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
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
		}
		r := newReport(source.name(), cfg)
		if cfg != nil && online {
			var found config.Findings
			r.Sources, found = service.CheckDomains(cmd.Context(), source.name(), cfg, func(source string, done, all int) {
				env.progress(fmt.Sprintf("%s: %d of %d domains", source, done, all))
			})
			env.progress("")
			findings = append(findings, found...)
		}
		findings.Sort(source.name())
		r.Findings = append(r.Findings, findings...)
		if err := r.print(env, output); err != nil {
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
	File     string           `json:"file"`
	Domains  int              `json:"domains"`  // listed by name
	Patterns int              `json:"patterns"` // such as *.schools.example and *
	Findings config.Findings  `json:"findings"`
	Sources  []service.DryRun `json:"sources,omitempty"` // with --online

	counts string // for people
}

// newReport returns a report without findings. cfg may be nil.
func newReport(file string, cfg *config.Config) report {
	r := report{File: file, Findings: config.Findings{}} // an empty list, not null
	if cfg == nil {
		return r
	}
	r.Domains, r.Patterns = len(cfg.Domains), len(cfg.Below)
	if cfg.CatchAll != nil {
		r.Patterns++
	}
	var counts []string
	for _, some := range []struct {
		n    int
		what string
	}{{r.Domains, "domain"}, {r.Patterns, "pattern"}, {len(cfg.Directory), "source"}, {len(cfg.Providers), "provider"}} {
		if some.n > 0 {
			counts = append(counts, counted(some.n, some.what))
		}
	}
	r.counts = strings.Join(counts, ", ")
	return r
}

func (r report) print(env environment, output string) error {
	if output == "json" {
		return terminal.WriteJSON(env.stdout, r)
	}
	var lines []string
	add := func(c terminal.Color, line string) {
		if line = terminal.Line(line); env.colors {
			line = c.In(line)
		}
		lines = append(lines, line+"\n")
	}
	for _, f := range r.Findings {
		color := terminal.Red
		if f.Warning {
			color = terminal.Yellow
		}
		add(color, f.String())
	}
	if len(r.Findings) == 0 {
		add(terminal.Green, r.File+" is fine: "+r.counts)
	}
	for _, s := range r.Sources {
		if s.NotChecked != "" {
			add(terminal.Yellow, fmt.Sprintf("source %s: domains not looked up: %s", s.Source, s.NotChecked))
			continue
		}
		color := terminal.Green
		if s.Failed > 0 {
			color = terminal.Red
		}
		add(color, fmt.Sprintf("source %s: %s looked up, %d would fail", s.Source, counted(s.Domains, "domain"), s.Failed))
	}
	_, err := io.WriteString(env.stdout, strings.Join(lines, ""))
	return err
}

// progress replaces the line that shows how far a command is, on a terminal alone.
func (env environment) progress(line string) {
	if env.terminal {
		_, _ = fmt.Fprintf(env.stderr, "\r\x1b[K%s", terminal.Line(line)) // it is not part of the report
	}
}
