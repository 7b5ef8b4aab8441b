package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/importer"
)

func importCommand(env environment) *cobra.Command {
	var opts importOptions
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Makes a settings file from the data of another system",
		Long: "Makes a settings file from the data of another system. The file goes to standard output, or to\n" +
			"the one that -O names; what cannot be carried over is listed on standard error. Ends with 0 when\n" +
			"everything is carried over, with 1 when something is not, with 2 when the data cannot be read.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVarP(&opts.file, "output-file", "O", "", "the `FILE` to write; it must not be there yet")
	cmd.PersistentFlags().StringVarP(&opts.format, "output", "o", "text", "the `FORMAT` of the list on standard error: text or json")
	cmd.AddCommand(
		&cobra.Command{
			Use:     "ispdb FILE|FOLDER...",
			Short:   "Imports files of the ISP database of Thunderbird",
			Long:    "Imports files of the ISP database of Thunderbird, and any other autoconfig document (clientConfig,\nversion 1.1). Of a folder, all such files in it are read.",
			Example: "  waymark import ispdb ispdb/ -O waymark.yaml",
			Args:    cobra.MinimumNArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				return opts.run(env, func() (importer.Result, error) { return importer.ISPDB(args) })
			},
		},
		&cobra.Command{
			Use:     "automx2 DATABASE",
			Short:   "Imports the SQLite database of automx2",
			Example: "  waymark import automx2 /var/lib/automx2/db.sqlite -O waymark.yaml",
			Args:    cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return opts.run(env, func() (importer.Result, error) { return importer.Automx2(cmd.Context(), args[0]) })
			},
		},
		&cobra.Command{
			Use:   "autodiscover-email-settings [FILE...]",
			Short: "Imports the environment of the container autodiscover-email-settings",
			Long: "Imports the environment of the container autodiscover-email-settings: from env files, compose files\n" +
				"and systemd units, or without FILE from the environment of this process.",
			Example: "  waymark import autodiscover-email-settings docker-compose.yml -O waymark.yaml",
			RunE: func(_ *cobra.Command, args []string) error {
				return opts.run(env, func() (importer.Result, error) {
					return importer.AutodiscoverEmailSettings(args, env.getenv)
				})
			},
		},
	)
	return cmd
}

// importOptions are the flags of every import.
type importOptions struct {
	file   string // "" for standard output
	format string // of the notes
}

// run imports, and prints the notes whatever comes of it.
func (o importOptions) run(env environment, read func() (importer.Result, error)) error {
	if err := checkOutput(o.format); err != nil {
		return err
	}
	// Said before the work is done, and made sure of when the file is written.
	if _, err := os.Lstat(o.file); o.file != "" && err == nil {
		return fileExists(o.file)
	}
	result, err := read()
	if err != nil && !errors.Is(err, importer.ErrNothing) {
		return err
	}
	if noteErr := o.printNotes(env, result); noteErr != nil || err != nil {
		return errors.Join(err, noteErr)
	}
	if err := o.write(env, result.Settings); err != nil {
		return err
	}
	if slices.ContainsFunc(result.Notes, func(n importer.Note) bool { return !n.Hint }) {
		return errFindings
	}
	return nil
}

// write puts the settings file where it is wanted. One that is there already
// may be the work of years, and stays.
func (o importOptions) write(env environment, settings []byte) error {
	if o.file == "" {
		_, err := env.stdout.Write(settings)
		return err
	}
	f, err := os.OpenFile(o.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // the service that reads it runs as another user
	if errors.Is(err, fs.ErrExist) {
		return fileExists(o.file)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(settings)
	return errors.Join(err, f.Close())
}

func fileExists(name string) error {
	return fmt.Errorf("%s is there already; name another file, or move it away", name)
}

// importReport is the JSON form of what an import prints.
type importReport struct {
	Providers int             `json:"providers"`
	Domains   int             `json:"domains"`
	Notes     []importer.Note `json:"notes"`
}

func (o importOptions) printNotes(env environment, r importer.Result) error {
	if o.format == "json" {
		enc := json.NewEncoder(env.stderr)
		enc.SetIndent("", "  ")
		return enc.Encode(importReport{r.Providers, r.Domains, append([]importer.Note{}, r.Notes...)}) // an empty list, not null
	}
	lost := 0
	for _, n := range r.Notes {
		if !n.Hint {
			lost++
		}
		if _, err := fmt.Fprintln(env.stderr, n); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(env.stderr, "imported: %d providers, %d domains; not carried over: %d, hints: %d\n", r.Providers, r.Domains, lost, len(r.Notes)-lost)
	return err
}
