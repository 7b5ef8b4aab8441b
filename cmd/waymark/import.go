package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/internal/importer"
	"github.com/waymark-mail/waymark/internal/terminal"
)

func importCommand(env environment) *cobra.Command {
	var opts importOptions
	cmd := group(&cobra.Command{
		Use:   "import",
		Short: "Convert the data of another system to a settings file",
		Long: "Convert the data of another system to a settings file. Print it to standard output, or write it to the\n" +
			"file of -O. List what cannot be converted on standard error. Exits with 0 when everything was\n" +
			"converted, with 1 when something was not, and with 2 when the data cannot be read.",
		Example: "  waymark import ispdb ispdb/ -O waymark.yaml",
	})
	cmd.PersistentFlags().StringVarP(&opts.file, "output-file", "O", "", "write the settings to `FILE`, which must not exist")
	cmd.PersistentFlags().StringVarP(&opts.format, "output", "o", "text", "print the list on standard error as `FORMAT`: text or json")
	completeFlag(cmd, "output", "text", "json")
	add := func(below *cobra.Command, read func(ctx context.Context, args []string) (importer.Result, error)) {
		below.RunE = func(cmd *cobra.Command, args []string) error {
			return opts.run(env, func() (importer.Result, error) { return read(cmd.Context(), args) })
		}
		cmd.AddCommand(below)
	}
	add(&cobra.Command{
		Use:     "ispdb FILE|FOLDER...",
		Short:   "Import files of Thunderbird's ISP database",
		Long:    "Import files of Thunderbird's ISP database, and any other autoconfig document (clientConfig,\nversion 1.1). In a folder, all such files are read.",
		Example: "  waymark import ispdb ispdb/ -O waymark.yaml",
		Args:    arguments(1, -1),
	}, func(_ context.Context, args []string) (importer.Result, error) { return importer.ISPDB(args) })
	add(&cobra.Command{
		Use:     "automx2 DATABASE",
		Short:   "Import the SQLite database of automx2",
		Example: "  waymark import automx2 /var/lib/automx2/db.sqlite -O waymark.yaml",
		Args:    arguments(1, 1),
	}, func(ctx context.Context, args []string) (importer.Result, error) {
		return importer.Automx2(ctx, args[0])
	})
	add(&cobra.Command{
		Use:   "autodiscover-email-settings [FILE...]",
		Short: "Import the environment of the container autodiscover-email-settings",
		Long: "Import the environment of the container autodiscover-email-settings. Each FILE has the environment of\n" +
			"one container, as \"docker exec NAME env\" prints it. Without FILE, import the environment of this process.",
		Example: "  waymark import autodiscover-email-settings autodiscover.env -O waymark.yaml",
	}, func(_ context.Context, args []string) (importer.Result, error) {
		return importer.AutodiscoverEmailSettings(args, env.getenv)
	})
	return cmd
}

// importOptions are the flags of every import.
type importOptions struct {
	file   string // "" for standard output
	format string // of the notes
}

// run imports, and prints the notes even when there is nothing to import.
func (o importOptions) run(env environment, read func() (importer.Result, error)) error {
	if err := checkOutput(o.format); err != nil {
		return err
	}
	// Reported before the work is done; write makes sure of it.
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

// write writes the settings file. It never overwrites one, which may be the
// work of years.
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
	return fmt.Errorf("%s exists; name another file, or move it away", name)
}

// importReport is the JSON form of what an import prints.
type importReport struct {
	Providers int             `json:"providers"`
	Domains   int             `json:"domains"`
	Notes     []importer.Note `json:"notes"`
}

func (o importOptions) printNotes(env environment, r importer.Result) error {
	if o.format == "json" {
		return terminal.WriteJSON(env.stderr, importReport{r.Providers, r.Domains, append([]importer.Note{}, r.Notes...)}) // an empty list, not null
	}
	lost := 0
	for _, n := range r.Notes {
		if !n.Hint {
			lost++
		}
		if _, err := fmt.Fprintln(env.stderr, terminal.Line(n.String())); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(env.stderr, "imported: %s, %s; not imported: %d, hints: %d\n", counted(r.Providers, "provider"), counted(r.Domains, "domain"), lost, len(r.Notes)-lost)
	return err
}
