package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
)

func inviteCommand(env environment) *cobra.Command {
	var output string
	var valid time.Duration
	cmd := &cobra.Command{
		Use:     "invite ADDRESS",
		Short:   "Make a link that opens the set-up page for an address",
		Long:    "Make a link that opens the set-up page with an address filled in, and print it with a QR code.\nThe server needs pages.url and pages.keys in its settings, nothing else. Whoever has the link sees the\naddress and the public settings, but no mail.",
		Example: "  waymark invite anna@example.com --expires 168h",
		Args:    arguments(1, 1),
	}
	source := configFlag(cmd, env)
	outputFlag(cmd, &output)
	cmd.Flags().DurationVar(&valid, "expires", service.DefaultInvitation, "let the link expire after `DURATION`, such as 168h")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(output); err != nil {
			return err
		}
		a, err := address.Parse(args[0])
		if err != nil {
			return err
		}
		cfg, _, err := source.resolve(cmd.Context(), settings.Query{Domain: a.Domain, Address: a})
		if err != nil {
			return err
		}
		made, err := service.NewInvitation(cfg, a, valid, time.Now())
		if err != nil {
			return err
		}
		if output == "json" {
			return json.NewEncoder(env.stdout).Encode(made)
		}
		_, err = fmt.Fprintf(env.stdout, "%s\nworks until %s\n\n", made.URL, made.Expires.Format(time.RFC3339))
		if err != nil {
			return err
		}
		return drawQR(env.stdout, made.URL)
	}
	return cmd
}

// drawQR draws a code with half blocks, two rows of it in a line of text. It is
// drawn light on dark, as terminals mostly are, inside a frame that readers
// need.
func drawQR(w io.Writer, text string) error {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return err
	}
	const quiet = 2
	size := code.Bounds().Dx()
	light := func(x, y int) bool {
		if x < 0 || y < 0 || x >= size || y >= size {
			return true
		}
		r, _, _, _ := code.At(x, y).RGBA()
		return r != 0
	}
	var out strings.Builder
	for y := -quiet; y < size+quiet; y += 2 {
		for x := -quiet; x < size+quiet; x++ {
			switch upper, lower := light(x, y), light(x, y+1); {
			case upper && lower:
				out.WriteRune('█')
			case upper:
				out.WriteRune('▀')
			case lower:
				out.WriteRune('▄')
			default:
				out.WriteByte(' ')
			}
		}
		out.WriteByte('\n')
	}
	_, err = io.WriteString(w, out.String())
	return err
}
