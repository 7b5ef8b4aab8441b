package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dnsrecords"
	"github.com/waymark-mail/waymark/internal/domainconnect"
	"github.com/waymark-mail/waymark/internal/files"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/terminal"
)

func domainConnectCommand(env environment) *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "domain-connect",
		Short: "Let owners of domains add the records at their DNS provider",
		Long: "Let owners of domains add the records that lead to Waymark at their DNS provider in a few clicks, with\n" +
			"Domain Connect: the DNS provider knows a template, and a signed link asks the owner to apply it.",
		Example: "  waymark domain-connect template --provider-id example.net --provider-name Example --host waymark.example.net\n" +
			"  waymark domain-connect key --key-file domain-connect.key --key-domain example.net\n" +
			"  waymark domain-connect link example.com --provider-id example.net --key-file domain-connect.key --host waymark.example.net",
	})
	cmd.AddCommand(domainConnectTemplate(env), domainConnectKey(env), domainConnectLink(env))
	return cmd
}

// domainFlag is a flag whose value is a domain.
type domainFlag struct{ address.Domain }

func (f *domainFlag) String() string { return string(f.Domain) }
func (*domainFlag) Type() string     { return "domain" }
func (f *domainFlag) Set(text string) (err error) {
	f.Domain, err = address.ParseDomain(text)
	return err
}

// connectFlags are the flags of the commands of Domain Connect. Each has some of them.
type connectFlags struct {
	provider, keyDomain, host domainFlag
	service, keyFile, keyName string
}

func (f *connectFlags) addService(cmd *cobra.Command) {
	cmd.Flags().Var(&f.provider, "provider-id", "identify the template by your `DOMAIN`")
	cmd.Flags().StringVar(&f.service, "service-id", "mail-setup", "identify the template by this `ID`, which is unique below --provider-id")
	cmd.Flags().Var(&f.host, "host", "host `NAME` that Waymark is reached at")
	cmd.Flags().Var(&f.keyDomain, "key-domain", "`DOMAIN` that has the public key (default: the one of --provider-id)")
	required(cmd, "provider-id", "host")
}

func (f *connectFlags) addKey(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.keyFile, "key-file", "", "sign links with the RSA key in this PEM `FILE`")
	cmd.Flags().StringVar(&f.keyName, "key-name", "_dck1", "`NAME` of the TXT records of the public key, below --key-domain")
	required(cmd, "key-file")
}

// required makes cobra refuse a command line without these flags.
func required(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag does not exist
		}
	}
}

// keyAt returns the domain that has the public key.
func (f *connectFlags) keyAt() address.Domain { return cmp.Or(f.keyDomain.Domain, f.provider.Domain) }

// template identifies the template.
func (f *connectFlags) template() domainconnect.Service {
	return domainconnect.Service{ProviderID: f.provider.Domain, ID: f.service}
}

// read returns the key, and checks its place in DNS.
func (f *connectFlags) read() (*domainconnect.Key, error) {
	if _, err := address.ParseDomain(strings.ReplaceAll(f.keyName, "_", "") + ".example"); err != nil {
		return nil, fmt.Errorf("--key-name: %q is not a valid name", f.keyName)
	}
	text, err := files.Read(f.keyFile, domainconnect.MaxKeyFile)
	if err != nil {
		return nil, fmt.Errorf("--key-file: %w", err)
	}
	key, err := domainconnect.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("--key-file: %s %w", f.keyFile, err)
	}
	return key, nil
}

func domainConnectTemplate(env environment) *cobra.Command {
	var f connectFlags
	var d domainconnect.Description
	cmd := &cobra.Command{
		Use:   "template",
		Short: "Print the template for the public repository",
		Long: "Print the template to submit to https://github.com/Domain-Connect/Templates, from where DNS providers\n" +
			"take it. The name of the file is printed to standard error.",
		Example: "  waymark domain-connect template --provider-id example.net --provider-name Example --host waymark.example.net",
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			d.Host, d.KeyDomain = f.host.Domain, f.keyAt()
			s := f.template()
			text, err := s.Template(d)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(env.stderr, "note: call the file %s\n", s.FileName()); err != nil {
				return err
			}
			_, err = env.stdout.Write(text)
			return err
		},
	}
	f.addService(cmd)
	cmd.Flags().StringVar(&d.ProviderName, "provider-name", "", "`NAME` by which owners of domains know you")
	cmd.Flags().StringVar(&d.LogoURL, "logo-url", "", "https `URL` of a logo, as jpg, png or svg")
	required(cmd, "provider-name")
	return cmd
}

func domainConnectKey(env environment) *cobra.Command {
	var f connectFlags
	cmd := &cobra.Command{
		Use:     "key",
		Short:   "Print the TXT records of the public key",
		Long:    "Print the TXT records with the public key, by which DNS providers verify that a link is yours.",
		Example: "  waymark domain-connect key --key-file domain-connect.key --key-domain example.net",
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			key, err := f.read()
			if err != nil {
				return err
			}
			for _, text := range key.Texts() {
				if _, err := fmt.Fprintf(env.stdout, "%s.%s. %d IN TXT %q\n", f.keyName, f.keyAt(), dnsrecords.TTL, text); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f.addKey(cmd)
	cmd.Flags().Var(&f.keyDomain, "key-domain", "`DOMAIN` that has the public key")
	required(cmd, "key-domain")
	return cmd
}

func domainConnectLink(env environment) *cobra.Command {
	var f connectFlags
	var resolver, rootsFile string
	var allowPrivate bool
	cmd := &cobra.Command{
		Use:   "link DOMAIN",
		Short: "Print a link for the owner of a domain",
		Long: "Print a signed link, at which the DNS provider of a domain asks the owner to add the records. Looks up the\n" +
			"DNS provider, whether it has the template, and whether the public key is published.\n\n" +
			"Exits with 1 when the settings do not have the domain, and when the DNS provider would refuse the link.",
		Example: "  waymark domain-connect link example.com --provider-id example.net --key-file domain-connect.key --host waymark.example.net",
		Args:    arguments(1, 1),
	}
	source := configFlag(cmd, env)
	f.addService(cmd)
	f.addKey(cmd)
	cmd.Flags().StringVar(&resolver, "resolver", "", "ask the DNS server at `ADDR:PORT` instead of the system's")
	cmd.Flags().StringVar(&rootsFile, "roots", "", "trust the certificates in this PEM `FILE` instead of this machine's")
	cmd.Flags().BoolVar(&allowPrivate, "allow-private", false, "connect to a DNS provider at an address that is not public, too")
	cmd.ValidArgsFunction = source.completeDomain
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		key, err := f.read()
		if err != nil {
			return err
		}
		l := domainconnect.Linker{
			Service: f.template(), Key: key,
			KeyDomain: f.keyAt(), KeyName: f.keyName, AllowPrivate: allowPrivate,
		}
		if err := l.Service.Check(); err != nil {
			return err
		}
		if l.Roots, err = readRoots(rootsFile); err != nil {
			return err
		}
		if l.Resolver, err = resolverAt(resolver); err != nil {
			return err
		}
		domain, err := address.ParseDomain(args[0])
		if err != nil {
			return err
		}
		_, found, err := source.resolve(cmd.Context(), settings.Query{Domain: domain})
		if err != nil {
			return err
		}
		set, err := service.Records(found, dnsrecords.Options{Hosts: dnsrecords.Hosts{Name: f.host.Domain}})
		if err != nil {
			return err
		}
		labels := needed(set)
		if len(labels) == 0 {
			return errors.New("the domain needs no record of the template")
		}
		link, err := l.Link(cmd.Context(), domain, labels)
		if err != nil {
			if _, err := fmt.Fprintf(env.stderr, "waymark: %s\n", terminal.Lines(err.Error())); err != nil {
				return err
			}
			return errFindings
		}
		_, err = fmt.Fprintln(env.stdout, link)
		return err
	}
	return cmd
}

// needed returns the labels of the template that a domain needs.
func needed(set dnsrecords.Set) []string {
	return slices.DeleteFunc(domainconnect.Labels(), func(label string) bool {
		name := label + "." + string(set.Domain) + "."
		return !slices.ContainsFunc(set.Records, func(r dnsrecords.Record) bool { return r.Type == dnsrecords.CNAME && r.Name == name })
	})
}
