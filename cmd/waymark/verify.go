package main

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/groob/plist"
	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/sign"
)

func verifyCommand(env environment) *cobra.Command {
	var output, rootsFile string
	cmd := &cobra.Command{
		Use:   "verify FILE.mobileconfig",
		Short: "Says who signed a profile and what is in it",
		Long:  "Says who signed a profile, whether this machine trusts the signer, and what the profile sets up.\nEnds with 0 when a device would show it as verified, else with 1.",
		Args:  cobra.ExactArgs(1),
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
			found, err := sign.Verify(der, roots, time.Now())
			if err != nil {
				return unverified(env, output, args[0], err)
			}
			v, err := verdictOf(found)
			if err != nil {
				return unverified(env, output, args[0], err)
			}
			v.File = args[0]
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
	cmd.Flags().StringVar(&rootsFile, "ca-file", "", "trust the certificates of this PEM `FILE` instead of this machine's")
	return cmd
}

func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil // those of this machine
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: holds no certificate in PEM", file)
	}
	return roots, nil
}

// verdict is what verify reports.
type verdict struct {
	File       string          `json:"file"`
	Signed     bool            `json:"signed"`
	Trusted    bool            `json:"trusted"`
	Problem    string          `json:"problem,omitempty"`
	Chain      []string        `json:"chain,omitempty"`
	NotAfter   string          `json:"not_after,omitempty"`
	Name       string          `json:"name,omitempty"`
	Identifier string          `json:"identifier,omitempty"`
	Payloads   []payloadReport `json:"payloads,omitempty"`
}

type payloadReport struct {
	Type       string `json:"type" plist:"PayloadType"`
	Identifier string `json:"identifier" plist:"PayloadIdentifier"`
	Name       string `json:"name,omitempty" plist:"PayloadDisplayName"`
}

// verdictOf puts a good signature and what it covers into words.
func verdictOf(r sign.Report) (verdict, error) {
	var profile struct {
		Name       string          `plist:"PayloadDisplayName"`
		Identifier string          `plist:"PayloadIdentifier"`
		Payloads   []payloadReport `plist:"PayloadContent"`
	}
	if err := plist.Unmarshal(r.Content, &profile); err != nil {
		return verdict{}, fmt.Errorf("is signed, but no profile: %w", err)
	}
	v := verdict{
		Signed:     true,
		Trusted:    r.Trusted == nil,
		Chain:      r.Chain,
		NotAfter:   r.NotAfter.UTC().Format(time.RFC3339),
		Name:       profile.Name,
		Identifier: profile.Identifier,
		Payloads:   profile.Payloads,
	}
	if r.Trusted != nil {
		v.Problem = r.Trusted.Error()
	}
	return v, nil
}

// unverified reports a file whose signature is missing or not good.
func unverified(env environment, output, file string, why error) error {
	if err := printVerdict(env.stdout, output, verdict{File: file, Problem: why.Error()}); err != nil {
		return err
	}
	return errFindings
}

func printVerdict(w io.Writer, output string, v verdict) error {
	if output == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	var text strings.Builder
	if !v.Signed {
		fmt.Fprintf(&text, "%s: %s\n", v.File, v.Problem)
		_, err := io.WriteString(w, text.String())
		return err
	}
	fmt.Fprintf(&text, "%s: the signature is good\n", v.File)
	fmt.Fprintf(&text, "signed by   %s\n", strings.Join(v.Chain, ", issued by "))
	fmt.Fprintf(&text, "expires     %s\n", v.NotAfter)
	if v.Trusted {
		text.WriteString("trusted     yes\n")
	} else {
		fmt.Fprintf(&text, "trusted     no: %s\n", v.Problem)
	}
	fmt.Fprintf(&text, "profile     %s\n            %s\n", v.Name, v.Identifier)
	for _, p := range v.Payloads {
		fmt.Fprintf(&text, "payload     %-26s %s\n", p.Type, p.Name)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
