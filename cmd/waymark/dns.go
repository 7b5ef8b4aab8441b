package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect/autoconfig"
	"github.com/waymark-mail/waymark/internal/dialect/autodiscover"
	"github.com/waymark-mail/waymark/internal/dialect/mtasts"
	"github.com/waymark-mail/waymark/internal/dialect/pacc"
	"github.com/waymark-mail/waymark/internal/dnsrecords"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/terminal"
)

func dnsCommand(env environment) *cobra.Command {
	var format, output string
	var hosts []string
	var denyMissing bool
	cmd := &cobra.Command{
		Use:   "dns DOMAIN",
		Short: "Print the DNS records to publish for a domain",
		Long: "Print the DNS records that lead mail clients of a domain to Waymark and to its services.\n" +
			"Records that are left out are listed on standard error, with the reason.\n\n" +
			"The target of an SRV record must be a host name with addresses, never an alias (CNAME).\n" +
			"Waymark does not look it up: check the hosts of your services, and the one of --host.\n" +
			"Each of autoconfig, autodiscover and ua-auto-config needs a certificate for its own name.\n\n" +
			"Exits with 1 when the settings do not have the domain.",
		Example: "  waymark dns example.com --host waymark.example.net\n" +
			"  waymark dns example.com --host 192.0.2.1 --host 2001:db8::1 --format octodns",
		Args: arguments(1, 1),
	}
	source := configFlag(cmd, env)
	outputFlag(cmd, &output)
	cmd.Flags().StringArrayVar(&hosts, "host", nil, "host `NAME` or IP address that Waymark is reached at; repeat it for more addresses")
	cmd.Flags().BoolVar(&denyMissing, "deny-missing", false, "declare that services which the settings do not have do not exist")
	cmd.Flags().StringVar(&format, "format", "zone", "print the records as `FORMAT`: "+strings.Join(dnsrecords.Formats(), ", "))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(output); err != nil {
			return err
		}
		if output == "json" {
			if cmd.Flags().Changed("format") && format != "json" {
				return fmt.Errorf("-o json and --format %s contradict each other", format)
			}
			format = "json"
		}
		reached, err := dnsrecords.ParseHosts(hosts)
		if err != nil {
			return fmt.Errorf("--host: %w", err)
		}
		domain, err := address.ParseDomain(args[0])
		if err != nil {
			return err
		}
		_, found, err := source.resolve(cmd.Context(), settings.Query{Domain: domain})
		if err != nil {
			return err
		}
		return printRecords(env, found, dnsrecords.Options{Hosts: reached, DenyMissing: denyMissing}, format)
	}
	return cmd
}

// printRecords prints the records of a domain, and on standard error what they
// leave out.
func printRecords(env environment, found settings.Settings, options dnsrecords.Options, format string) error {
	if err := findAnswers(found, &options); err != nil {
		return err
	}
	set, err := dnsrecords.For(found, options)
	if err != nil {
		return err
	}
	records, err := set.Print(format)
	if err != nil {
		return err
	}
	for _, note := range set.Notes {
		if _, err := fmt.Fprintf(env.stderr, "note: %s\n", terminal.Line(note)); err != nil {
			return err
		}
	}
	_, err = env.stdout.Write(records)
	return err
}

// findAnswers notes which dialects have an answer for the domain.
func findAnswers(found settings.Settings, o *dnsrecords.Options) error {
	_, ofAutoconfig := autoconfig.Render(found)
	anybody := found // Autodiscover has no answer without an address
	anybody.Address = address.Address{Local: "anybody", Domain: found.Domain}
	_, ofOutlook := autodiscover.Render(anybody)
	_, ofMobileSync := autodiscover.RenderMobileSync(anybody)
	document, ofPACC := pacc.Render(found)
	policy, ofMTASTS := mtasts.Render(found)
	for _, err := range []error{ofAutoconfig, ofOutlook, ofMobileSync, ofPACC, ofMTASTS} {
		if err != nil && settings.KindOf(err) != settings.NotOffered {
			return err
		}
	}
	o.PACC, o.MTASTS = document, policy
	o.NoAutoconfig = ofAutoconfig != nil
	o.NoAutodiscover = ofOutlook != nil && ofMobileSync != nil
	return nil
}
