package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig"
	"github.com/waymark-mail/waymark/internal/files"
	"github.com/waymark-mail/waymark/internal/sign"
	"github.com/waymark-mail/waymark/internal/terminal"
)

func verifyCommand(env environment) *cobra.Command {
	var output, rootsFile string
	cmd := &cobra.Command{
		Use:     "verify FILE.mobileconfig",
		Short:   "Print who signed an Apple profile and what it installs",
		Long:    "Print who signed an Apple profile, whether this machine trusts the signer, and what the profile\ninstalls. Exits with 0 when a device would show the profile as verified, else with 1.",
		Example: "  waymark verify anna.mobileconfig --ca-file ca.pem",
		Args:    arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			roots, err := readRoots(rootsFile)
			if err != nil {
				return err
			}
			der, err := files.Read(args[0], sign.MaxSigned)
			v := verdict{File: args[0], Problem: "is too large for a profile"}
			switch {
			case err == nil:
				v = verdictOf(args[0], der, roots)
			case !errors.As(err, new(files.TooLargeError)):
				return err
			}
			if err := printVerdict(env.stdout, output, v); err != nil {
				return err
			}
			if !v.Trusted {
				return errFindings
			}
			return nil
		},
	}
	outputFlag(cmd, &output)
	cmd.Flags().StringVar(&rootsFile, "ca-file", "", "trust the certificates in this PEM `FILE` instead of this machine's")
	return cmd
}

// maxRoots is far more than all authorities of a machine need.
const maxRoots = 16 << 20

// readRoots returns nil without a file, for the roots of this machine.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	data, err := files.Read(file, maxRoots)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: has no certificate in PEM", file)
	}
	return roots, nil
}

// verdict is what verify reports.
type verdict struct {
	File       string                 `json:"file"`
	Signed     bool                   `json:"signed"`
	Trusted    bool                   `json:"trusted"`
	Problem    string                 `json:"problem,omitempty"`
	Chain      []string               `json:"chain,omitempty"`
	NotAfter   string                 `json:"not_after,omitempty"`
	Name       string                 `json:"name,omitempty"`
	Identifier string                 `json:"identifier,omitempty"`
	Payloads   []mobileconfig.Payload `json:"payloads,omitempty"`
}

func verdictOf(file string, der []byte, roots *x509.CertPool) verdict {
	signature, err := sign.Verify(der, roots, time.Now())
	if err != nil {
		return verdict{File: file, Problem: err.Error()}
	}
	profile, err := mobileconfig.ReadContents(signature.Content)
	if err != nil {
		return verdict{File: file, Problem: "the signed content is " + err.Error()}
	}
	v := verdict{
		File:       file,
		Signed:     true,
		Trusted:    signature.Trusted == nil,
		Chain:      signature.Chain,
		NotAfter:   signature.NotAfter.UTC().Format(time.RFC3339),
		Name:       profile.Name,
		Identifier: profile.Identifier,
		Payloads:   profile.Payloads,
	}
	if signature.Trusted != nil {
		v.Problem = signature.Trusted.Error()
	}
	return v
}

func printVerdict(w io.Writer, output string, v verdict) error {
	if output == "json" {
		return terminal.WriteJSON(w, v)
	}
	if !v.Signed {
		_, err := fmt.Fprintln(w, terminal.Line(v.File+": "+v.Problem))
		return err
	}
	trusted := "yes"
	if !v.Trusted {
		trusted = "no: " + v.Problem
	}
	lines := []string{
		v.File + ": the signature is good",
		"signed by   " + strings.Join(v.Chain, ", issued by "),
		"expires     " + v.NotAfter,
		"trusted     " + trusted,
		"profile     " + v.Name,
		"            " + v.Identifier,
	}
	for _, p := range v.Payloads {
		lines = append(lines, fmt.Sprintf("payload     %-26s %s", p.Type, p.Name))
	}
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(terminal.Line(line) + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}
