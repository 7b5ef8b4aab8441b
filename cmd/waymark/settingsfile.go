package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waymark-mail/waymark/examples"
	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/service"
	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/internal/terminal"
)

// usualFiles are tried in this order without --config.
var usualFiles = [...]string{"waymark.yaml", "/etc/waymark/waymark.yaml"}

// settingsFile is the settings file of one command.
type settingsFile struct {
	path string // "" for the embedded example, once find has returned
	env  config.Environment
}

// configFlag adds -c to a command. Its value is known when the command runs.
func configFlag(cmd *cobra.Command, env environment) *settingsFile {
	f := &settingsFile{env: config.Environment{Getenv: env.getenv, ReadFile: config.ReadFile}}
	cmd.Flags().StringVarP(&f.path, "config", "c", "", "read the settings from `FILE` (default: waymark.yaml, /etc/waymark/waymark.yaml or the embedded example, in this order)")
	return f
}

// find picks the first of usualFiles that exists, unless --config names one.
func (f *settingsFile) find() error {
	if f.path != "" {
		return nil
	}
	for _, path := range usualFiles {
		_, err := os.Stat(path)
		if err == nil {
			f.path = path
			return nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot look for a settings file: %w", err)
		}
	}
	return nil
}

// embedded reports whether no settings file was found.
func (f *settingsFile) embedded() bool { return f.path == "" }

// name is how messages call the file.
func (f *settingsFile) name() string {
	if f.embedded() {
		return "the embedded example"
	}
	return f.path
}

// read reads and checks the settings.
func (f *settingsFile) read() (*config.Config, config.Findings) {
	if f.embedded() {
		return config.Parse(f.name(), examples.Infomaniak(), f.env)
	}
	return config.Load(f.path, f.env)
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
