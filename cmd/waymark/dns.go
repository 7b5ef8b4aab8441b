package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect/pacc"
	"github.com/waymark-mail/waymark/internal/dnsrecords"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
)

func dnsCommand(env environment) *cobra.Command {
	var file, format, output string
	var hosts []string
	formats := strings.Join(dnsrecords.Formats(), ", ")
	cmd := &cobra.Command{
		Use:   "dns DOMAIN",
		Short: "Prints the DNS records to publish for a domain",
		Long: "Prints the DNS records that lead mail clients of a domain to Waymark and to its services.\n" +
			"What the records leave out, and why, is said on standard error.\n\n" +
			"The target of an SRV record must be a host name with addresses, never an alias (CNAME).\n" +
			"Waymark does not look: check the hosts of your services, and the one of --host.\n" +
			"Each of autoconfig, autodiscover and ua-auto-config needs a certificate for its own name.\n\n" +
			"Ends with 1 when nobody answers for the domain.",
		Example: "  waymark dns example.com --host waymark.example.net\n" +
			"  waymark dns example.com --host 192.0.2.1 --host 2001:db8::1 --format octodns",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
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
			source, err := findSettings(file, env)
			if err != nil {
				return err
			}
			cfg, err := source.mustLoad()
			if err != nil {
				return err
			}
			found, err := service.Resolve(cmd.Context(), cfg, settings.Query{Domain: domain})
			if settings.KindOf(err) == settings.UnknownDomain {
				if _, err := fmt.Fprintf(env.stderr, "waymark: %s: %v\n", domain, err); err != nil {
					return err
				}
				return errFindings
			}
			if err != nil {
				return fmt.Errorf("%s: %w", domain, err)
			}
			return printRecords(env, found, reached, format)
		},
	}
	configFlag(cmd, &file)
	outputFlag(cmd, &output)
	cmd.Flags().StringArrayVar(&hosts, "host", nil, "the `NAME` that Waymark is reached by, or its IP address; give it again for more addresses")
	cmd.Flags().StringVar(&format, "format", "zone", "print the records as `FORMAT`: "+formats)
	return cmd
}

// printRecords prints the records of a domain, and on standard error what they
// leave out.
func printRecords(env environment, found settings.Settings, reached dnsrecords.Hosts, format string) error {
	document, err := pacc.Render(found)
	if err != nil && settings.KindOf(err) != settings.NotOffered {
		return err
	}
	set, err := dnsrecords.For(found, reached, document)
	if err != nil {
		return err
	}
	records, err := set.Print(format)
	if err != nil {
		return err
	}
	for _, note := range set.Notes {
		if _, err := fmt.Fprintf(env.stderr, "note: %s\n", note); err != nil {
			return err
		}
	}
	_, err = env.stdout.Write(records)
	return err
}
