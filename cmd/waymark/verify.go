package main

import (
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/dialect/mobileconfig"
	"github.com/waymark-mail/waymark/internal/sign"
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
			der, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			v := verdictOf(args[0], der, roots)
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

// readRoots returns nil without a file, for the roots of this machine.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
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
		return printJSON(w, v)
	}
	if !v.Signed {
		_, err := fmt.Fprintf(w, "%s: %s\n", v.File, v.Problem)
		return err
	}
	trusted := "yes"
	if !v.Trusted {
		trusted = "no: " + v.Problem
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: the signature is good\n", v.File)
	fmt.Fprintf(&text, "signed by   %s\n", strings.Join(v.Chain, ", issued by "))
	fmt.Fprintf(&text, "expires     %s\n", v.NotAfter)
	fmt.Fprintf(&text, "trusted     %s\n", trusted)
	fmt.Fprintf(&text, "profile     %s\n            %s\n", v.Name, v.Identifier)
	for _, p := range v.Payloads {
		fmt.Fprintf(&text, "payload     %-26s %s\n", p.Type, p.Name)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
