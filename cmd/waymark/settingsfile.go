package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/examples"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/files"
	"github.com/waymark-mail/waymark/internal/memory"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/terminal"
)

// settingsFile is the settings file of one command.
type settingsFile struct {
	path    string
	example bool // the embedded example, instead of a file
	usual   []string
	limit   int64 // of the memory of the process, in bytes; 0 for none
	env     config.Environment

	stdin io.Reader
	typed []byte // what standard input had, with --config -
}

// standardInput is the path for settings from standard input.
const standardInput = "-"

// configFlag adds -c to a command. Its value is known when the command runs.
func configFlag(cmd *cobra.Command, env environment) *settingsFile {
	f := &settingsFile{usual: env.usualFiles, stdin: env.stdin, limit: memory.Limit()}
	f.env = config.Environment{Getenv: env.getenv, ReadFile: config.ReadFile, Memory: f.limit / 4 * 3}
	cmd.Flags().StringVarP(&f.path, "config", "c", "", "read the settings from `FILE`, or from standard input if it is - (default: waymark.yaml, else /etc/waymark/waymark.yaml)")
	return f
}

// find picks the first of the usual files that exists, unless --config names one,
// and makes sure that it can be read.
func (f *settingsFile) find() error {
	if f.example {
		return nil
	}
	for i := 0; f.path == "" && i < len(f.usual); i++ {
		_, err := os.Lstat(f.usual[i])
		if err == nil {
			f.path = f.usual[i]
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot look for a settings file: %w", err)
		}
	}
	if f.path == "" {
		return noSettingsFile(f.usual)
	}
	if f.path == standardInput {
		var err error
		f.typed, err = io.ReadAll(io.LimitReader(f.stdin, config.MaxSettingsFile+1))
		return err
	}
	_, err := files.Head(f.path, 0)
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("cannot read the settings file %s: %w", f.path, failed.Err)
	}
	return err
}

func noSettingsFile(places []string) error {
	var absolute []string
	for _, place := range places {
		if path, err := filepath.Abs(place); err == nil {
			place = path
		}
		absolute = append(absolute, place)
	}
	return fmt.Errorf("no settings file: neither %s exists; name yours with --config, or run \"waymark serve --example\" to try Waymark", strings.Join(absolute, " nor "))
}

// name is how messages call the file.
func (f *settingsFile) name() string {
	switch {
	case f.example:
		return "the embedded example"
	case f.path == standardInput:
		return "standard input"
	}
	return f.path
}

// read reads and checks the settings.
func (f *settingsFile) read() (*config.Config, config.Findings) {
	switch {
	case f.example:
		return config.Parse(f.name(), examples.Infomaniak(), f.env)
	case f.path == standardInput: // a reload reads the same again
		return config.Parse(f.name(), f.typed, f.env)
	}
	return config.Load(f.path, f.env)
}

// readSparingly is read at the start, when nothing else needs memory. What it leaves is
// collected earlier than usual until ready is called: a large file takes a third less.
func (f *settingsFile) readSparingly() (cfg *config.Config, findings config.Findings, ready func()) {
	within := memory.Within()
	f.env.Within = within
	cfg, findings = f.read()
	f.env.Within = nil
	return cfg, findings, func() { within(math.MaxInt64) }
}

// readForCheck is like read, but if there are errors it returns the parts of the settings that have none.
func (f *settingsFile) readForCheck() (*config.Config, config.Findings) {
	if f.path == standardInput {
		return config.ParseForCheck(f.name(), f.typed, f.env)
	}
	return config.LoadForCheck(f.path, f.env)
}

// load finds and reads the settings, and returns all findings as one error
// when there is an error among them.
func (f *settingsFile) load() (*config.Config, error) {
	if err := f.find(); err != nil {
		return nil, err
	}
	cfg, findings := f.read()
	if findings.HasErrors() {
		return nil, unusable(findings)
	}
	return cfg, nil
}

// resolve loads the settings and answers one query from them.
func (f *settingsFile) resolve(ctx context.Context, q settings.Query) (*config.Config, settings.Settings, error) {
	cfg, err := f.load()
	if err != nil {
		return nil, settings.Settings{}, err
	}
	found, err := service.Resolve(ctx, cfg, q)
	if err != nil {
		return nil, settings.Settings{}, fmt.Errorf("%s: %w", q.Domain, err)
	}
	return cfg, found, nil
}

// unusable is the error that lists every finding in the settings.
func unusable(findings config.Findings) error {
	var text strings.Builder
	text.WriteString("the settings cannot be used")
	for _, f := range findings {
		text.WriteString("\n  " + terminal.Line(f.String()))
	}
	return errors.New(text.String())
}
