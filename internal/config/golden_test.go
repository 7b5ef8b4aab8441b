package config

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/settings"
)

// secret is what references stand for in the tests. No finding may hold it.
const (
	secret       = "s3cr3t {\"} value"
	secretDomain = "s3cr3t.example"
)

// testEnvironment knows a few variables and files, whatever the machine has.
func testEnvironment() Environment {
	variables := map[string]string{
		"SECRET": secret, "BINARY": "\x00\xff", "EMPTY": "", "HOST": "mail.example.com", "DOMAIN": secretDomain,
		"IMAP": "imap", "SUBMISSION": "submission", "TLS": "tls", "STARTTLS": "starttls",
		"PORT": "993", "PORT_25": "25", "NUMBER": "120", "TRUE": "true", "PROVIDER": "plain", "PORT_SUBMISSION": "465",
		"WAIT": "10s", "EAB": strings.Repeat("e", minSecret), "KEY": "0123456789abcdef0123456789abcdef",
	}
	files := map[string]string{
		"two-lines": "one\ntwo\n", "large": strings.Repeat("x", maxReferencedFile+1),
		"organization": "Example Ltd\n", "secret": secret + "\r\n",
		"long": strings.Repeat("k", 40) + "\n", "logo.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>", "dark.svg": "<svg fill='white'/>", "logo.jpg": "\xff\xd8", "large.svg": "<svg>" + strings.Repeat(" ", settings.MaxLogo),
	}
	return Environment{
		Getenv: func(name string) (string, bool) {
			v, ok := variables[name]
			return v, ok
		},
		ReadFile: func(path string) ([]byte, error) {
			if !filepath.IsAbs(path) {
				return nil, errors.New("the path is not absolute")
			}
			v, ok := files[filepath.Base(path)]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
			}
			return []byte(v), nil
		},
	}
}

func rules(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata/%s: %v", folder, err)
	}
	return files
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var update = flag.Bool("update", false, "write the findings into the golden files instead of comparing them")

func lines(findings Findings) string {
	var all strings.Builder
	for _, f := range findings {
		all.WriteString(f.String() + "\n")
	}
	return all.String()
}

// parseGolden parses a file and compares the findings with the .txt file beside
// it, line by line.
func parseGolden(t *testing.T, path string) (*Config, Findings) {
	t.Helper()
	cfg, findings := Parse(filepath.Base(path), read(t, path), testEnvironment())
	have := lines(findings)
	golden := strings.TrimSuffix(path, "yaml") + "txt"
	if *update {
		if err := os.WriteFile(golden, []byte(have), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(read(t, golden)); have != want {
		t.Errorf("have findings\n%s\nwant\n%s", have, want)
	}
	return cfg, findings
}

func TestInvalidFiles(t *testing.T) {
	for _, path := range rules(t, "invalid") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			cfg, findings := parseGolden(t, path)
			if !findings.HasErrors() || cfg != nil {
				t.Errorf("have config %v and errors %v, want errors and no config", cfg, findings.HasErrors())
			}
		})
	}
}

func TestDoubtfulFiles(t *testing.T) {
	for _, path := range rules(t, "warning") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			cfg, findings := parseGolden(t, path)
			if findings.HasErrors() || len(findings) == 0 || cfg == nil {
				t.Errorf("have config %v and errors %v, want a config and warnings alone", cfg, findings.HasErrors())
			}
		})
	}
}
