package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/waymark-mail/waymark/internal/files"
)

// Load reads the settings file at path. It returns what Parse returns.
func Load(path string, env Environment) (*Config, Findings) {
	data, err := readSettings(path)
	if err != nil {
		return nil, Findings{{File: path, Text: err.Error()}}
	}
	return Parse(path, data, env)
}

func readSettings(path string) ([]byte, error) {
	// One byte more than allowed, so that Parse reports a file that is too large.
	data, err := files.Head(path, maxSettingsFile+1)
	if err == nil {
		return data, nil
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // every finding names the file already
	}
	return nil, fmt.Errorf("the settings file can't be read: %w", err)
}

// Parse reads a settings file from memory. name is the file name in findings;
// relative paths in the file start in its directory. The Config is nil when there
// are errors; a Config can come with warnings.
func Parse(name string, data []byte, env Environment) (*Config, Findings) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, Findings{{File: name, Text: "the folder of the settings file can't be told: " + err.Error()}}
	}
	r := &reader{
		file: name, dir: filepath.Dir(path), env: env,
		wrong: map[string]bool{}, references: map[string]reference{}, files: []string{path},
	}
	cfg := r.config(data)
	if len(r.findings) > 0 {
		last := linesOf(data)
		for i, f := range r.findings {
			r.findings[i].Line = min(f.Line, last) // the library puts a value that is missing at the end below it
		}
	}
	r.findings.sort()
	if r.findings.HasErrors() {
		return nil, r.findings
	}
	cfg.Files = slices.Clone(r.files)
	return cfg, r.findings
}

// config reads the whole file. The result is valid only if r has no errors.
func (r *reader) config(data []byte) *Config {
	root := r.parse(data)
	if root == nil {
		return nil
	}
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		r.report(0, 0, "", "the file is empty; see docs/configuration.md for the keys")
		return nil
	}
	f := file{Config: defaults(), providers: map[string]*provider{}}
	v := value{node: follow(root)}
	if readBlock(r, v, fileFields(), &f) && !v.has("domains") && len(f.Directory) == 0 {
		r.warn(v.at("domains"), "%s", answersNobody)
	}
	r.checkListeners(v, f.Config)
	r.checkVerifyPrivate(v, f.Config)
	r.checkLoginsAreSeen(v, f.Config)
	return f.Config
}
