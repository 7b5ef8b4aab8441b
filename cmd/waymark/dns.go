package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dnslookup"
	"github.com/waymark-mail/waymark/internal/dnsrecords"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/terminal"
)

func dnsCommand(env environment) *cobra.Command {
	var format, output string
	var hosts []string
	var denyMissing, diff bool
	var resolver string
	cmd := &cobra.Command{
		Use:   "dns DOMAIN",
		Short: "Print the DNS records to publish for a domain",
		Long: "Print the DNS records that lead mail clients of a domain to Waymark and to its services.\n" +
			"Records that are left out are listed on standard error, with the reason.\n\n" +
			"The target of an SRV record must be a host name with addresses, never an alias (CNAME).\n" +
			"Waymark does not look it up: check the hosts of your services and of --host.\n" +
			"Each of autoconfig, autodiscover and ua-auto-config needs a certificate for its own name.\n\n" +
			"With --diff, print instead what is missing, wrong or left over in the published records.\n\n" +
			"Exits with 1 when the settings do not have the domain, and when --diff found a difference.",
		Example: "  waymark dns example.com --host waymark.example.net\n" +
			"  waymark dns example.com --host 192.0.2.1 --host 2001:db8::1 --format octodns\n" +
			"  waymark dns example.com --host waymark.example.net --diff",
		Args: arguments(1, 1),
	}
	source := configFlag(cmd, env)
	outputFlag(cmd, &output)
	cmd.Flags().StringArrayVar(&hosts, "host", nil, "host `NAME` or IP address that Waymark is reached at; repeat it for more addresses")
	cmd.Flags().BoolVar(&denyMissing, "deny-missing", false, "publish SRV records that deny the services missing from the settings")
	cmd.Flags().BoolVar(&diff, "diff", false, "print only the differences from the published records")
	cmd.Flags().StringVar(&resolver, "resolver", "", "with --diff, ask the DNS server at `ADDR:PORT` instead of the system's")
	cmd.Flags().StringVar(&format, "format", "zone", "print the records as `FORMAT`: "+strings.Join(dnsrecords.Formats(), ", "))
	completeFlag(cmd, "format", dnsrecords.Formats()...)
	cmd.ValidArgsFunction = source.completeDomain
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(output); err != nil {
			return err
		}
		if output == "json" {
			if cmd.Flags().Changed("format") && format != "json" {
				return fmt.Errorf("-o json and --format %s cannot be used together", format)
			}
			format = "json"
		}
		if err := checkDiff(cmd, diff); err != nil {
			return err
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
		set, err := service.Records(found, dnsrecords.Options{Hosts: reached, DenyMissing: denyMissing})
		if err != nil {
			return err
		}
		if diff {
			return printDifference(cmd.Context(), env, set, resolver, output)
		}
		return printRecords(env, set, format)
	}
	return cmd
}

func checkDiff(cmd *cobra.Command, diff bool) error {
	switch {
	case diff && cmd.Flags().Changed("format"):
		return errors.New("--diff and --format cannot be used together")
	case !diff && cmd.Flags().Changed("resolver"):
		return errors.New("--resolver needs --diff: without it nothing is looked up")
	}
	return nil
}

// printRecords prints the records of a domain, and on standard error what they
// leave out.
func printRecords(env environment, set dnsrecords.Set, format string) error {
	records, err := set.Print(format)
	if err != nil {
		return err
	}
	if err := printNotes(env, set); err != nil {
		return err
	}
	_, err = env.stdout.Write(records)
	return err
}

func printNotes(env environment, set dnsrecords.Set) error {
	for _, note := range set.Notes {
		if _, err := fmt.Fprintf(env.stderr, "note: %s\n", terminal.Line(note)); err != nil {
			return err
		}
	}
	return nil
}

// diffTime bounds all lookups of --diff together.
const diffTime = 30 * time.Second

// printDifference prints how the published records differ from those of the set.
func printDifference(ctx context.Context, env environment, set dnsrecords.Set, server, output string) error {
	resolver, err := resolverAt(server)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, diffTime)
	defer cancel()
	difference, err := set.Compare(ctx, resolver)
	if err != nil {
		return err
	}
	if output == "json" {
		err = terminal.WriteJSON(env.stdout, difference.JSON())
	} else if err = printNotes(env, set); err == nil {
		_, err = io.WriteString(env.stdout, difference.Text())
	}
	if err == nil && difference.Any() {
		err = errFindings
	}
	return err
}

// resolverAt returns a resolver that asks the server at an address and port; the
// system's for "".
func resolverAt(server string) (*dnslookup.Resolver, error) {
	if server == "" {
		return dnslookup.New()
	}
	at, err := netip.ParseAddrPort(server)
	if err != nil || at.Port() == 0 {
		return nil, fmt.Errorf("--resolver: %q is not an IP address and port such as 192.0.2.53:53 or [2001:db8::53]:53", server)
	}
	return dnslookup.New(at)
}
