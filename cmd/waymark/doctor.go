package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/doctor"
	"github.com/waymark-mail/waymark/internal/terminal"
)

// doctorFlags are the flags of waymark doctor.
type doctorFlags struct {
	output, resolver, rootsFile               string
	timeout                                   time.Duration
	clients, only, skip, connectTo, selectors []string
	allowPrivate, steps                       bool
}

func doctorCommand(env environment) *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor DOMAIN|ADDRESS",
		Short: "Find out which mail clients can set up an address, and why others cannot",
		Long: "Examine a mail domain from outside, as mail clients do: ask the questions of each client in its\n" +
			"order, read the answers by its rules, then test the servers that the answers name, and the records\n" +
			"that protect mail. Works for every provider, and needs no settings file and no password.\n\n" +
			"Exits with 0 when there is neither an error nor a warning, else with 1.",
		Example: "  waymark doctor example.com\n" +
			"  waymark doctor anna@example.com --client thunderbird --steps\n" +
			"  waymark doctor example.com --connect-to autoconfig.example.com:443:192.0.2.1",
		Args: arguments(1, 1),
	}
	cmd.Flags().StringVarP(&f.output, "output", "o", "text", "print the report as `FORMAT`: text, json or html")
	cmd.Flags().StringVar(&f.resolver, "resolver", "", "ask the DNS server at `ADDR:PORT` instead of the system's")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 30*time.Second, "end the examination after this `TIME`")
	cmd.Flags().StringArrayVar(&f.clients, "client", nil, "examine only the client `NAME`; repeat it for more")
	cmd.Flags().StringSliceVar(&f.only, "only", nil, "run only these `SECTIONS`: "+strings.Join(doctor.Sections(), ", "))
	cmd.Flags().StringSliceVar(&f.skip, "skip", nil, "leave out these `SECTIONS`")
	cmd.Flags().StringArrayVar(&f.selectors, "dkim-selector", nil, "check the DKIM key of this `SELECTOR`; repeat it for more")
	cmd.Flags().StringVar(&f.rootsFile, "roots", "", "trust the certificates in this PEM `FILE` instead of this machine's")
	cmd.Flags().BoolVar(&f.allowPrivate, "allow-private", false, "connect to addresses that are not public, too")
	cmd.Flags().StringArrayVar(&f.connectTo, "connect-to", nil, "connect to another address, as `NAME:PORT:ADDRESS`, before DNS points to it; repeat it for more")
	cmd.Flags().BoolVar(&f.steps, "steps", false, "print what every client asks and gets")
	completeFlag(cmd, "output", "text", "json", "html")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		options, err := f.options(args[0])
		if err != nil {
			return err
		}
		if onTerminal(env.stderr) {
			options.Progress = func(what string) {
				_, _ = fmt.Fprintf(env.stderr, "\r\x1b[Kexamining %s", what) // only a decoration
			}
		}
		report := doctor.Examine(cmd.Context(), options)
		if options.Progress != nil {
			_, _ = io.WriteString(env.stderr, "\r\x1b[K")
		}
		if err := f.print(env, report); err != nil {
			return err
		}
		if !report.Healthy() {
			return errFindings
		}
		return nil
	}
	return cmd
}

func (f *doctorFlags) print(env environment, report doctor.Report) error {
	switch f.output {
	case "json":
		return terminal.WriteJSON(env.stdout, report)
	case "html":
		return report.WriteHTML(env.stdout, doctor.HTMLOptions{At: time.Now()})
	}
	_, colourless := env.getenv("NO_COLOR")
	return report.WriteText(env.stdout, doctor.TextOptions{Colour: onTerminal(env.stdout) && !colourless, Steps: f.steps})
}

// onTerminal reports whether the output goes to a terminal.
func onTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// options checks the flags and the argument.
func (f *doctorFlags) options(subject string) (doctor.Options, error) {
	o := doctor.Options{Timeout: f.timeout, AllowPrivate: f.allowPrivate, Selectors: f.selectors, Now: time.Now(), ConnectTo: map[string][]netip.AddrPort{}}
	var err error
	if strings.Contains(subject, "@") {
		if o.Address, err = address.Parse(subject); err != nil {
			return o, err
		}
		o.Domain = o.Address.Domain
	} else if o.Domain, err = address.ParseDomain(subject); err != nil {
		return o, err
	}
	if err := checkOutput(f.output, "html"); err != nil {
		return o, err
	}
	if f.timeout <= 0 || f.timeout > 5*time.Minute {
		return o, errors.New("--timeout must be more than 0 and at most 5m")
	}
	for _, name := range f.clients {
		known, err := clientCalled(name)
		if err != nil {
			return o, err
		}
		o.Clients = append(o.Clients, known)
	}
	if o.Sections, err = sections(f.only, f.skip); err != nil {
		return o, err
	}
	for _, selector := range f.selectors {
		if _, err := address.ParseDomain(selector + ".example"); err != nil {
			return o, fmt.Errorf("--dkim-selector: %q is not a valid name", selector)
		}
	}
	for _, entry := range f.connectTo {
		at, to, err := connection(entry)
		if err != nil {
			return o, err
		}
		o.ConnectTo[at] = append(o.ConnectTo[at], to)
	}
	if o.Roots, err = readRoots(f.rootsFile); err != nil {
		return o, err
	}
	o.Resolver, err = resolverAt(f.resolver)
	return o, err
}

// clientCalled returns the client whose name begins so, in any case.
func clientCalled(name string) (string, error) {
	var found []string
	for _, known := range doctor.Clients() {
		if strings.EqualFold(known, name) {
			return known, nil
		}
		if name != "" && strings.HasPrefix(strings.ToLower(known), strings.ToLower(name)) {
			found = append(found, known)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf("unknown client %q; known: %s", name, strings.Join(doctor.Clients(), ", "))
	}
	return "", fmt.Errorf("%q may be %s", name, strings.Join(found, " or "))
}

// sections returns the sections to examine.
func sections(only, skip []string) ([]string, error) {
	for _, s := range slices.Concat(only, skip) {
		if !slices.Contains(doctor.Sections(), s) {
			return nil, fmt.Errorf("unknown section %q; known: %s", s, strings.Join(doctor.Sections(), ", "))
		}
	}
	if len(only) == 0 {
		only = doctor.Sections()
	}
	var left []string
	for _, s := range only {
		if !slices.Contains(skip, s) {
			left = append(left, s)
		}
	}
	if len(left) == 0 {
		return nil, errors.New("--only and --skip leave nothing to examine")
	}
	return left, nil
}

// connection reads NAME:PORT:ADDRESS, in which the address may have a port of its
// own.
func connection(entry string) (string, netip.AddrPort, error) {
	wrong := fmt.Errorf("--connect-to: %q is not NAME:PORT:ADDRESS, such as mail.example.com:993:192.0.2.1", entry)
	parts := strings.SplitN(entry, ":", 3)
	if len(parts) < 3 {
		return "", netip.AddrPort{}, wrong
	}
	name, err := address.ParseDomain(parts[0])
	port, errPort := strconv.ParseUint(parts[1], 10, 16)
	if err != nil || errPort != nil || port == 0 {
		return "", netip.AddrPort{}, wrong
	}
	at := net.JoinHostPort(string(name), parts[1])
	if to, err := netip.ParseAddrPort(parts[2]); err == nil {
		return at, to, nil
	}
	to, err := netip.ParseAddr(strings.Trim(parts[2], "[]"))
	if err != nil {
		return "", netip.AddrPort{}, wrong
	}
	return at, netip.AddrPortFrom(to, uint16(port)), nil
}
