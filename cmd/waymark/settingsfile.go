package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/waymark-mail/waymark/examples"
	"github.com/waymark-mail/waymark/internal/config"
)

// usualFiles are where the settings are looked for when no -c names them.
var usualFiles = [...]string{"waymark.yaml", "/etc/waymark/waymark.yaml"}

// settingsFile is where the settings come from.
type settingsFile struct {
	path string // "" for the embedded example
	env  config.Environment
}

// findSettings decides which settings file is used.
func findSettings(flag string, env environment) (settingsFile, error) {
	source := settingsFile{path: flag, env: config.Environment{Getenv: env.getenv, ReadFile: os.ReadFile}}
	if flag != "" {
		return source, nil
	}
	for _, path := range usualFiles {
		_, err := os.Stat(path)
		if err == nil {
			source.path = path
			return source, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return source, fmt.Errorf("cannot tell whether there is a settings file: %w", err)
		}
	}
	return source, nil
}

// embedded reports whether no settings file was found.
func (s settingsFile) embedded() bool { return s.path == "" }

// load reads and checks the settings.
func (s settingsFile) load() (*config.Config, config.Findings) {
	if s.embedded() {
		return config.Parse("the embedded example", examples.Infomaniak(), s.env)
	}
	return config.Load(s.path, s.env)
}

// mustLoad returns the settings, or, when they have errors, all findings as
// one error.
func (s settingsFile) mustLoad() (*config.Config, error) {
	cfg, findings := s.load()
	if findings.HasErrors() {
		return nil, settingsError{findings}
	}
	return cfg, nil
}

// settingsError says everything that is wrong with the settings at once.
type settingsError struct{ findings config.Findings }

func (e settingsError) Error() string {
	var text strings.Builder
	text.WriteString("the settings cannot be used")
	for _, f := range e.findings {
		text.WriteString("\n  ")
		text.WriteString(f.String())
	}
	return text.String()
}

// name is how messages call the file.
func (s settingsFile) name() string {
	if s.embedded() {
		return "the embedded example"
	}
	return s.path
}
