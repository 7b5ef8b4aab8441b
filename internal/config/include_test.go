package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/waymark-mail/waymark/internal/files"
)

// folder writes files, each after its folder, into a new folder and returns it.
func folder(t *testing.T, content map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range content {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	services = "services: [{protocol: imap, host: mail.example.com}, {protocol: submission, host: mail.example.com}]"
	mainFile = "include: conf.d/*.yaml\nproviders:\n  mine: {" + services + "}\n"
)

// TestInclude reads one file for each customer, and what editors, Kubernetes and
// customers leave beside them.
func TestInclude(t *testing.T) {
	dir := folder(t, map[string]string{
		"waymark.yaml":         mainFile + "domains:\n  first.example: {provider: theirs}\n",
		"conf.d/b.yaml":        "domains:\n  b.example: {provider: mine}\n  alias.example: {alias_of: a.example}\n",
		"conf.d/a.yaml":        "providers: {theirs: {name: \"${file:name}\", brand: {logo: logo.svg}, " + services + "}}\ndomains: {a.example: {provider: theirs}}\n",
		"conf.d/name":          "Their Mail\n",
		"conf.d/logo.svg":      "<svg xmlns='http://www.w3.org/2000/svg'/>",
		"conf.d/.b.yaml":       "half",
		"conf.d/c.yaml~":       "half",
		"conf.d/..data/x.yaml": "half",
	})
	cfg, findings := Load(filepath.Join(dir, "waymark.yaml"), Environment{ReadFile: os.ReadFile})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	if len(cfg.Domains) != 4 || cfg.Domains["alias.example"].Provider != cfg.Providers[1] || cfg.Domains["first.example"].Provider != cfg.Providers[1] || cfg.Providers[1].Name != "Their Mail" {
		t.Errorf("have %s", dump(t, cfg))
	}
	if want := []files.Pattern{{Dir: filepath.Join(dir, "conf.d"), Name: "*.yaml"}}; !reflect.DeepEqual(cfg.Included, want) {
		t.Errorf("have %v, want %v", cfg.Included, want)
	}
	if want := []string{filepath.Join(dir, "waymark.yaml"), filepath.Join(dir, "conf.d", "name"), filepath.Join(dir, "conf.d", "logo.svg")}; !reflect.DeepEqual(cfg.Files, want) {
		t.Errorf("have %v, want %v", cfg.Files, want)
	}
}

// TestIncludeFindings names the file, the line and the key of each error.
func TestIncludeFindings(t *testing.T) {
	const ok = "domains: {ok.example: {provider: mine}}\n"
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"errors in each file": {map[string]string{
			"waymark.yaml": mainFile + "lisen: x\n", "conf.d/a.yaml": "domains:\n\n  a.example: {provider: his}\n", "conf.d/b.yaml": "domains: [\n",
		}, "waymark.yaml:4: unknown key lisen; did you mean listen?|conf.d/a.yaml:3: domains.a.example.provider: unknown provider his; known: mine|conf.d/b.yaml:1: not valid YAML: "},
		"keys of the settings file": {map[string]string{
			"waymark.yaml": mainFile, "conf.d/a.yaml": ok + "listen: \":80\"\ninclude: more/*.yaml\n",
		}, "conf.d/a.yaml:2: listen is not a key of an included file; its keys are providers, domains|conf.d/a.yaml:3: include is not a key of an included file; its keys are providers, domains"},
		"a domain in two files": {map[string]string{
			"waymark.yaml": mainFile, "conf.d/a.yaml": "\ndomains: {twice.example: {provider: mine}}\n", "conf.d/b.yaml": "domains:\n  TWICE.example: {provider: mine}\n",
		}, "conf.d/b.yaml:2: domains.TWICE.example: duplicate domain, first listed in conf.d/a.yaml on line 2, spelt twice.example"},
		"a provider in two files": {map[string]string{
			"waymark.yaml": mainFile, "conf.d/a.yaml": ok + "providers:\n  mine: {" + services + "}\n",
		}, "conf.d/a.yaml:3: providers.mine: duplicate provider, first listed in waymark.yaml on line 3"},
		"an unused provider": {map[string]string{
			"waymark.yaml": mainFile, "conf.d/a.yaml": ok + "providers:\n  spare: {" + services + "}\n",
		}, "conf.d/a.yaml:3: warning: providers.spare: no domain uses this provider"},
		"a file that was emptied": {map[string]string{"waymark.yaml": mainFile, "conf.d/a.yaml": ok, "conf.d/b.yaml": ""},
			"conf.d/b.yaml: the file is empty; see docs/configuration.md for the keys"},
		"no file yet": {map[string]string{"waymark.yaml": mainFile + ok, "conf.d/a.yaml.example": ""},
			"waymark.yaml:1: warning: include: matches no file"},
		"no folder": {map[string]string{"waymark.yaml": mainFile + ok},
			"waymark.yaml:1: include: the folder cannot be read: no such file or directory"},
		"one file that does not exist": {map[string]string{"waymark.yaml": "include: [a.yaml, b.yaml]\n" + mainFile[len("include: conf.d/*.yaml\n"):], "a.yaml": ok},
			"waymark.yaml:1: include[1]: the file does not exist"},
		"the settings file itself": {map[string]string{"waymark.yaml": "include: \"*.yaml\"\n" + mainFile[len("include: conf.d/*.yaml\n"):] + ok},
			"waymark.yaml:1: include: matches the settings file itself; move the files to include to a folder of their own"},
		"a folder that matches": {map[string]string{"waymark.yaml": mainFile + ok, "conf.d/a.yaml/x": ""},
			"conf.d/a.yaml: the file cannot be read: is a directory, not a regular file; it is included in waymark.yaml on line 1"},
		"folders as a pattern": {map[string]string{"waymark.yaml": "include: \"*/a.yaml\"\n" + mainFile[len("include: conf.d/*.yaml\n"):] + ok},
			"waymark.yaml:1: include: only the last part of the path may be a pattern"},
		"no pattern": {map[string]string{"waymark.yaml": "include: [\"a[\", conf.d/, {}]\n" + mainFile[len("include: conf.d/*.yaml\n"):] + ok},
			`waymark.yaml:1: include[0]: must be a pattern of file names such as conf.d/*.yaml, is the text "a["|waymark.yaml:1: include[1]: must be a pattern of file names such as conf.d/*.yaml, is the text "conf.d/"|waymark.yaml:1: include[2]: must be a text, is a block of keys`},
		"too large together": {map[string]string{"waymark.yaml": mainFile, "conf.d/b.yaml": "#" + strings.Repeat("x", 16<<20-len(ok)-2) + "\n" + ok, "conf.d/c.yaml": "domains: {c.example: {provider: mine}}\n"},
			"conf.d/b.yaml: the settings file and those that it includes are larger than 16 MiB; keep the domains in a database or a directory"},
		"too deep": {map[string]string{"waymark.yaml": mainFile, "conf.d/a.yaml": "domains: " + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + "\n"},
			"conf.d/a.yaml:1: blocks and lists are nested deeper than 32 levels"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(folder(t, tc.files))
			_, findings := Load("waymark.yaml", Environment{})
			got := strings.Split(strings.TrimSuffix(lines(findings), "\n"), "\n")
			want := strings.Split(tc.want, "|")
			if len(got) != len(want) {
				t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			for i := range want {
				if !strings.HasPrefix(got[i], want[i]) {
					t.Errorf("got %s, want %s", got[i], want[i])
				}
			}
		})
	}
}

func TestIncludedFilesAreRegular(t *testing.T) {
	dir := folder(t, map[string]string{"waymark.yaml": mainFile, "conf.d/z.yaml": "domains: {z.example: {provider: mine}}\n"})
	if err := syscall.Mkfifo(filepath.Join(dir, "conf.d", "a.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "waymark.yaml")
	_, findings := Load(path, Environment{})
	want := fmt.Sprintf("%s/conf.d/a.yaml: the file cannot be read: is a pipe, not a regular file; it is included in %s on line 1\n", dir, path)
	if got := lines(findings); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestOnlyFilesInclude: what is parsed from memory has no folder.
func TestOnlyFilesInclude(t *testing.T) {
	_, findings := Parse("waymark.yaml", []byte(mainFile+"domains: {example.com: {provider: mine}}\n"), Environment{ReadFile: os.ReadFile})
	if got, want := lines(findings), "waymark.yaml:1: include: files cannot be read here\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
