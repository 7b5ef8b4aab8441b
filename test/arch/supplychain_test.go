package arch

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
)

var update = flag.Bool("update", false, "rewrite the list of modules")

// found returns the files with a name, except in folders that are installed or built.
func found(t *testing.T, name string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", "node_modules", "testdata", "dist"}, d.Name()) {
			return filepath.SkipDir
		}
		if d.Name() == name {
			all = append(all, path)
		}
		return nil
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("there is no %s: %v", name, err)
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestModulesArePinned requires every module to come from its own repository, with
// the hash in go.sum, which every download is compared with.
func TestModulesArePinned(t *testing.T) {
	for _, file := range found(t, "go.mod") {
		mod := read(t, file)
		sums := strings.Split(read(t, strings.TrimSuffix(file, "mod")+"sum"), "\n")
		if m := regexp.MustCompile(`(?m)^\s*(replace|exclude)\b.*$`).FindString(mod); m != "" {
			t.Errorf("%s: %s", file, m)
		}
		required := regexp.MustCompile(`(?m)^(?:require |\t)(\S+\.\S+/\S+|\S+\.\w+) (v\S+)( // indirect)?$`).FindAllStringSubmatch(mod, -1)
		if len(required) < 10 {
			t.Errorf("%s requires only %d modules", file, len(required))
		}
		for _, m := range required {
			hash := m[1] + " " + m[2] + "/go.mod h1:"
			if !slices.ContainsFunc(sums, func(line string) bool { return strings.HasPrefix(line, hash) }) {
				t.Errorf("%s: go.sum has no hash of %s %s", file, m[1], m[2])
			}
		}
	}
}

// TestModulesAreUnchanged compares the downloaded modules with their hashes.
func TestModulesAreUnchanged(t *testing.T) {
	programs.OnlyInTestAll(t, "reads every module that was downloaded")
	t.Parallel()
	cmd := exec.Command("go", "mod", "verify")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "all modules verified\n" {
		t.Errorf("%v: %s", err, out)
	}
}

// TestWhatShips compares the modules in the binary, indirect ones included, and
// those of the tests with a list that somebody has reviewed: their versions, ages
// and licences.
func TestWhatShips(t *testing.T) {
	t.Parallel()
	const page, heading = "../../docs/decisions/dependencies.md", "| module | version | released | licence |\n|---|---|---|---|\n"
	const row = "{{.Path}} {{.Version}} {{.Dir}} {{.Time.Format \"2006-01-02\"}}"
	list := func(args ...string) []string {
		cmd := exec.Command("go", append([]string{"list"}, args...)...)
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(out)), "\n")
	}
	modules := append(list("-deps", "-f", "{{with .Module}}{{if not .Main}}"+row+"{{end}}{{end}}", "./cmd/waymark"),
		list("-m", "-f", "{{if not (or .Main .Indirect)}}"+row+"{{end}}", "all")...)
	slices.Sort(modules)
	var got strings.Builder
	for _, m := range slices.Compact(modules) {
		if fields := strings.Fields(m); len(fields) == 4 {
			fmt.Fprintf(&got, "| `%s` | %s | %s | %s |\n", fields[0], fields[1], fields[3], licenceOf(t, fields[2]))
		}
	}
	before, want, found := strings.Cut(read(t, page), heading)
	if !found {
		t.Fatalf("%s has no table of modules", page)
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+heading+got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got.String() != want {
		t.Errorf("the modules are\n%s\n%s lists\n%s\nReview the difference, then run this test with -update", &got, page, want)
	}
}

// licenceOf returns the licence of the module in a folder. All of them allow
// distributing the binary with their texts, which a release includes.
func licenceOf(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "LICEN[CS]E*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no licence in %s: %v", folder, err)
	}
	text := strings.Join(strings.Fields(read(t, files[0])), " ")
	for _, known := range [][2]string{
		{"Apache License Version 2.0", "Apache-2.0"},
		{"Mozilla Public License Version 2.0", "MPL-2.0"},
		{"Mozilla Public License, version 2.0", "MPL-2.0"},
		{"Permission is hereby granted, free of charge", "MIT"},
		{"Neither the name of", "BSD-3-Clause"},
		{"may be used to endorse", "BSD-3-Clause"},
		{"released into the public domain with CC0 1.0", "CC0-1.0"},
		{"Redistribution and use in source and binary forms", "BSD-2-Clause"},
	} {
		if strings.Contains(text, known[0]) {
			return known[1]
		}
	}
	t.Errorf("unknown licence in %s", files[0])
	return ""
}

// TestNothingRunsWhenInstalled requires every npm package of the tests to be pinned
// by hash, and none to run a script when it is installed.
func TestNothingRunsWhenInstalled(t *testing.T) {
	for _, file := range found(t, "package-lock.json") {
		var lock struct {
			LockfileVersion int
			Packages        map[string]struct {
				Version, Integrity string
				Dependencies       map[string]string
				HasInstallScript   bool
			}
		}
		if err := json.Unmarshal([]byte(read(t, file)), &lock); err != nil {
			t.Fatal(err)
		}
		if lock.LockfileVersion != 3 || len(lock.Packages) < 2 {
			t.Errorf("%s: version %d with %d packages", file, lock.LockfileVersion, len(lock.Packages))
		}
		for name, p := range lock.Packages {
			if name != "" && !strings.HasPrefix(p.Integrity, "sha512-") {
				t.Errorf("%s: %s has no hash", file, name)
			}
			if p.HasInstallScript {
				t.Errorf("%s: %s has an install script", file, name)
			}
		}
		for name, version := range lock.Packages[""].Dependencies {
			if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
				t.Errorf("%s: %s is not pinned: %s", file, name, version)
			}
		}
	}
	for _, file := range found(t, "package.json") {
		if strings.Contains(read(t, file), `"scripts"`) {
			t.Errorf("%s has scripts", file)
		}
	}
	for file, install := range map[string]string{
		"../browser/node_test.go": `npm, "ci".*`,
		"../../.ci/run":           `npm install.*`,
	} {
		if m := regexp.MustCompile(install).FindString(read(t, file)); !strings.Contains(m, "--ignore-scripts") {
			t.Errorf("%s does not pass --ignore-scripts to npm: %q", file, m)
		}
	}
}
