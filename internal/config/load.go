package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/waymark-mail/waymark/internal/files"
)

// Load reads the settings file at path, and the files that it includes. It returns
// what Parse returns.
func Load(path string, env Environment) (*Config, Findings) {
	return withoutErrors(LoadForCheck(path, env))
}

// LoadForCheck is Load for checks that continue when there are errors: see
// ParseForCheck.
func LoadForCheck(path string, env Environment) (*Config, Findings) {
	data, err := readSettings(path, MaxSettingsFile)
	if err != nil {
		return nil, Findings{{File: path, Text: "the settings file " + err.Error()}}
	}
	return load(path, data, env, true, partSize)
}

// readSettings reads a file of at most this many octets. It returns one more of a
// larger one, so that parse reports it.
func readSettings(path string, most int64) ([]byte, error) {
	data, err := files.Head(path, most+1)
	if err == nil {
		return data, nil
	}
	return nil, unreadableFile(err)
}

// unreadableFile leaves out the path, which every finding has already.
func unreadableFile(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// Parse reads a settings file from memory, which cannot include others. name is the
// file name in findings; relative paths in the file start in its directory. The
// Config is nil when there are errors; a Config can come with warnings.
func Parse(name string, data []byte, env Environment) (*Config, Findings) {
	return withoutErrors(ParseForCheck(name, data, env))
}

// ParseForCheck is Parse, but if there are errors it returns a Config of the parts
// without errors: the certificates, providers, domains and sources that can be
// checked further. The Config is nil when the file cannot be read at all.
func ParseForCheck(name string, data []byte, env Environment) (*Config, Findings) {
	return load(name, data, env, false, partSize)
}

func withoutErrors(cfg *Config, findings Findings) (*Config, Findings) {
	if findings.HasErrors() {
		return nil, findings
	}
	return cfg, findings
}

func load(name string, data []byte, env Environment, onDisk bool, partSize int) (*Config, Findings) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, Findings{{File: name, Text: "the folder of the settings file cannot be determined: " + err.Error()}}
	}
	r := &reader{
		env: env, onDisk: onDisk, partSize: partSize,
		wrong: map[string]bool{}, references: map[[2]string]reference{}, files: []string{path},
	}
	cfg := r.config(&document{name: name, dir: filepath.Dir(path), lines: countLines(data)}, data)
	if r.whole {
		if env.Within != nil {
			env.Within(math.MaxInt64)
		}
		return load(name, data, env, onDisk, 0)
	}
	r.findings.Sort(name)
	if cfg != nil {
		cfg.Files = slices.Clone(r.files)
		r.removeWrong(cfg)
	}
	return cfg, r.findings
}

// removeWrong removes the blocks that have an error.
func (r *reader) removeWrong(cfg *Config) {
	if cfg.TLS != nil {
		cfg.TLS.Files = slices.DeleteFunc(cfg.TLS.Files, func(f TLSFiles) bool { return r.wrongBelow(f.Key) })
	}
	if a := acmeOf(cfg); a != nil && a.Storage != nil && (a.Storage.SQL == nil || r.wrongBelow("tls.acme.storage")) {
		a.Storage = nil
	}
	if r.wrongBelow("signing") {
		cfg.Signing = nil
	}
	maps.DeleteFunc(cfg.Identities, func(key string, _ *Signing) bool { return r.wrongBelow(key) })
	cfg.Directory = slices.DeleteFunc(cfg.Directory, func(s Source) bool { return r.wrongBelow(s.Key) })
}

func acmeOf(cfg *Config) *ACME {
	if cfg.TLS == nil {
		return nil
	}
	return cfg.TLS.ACME
}

// wrongBelow reports whether a key, or one below it, has an error.
func (r *reader) wrongBelow(path string) bool {
	for key := range r.wrong {
		if rest, ok := strings.CutPrefix(key, path); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

// root parses a document that is not empty; the node is nil when it cannot be read.
func (r *reader) root(d *document, data []byte) value {
	root := r.parse(d, data)
	switch {
	case root == nil:
		return value{}
	case root.Kind == yaml.ScalarNode && root.Tag == "!!null":
		r.report(d, 0, 0, "", "the file is empty; see docs/configuration.md for the keys")
		return value{}
	}
	return value{doc: d, node: follow(root)}
}

// config reads the whole file. The result is valid only if r has no errors.
func (r *reader) config(d *document, data []byte) *Config {
	v := r.root(d, data)
	if v.node == nil {
		return nil
	}
	f := file{Config: defaults(), providers: map[string]*provider{}}
	if readBlock(r, v, fileFields(), &f) {
		r.blocks(v, &f)
	}
	r.checkListeners(v, f.Config)
	r.checkProxies(v, f.Config)
	r.checkOps(v, f.Config)
	r.checkVerifyPrivate(v, f.Config)
	r.checkDoctor(v, f.Config)
	r.checkLoginsAreSeen(v, f.Config)
	r.checkRedirects(f.Config)
	r.checkOrdered(f.Config)
	r.checkCertificateStorage(f.Config)
	f.Identities, f.AppPasswords = r.identities, r.appPasswords
	r.checkAppPasswords(f.Config)
	return f.Config
}

// blocks reads what the settings file and the files that it includes have in common,
// in the order in which they depend on each other.
func (r *reader) blocks(root value, f *file) {
	for _, v := range f.blocks.providers {
		readProviders(r, v, f)
	}
	if f.blocks.directory.node != nil {
		readDirectory(r, f.blocks.directory, f)
	}
	defer r.checkLoginsFrom(root, f)
	if len(f.blocks.domains) > 0 {
		readDomains(r, f.blocks.domains, f)
	} else if len(f.Directory) == 0 && !r.wrong["domains"] && !r.wrong["directory"] && (r.errors == 0 || f.Included == nil) { // else an included file may have them
		r.warn(root.at("domains"), "%s", answersNobody)
	}
}
