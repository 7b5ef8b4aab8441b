package main

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/conformance"
	"github.com/waymark-mail/waymark/internal/files"
	"github.com/waymark-mail/waymark/internal/terminal"
)

// The exit status, as that of waymark itself.
const (
	fine     = 0
	findings = 1
	usage    = 2
)

func main() { os.Exit(mainWithStatus()) }

func mainWithStatus() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

const about = `Check an autoconfiguration server the way mail clients use it: forty numbered checks.

Usage:
  waymark-conformance -url URL -domain DOMAIN [flags]

Example:
  waymark-conformance -url https://127.0.0.1:8443 -http-url http://127.0.0.1:8080 -domain example.com

Requests for every host name, such as autoconfig.example.com, go to these URLs. The exit status is 0 when
no check failed, 1 when a check failed, and 2 when the command line is wrong or no server answers.

Flags:
`

// options are the parsed flags.
type options struct {
	target  conformance.Target
	numbers []int
	json    bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return fine
	case err != nil:
		return refuse(stderr, err)
	}
	report, err := conformance.Run(ctx, o.target, o.numbers...)
	if err != nil {
		return refuse(stderr, err)
	}
	if o.json {
		err = terminal.WriteJSON(stdout, report)
	} else {
		err = printText(stdout, report)
	}
	if err != nil {
		return refuse(stderr, err)
	}
	if report.Count(conformance.Failed) > 0 {
		return findings
	}
	return fine
}

func refuse(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintln(stderr, "waymark-conformance:", terminal.Lines(err.Error())) // an error here cannot be reported
	return usage
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	t := &o.target
	var base, caFile, zoneFile, only, output string
	flags := flag.NewFlagSet("waymark-conformance", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = io.WriteString(stderr, about)
		flags.PrintDefaults()
	}
	flags.StringVar(&base, "url", "", "base `URL` of the server, https or http")
	flags.StringVar(&t.HTTP, "http-url", "", "base `URL` of the server for plain http")
	flags.StringVar(&t.Domain, "domain", "", "`domain` that the server serves")
	flags.StringVar(&t.Known, "known", "", "`address` with a mailbox (default anna@DOMAIN)")
	flags.StringVar(&t.Unknown, "unknown", "", "`address` without a mailbox (default no-such-mailbox-4711@DOMAIN)")
	flags.StringVar(&t.Unserved, "unserved", "not-served.invalid", "`domain` that the server does not serve; empty when it serves all")
	flags.StringVar(&t.IDN, "idn", "", "international `domain` that the server serves")
	flags.StringVar(&t.MX, "mx", "", "`domain` of the mail exchangers of a hosting company")
	flags.StringVar(&t.Customer, "customer", "", "`domain` of a customer of the hosting company")
	flags.StringVar(&t.Profile, "profile", "", "`path` and query of the Apple profile (default /profile.mobileconfig?email={address})")
	flags.StringVar(&caFile, "ca-file", "", "trust the certificates in this PEM `file` to sign profiles, instead of the system's")
	flags.StringVar(&zoneFile, "zone", "", "zone `file` with the DNS records of the domain; - for standard input")
	flags.StringVar(&t.Login, "login", "", "`form` of the user name, from {address}, {local} and {domain} (default {address}; autoconfig may also have {local})")
	flags.BoolVar(&t.Alternatives, "alternatives", false, "expect several sections of one type in autoconfig")
	flags.BoolVar(&t.OutlookDAV, "outlook-dav", false, "expect calendars and contacts in Autodiscover")
	flags.BoolVar(&t.ActiveSync, "activesync", false, "expect an ActiveSync service")
	flags.BoolVar(&t.EWS, "ews", false, "expect Exchange Web Services")
	flags.BoolVar(&t.NoJSON, "no-json", false, "expect no Autodiscover JSON")
	flags.StringVar(&only, "only", "", "run only the checks with these `numbers`, such as 7,20")
	flags.StringVar(&output, "o", "text", "`format` of the report: text or json")
	if err := flags.Parse(args); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			err = errors.New("see waymark-conformance -h") // the flag package has printed the reason
		}
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; see waymark-conformance -h", flags.Arg(0))
	}
	if strings.HasPrefix(base, "http:") && t.HTTP == "" {
		t.HTTP = base
	} else {
		t.HTTPS = base
	}
	if output != "text" && output != "json" {
		return o, fmt.Errorf("-o must be text or json, not %q", output)
	}
	o.json = output == "json"
	return o, errors.Join(o.readRoots(caFile), o.readZone(zoneFile), o.readNumbers(only))
}

// maxInput bounds a file, in octets.
const maxInput = 16 << 20

func (o *options) readRoots(file string) error {
	if file == "" {
		return nil
	}
	data, err := files.Read(file, maxInput)
	if err != nil {
		return err
	}
	o.target.Roots = x509.NewCertPool()
	if !o.target.Roots.AppendCertsFromPEM(data) {
		return fmt.Errorf("%s: no PEM certificate found", file)
	}
	return nil
}

func (o *options) readZone(file string) error {
	if file == "" {
		return nil
	}
	read := func() ([]byte, error) { return files.Read(file, maxInput) }
	if file == "-" {
		read = func() ([]byte, error) { return io.ReadAll(io.LimitReader(os.Stdin, maxInput)) }
	}
	data, err := read()
	o.target.Zone = string(data)
	return err
}

func (o *options) readNumbers(only string) error {
	if only == "" {
		return nil
	}
	for word := range strings.SplitSeq(only, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			return fmt.Errorf("-only must be numbers separated by commas, not %q", only)
		}
		o.numbers = append(o.numbers, n)
	}
	return nil
}

func printText(w io.Writer, report conformance.Report) error {
	var text strings.Builder
	for _, r := range report.Results {
		fmt.Fprintf(&text, "%02d  %-11s  %s\n", r.Number, r.Verdict, r.Sentence)
		for _, f := range r.Findings {
			fmt.Fprintf(&text, "      %s\n        %s\n", terminal.Line(f.Request), terminal.Line(f.Text))
		}
		if r.Why != "" {
			fmt.Fprintf(&text, "      %s\n", terminal.Line(r.Why))
		}
	}
	fmt.Fprintf(&text, "%d passed, %d failed, %d not checked\n",
		report.Count(conformance.Passed), report.Count(conformance.Failed), report.Count(conformance.NotChecked))
	_, err := io.WriteString(w, text.String())
	return err
}
