package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/terminal"
)

func certificatesCommand(env environment) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "certificates",
		Short: "List the certificates that Waymark has",
		Long: "List the signing identities in the settings, then the TLS certificates from files and on demand, with the\n" +
			"error of the last order. The command reads the files and the storage itself, so run it as the user of the\n" +
			"service. Exits with 1 when a certificate has expired or the last order of a name failed.",
		Example: "  waymark certificates -c /etc/waymark/waymark.yaml\n  waymark certificates -o json",
		Args:    arguments(0, 0),
	}
	source := configFlag(cmd, env)
	outputFlag(cmd, &output)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkOutput(output); err != nil {
			return err
		}
		cfg, err := source.load()
		if err != nil {
			return err
		}
		now := time.Now()
		held, err := service.HeldCertificates(cmd.Context(), cfg, stateDir(env), now)
		if err != nil {
			return fmt.Errorf("cannot read the storage of certificates: %w", err)
		}
		if err := printCertificates(env, output, held); err != nil {
			return err
		}
		for _, h := range held {
			if h.LastError != "" || h.NotAfter != nil && h.NotAfter.Before(now) {
				return errFindings
			}
		}
		return nil
	}
	return cmd
}

func printCertificates(env environment, output string, held []service.HeldCertificate) error {
	if output == "json" {
		return terminal.WriteJSON(env.stdout, held)
	}
	if len(held) == 0 {
		_, err := fmt.Fprintln(env.stdout, "there are no certificates")
		return err
	}
	table := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	day := func(at *time.Time) string {
		if at == nil {
			return "-"
		}
		return at.Format(time.DateOnly)
	}
	// The errors of a write come with Flush.
	_, _ = fmt.Fprintln(table, "NAME\tFOR\tFROM\tISSUER\tEXPIRES\tRENEWAL\tLAST ERROR")
	for _, h := range held {
		failed := "-"
		if h.LastError != "" {
			failed = terminal.Line(h.LastError)
		}
		if h.FailedAt != nil {
			failed = h.FailedAt.Format(time.DateTime) + " " + failed
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			cmp.Or(terminal.Line(h.Name), "-"), terminal.Line(h.For), terminal.Line(h.From), cmp.Or(terminal.Line(h.Issuer), "-"), day(h.NotAfter), day(h.RenewAt), failed)
	}
	return table.Flush()
}
