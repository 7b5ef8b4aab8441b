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

	"github.com/waymark-mail/waymark/cmd/waymark-conformance/checks"
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

const about = `Asks an autoconfiguration server what mail clients ask, and says what they would stumble over.

  conformance -url https://127.0.0.1:8443 -http-url http://127.0.0.1:8080 -domain example.com

Every host name, such as autoconfig.example.com, is taken to be at these URLs. Ends with 0 when nothing
was found, with 1 when something was, and with 2 when the flags are wrong.

`

// order is what the flags say.
type order struct {
	target  checks.Target
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
	report, err := checks.Run(ctx, o.target, o.numbers...)
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
	if report.Count(checks.Failed) > 0 {
		return findings
	}
	return fine
}

func refuse(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintln(stderr, "conformance:", terminal.Lines(err.Error())) // there is nobody else to tell
	return usage
}

func parse(args []string, stderr io.Writer) (order, error) {
	var o order
	t := &o.target
	var base, caFile, zoneFile, only, output string
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = io.WriteString(stderr, about)
		flags.PrintDefaults()
	}
	flags.StringVar(&base, "url", "", "base `URL` of the server, https or http")
	flags.StringVar(&t.HTTP, "http-url", "", "base `URL` of its plain http")
	flags.StringVar(&t.Domain, "domain", "", "a `domain` that it answers for")
	flags.StringVar(&t.Known, "known", "", "an `address` of the domain that has a mailbox (default anna@DOMAIN)")
	flags.StringVar(&t.Unknown, "unknown", "", "an `address` of the domain that has none (default no-such-mailbox-4711@DOMAIN)")
	flags.StringVar(&t.Unserved, "unserved", "not-served.invalid", "a `domain` that it does not answer for; empty when there is none")
	flags.StringVar(&t.IDN, "idn", "", "an international `domain` that it answers for")
	flags.StringVar(&t.MX, "mx", "", "the `domain` of a hoster's mail exchangers")
	flags.StringVar(&t.Customer, "customer", "", "a `domain` that the hoster serves")
	flags.StringVar(&t.Profile, "profile", "", "`path` of the Apple profile (default /profile.mobileconfig?email={address})")
	flags.StringVar(&caFile, "ca-file", "", "trust the certificates of this PEM `file` as signers of profiles, instead of this machine's")
	flags.StringVar(&zoneFile, "zone", "", "`file` with the DNS records of the domain; - for the standard input")
	flags.StringVar(&t.Login, "login", "", "`form` of the user name with {address}, {local} and {domain}, where it is not the address")
	flags.BoolVar(&t.Alternatives, "alternatives", false, "several sections of one type are switched on in autoconfig")
	flags.BoolVar(&t.OutlookDAV, "outlook-dav", false, "calendars and contacts are switched on in Autodiscover")
	flags.BoolVar(&t.ActiveSync, "activesync", false, "there is an ActiveSync service")
	flags.BoolVar(&t.NoJSON, "no-json", false, "Autodiscover in JSON is switched off")
	flags.StringVar(&only, "only", "", "run these checks alone, as in 7,20")
	flags.StringVar(&output, "o", "text", "`form` of the report: text or json")
	if err := flags.Parse(args); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			err = errors.New("-h lists the flags") // the flag package has said the rest
		}
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag; -h lists them", flags.Arg(0))
	}
	if strings.HasPrefix(base, "http:") && t.HTTP == "" {
		t.HTTP = base
	} else {
		t.HTTPS = base
	}
	if output != "text" && output != "json" {
		return o, fmt.Errorf("-o is text or json, not %q", output)
	}
	o.json = output == "json"
	return o, errors.Join(o.readRoots(caFile), o.readZone(zoneFile), o.readNumbers(only))
}

func (o *order) readRoots(file string) error {
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	o.target.Roots = x509.NewCertPool()
	if !o.target.Roots.AppendCertsFromPEM(data) {
		return fmt.Errorf("%s: holds no certificate in PEM", file)
	}
	return nil
}

func (o *order) readZone(file string) error {
	if file == "" {
		return nil
	}
	if file == "-" {
		file = "/dev/stdin"
	}
	data, err := os.ReadFile(file)
	o.target.Zone = string(data)
	return err
}

func (o *order) readNumbers(only string) error {
	if only == "" {
		return nil
	}
	for word := range strings.SplitSeq(only, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			return fmt.Errorf("-only takes numbers with commas between, not %q", only)
		}
		o.numbers = append(o.numbers, n)
	}
	return nil
}

func printText(w io.Writer, report checks.Report) error {
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
		report.Count(checks.Passed), report.Count(checks.Failed), report.Count(checks.NotChecked))
	_, err := io.WriteString(w, text.String())
	return err
}
