package arch

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/waymark-mail/waymark/"

// mayImport says which packages of ours a package may import. A package that
// is not listed here may not exist: its place in the house is decided first.
var mayImport = map[string][]string{
	"api":                                  {},
	"cmd/waymark":                          {"*"},
	"test/deploy/compose":                  {},
	"test/deploy/container":                {},
	"test/deploy/kubernetes":               {},
	"test/deploy/packages":                 {},
	"test/deploy/prometheus":               {},
	"test/deploy/proxies":                  {},
	"test/deploy/systemd":                  {},
	"test/docs":                            {},
	"examples":                             {},
	"templates":                            {},
	"internal/address":                     {},
	"test/arch":                            {},
	"internal/settings":                    {"internal/address"},
	"internal/settings/settingstest":       {"internal/settings", "internal/address"},
	"internal/config":                      {"internal/settings", "internal/address"},
	"internal/directory":                   {"internal/directory/lookup", "internal/directory/source", "internal/settings", "internal/address"},
	"internal/directory/source":            {"internal/settings", "internal/address"},
	"internal/directory/sqlsource":         {"internal/directory/source", "internal/settings", "internal/address"},
	"test/certtest":                        {"test/programs"},
	"test/databases":                       {"test/programs"},
	"test/files":                           {},
	"test/waymark":                         {"test/files", "test/programs"},
	"test/programs":                        {},
	"internal/directory/ldapsource":        {"internal/directory/source", "internal/settings", "internal/address"},
	"internal/directory/mxsource":          {"internal/directory/source", "internal/settings", "internal/address"},
	"internal/directory/lookup":            {"internal/directory/source", "internal/settings", "internal/address"},
	"internal/dnsrecords":                  {"internal/settings", "internal/address"},
	"cmd/waymark-conformance/checks":       {"internal/dialect/mobileconfig/schema", "internal/sign"},
	"cmd/waymark-conformance":              {"cmd/waymark-conformance/checks", "internal/terminal"},
	"internal/importer":                    {"internal/settings", "internal/address", "internal/i18n"},
	"internal/dialect":                     {"internal/settings", "internal/address"},
	"internal/dialect/mobileconfig":        {"internal/dialect/mobileconfig/schema", "internal/dialect", "internal/settings", "internal/address", "internal/i18n"},
	"internal/dialect/*":                   {"internal/dialect", "internal/settings", "internal/address", "internal/i18n"},
	"internal/page":                        {"internal/invite", "internal/qrcode", "internal/dialect", "internal/settings", "internal/address", "internal/i18n", "templates"},
	"internal/qrcode":                      {},
	"internal/i18n":                        {"templates"},
	"internal/invite":                      {"internal/address"},
	"internal/directory/sqlpreset":         {},
	"test/browser":                         {},
	"internal/clients":                     {"internal/clients/*"},
	"internal/clients/client":              {},
	"internal/clients/markup":              {},
	"internal/clients/pox":                 {"internal/clients/client", "internal/clients/markup"},
	"internal/clients/*":                   {"internal/clients/client", "internal/clients/markup", "internal/clients/pox"},
	"test/openapi":                         {"api"},
	"internal/telemetry":                   {},
	"internal/watch":                       {},
	"internal/passwordcheck":               {"internal/settings"},
	"internal/dialect/mobileconfig/schema": {},
	"test/realclients":                     {},
	"internal/sign":                        {"internal/certs"},
	"internal/certs":                       {},
	"internal/server":                      {"internal/dialect", "internal/settings", "internal/address", "internal/telemetry"},
	"internal/service":                     {"*"},
	"internal/systemd":                     {},
	"internal/terminal":                    {},
	"internal/files":                       {},
}

// homeOf says which packages alone may import a library.
var homeOf = map[string][]string{
	"github.com/go-chi/chi/v5":                    {"internal/server"},
	"github.com/go-chi/httprate":                  {"internal/server"},
	"github.com/groob/plist":                      {"internal/dialect/mobileconfig"},
	"howett.net/plist":                            {"internal/dialect/mobileconfig/schema"},
	"github.com/smallstep/pkcs7":                  {"internal/sign"},
	"github.com/fullsailor/pkcs7":                 {"internal/sign"},
	"github.com/spf13/cobra":                      {"cmd/waymark"},
	"go.yaml.in/yaml/v4":                          {"internal/config", "internal/dnsrecords", "internal/importer"},
	"modernc.org/sqlite":                          {"internal/directory/sqlsource", "internal/importer"},
	"github.com/fsnotify/fsnotify":                {"internal/watch"},
	"github.com/miekg/dns":                        {"internal/dnsrecords", "cmd/waymark-conformance/checks", "internal/directory/mxsource"},
	"github.com/go-ldap/ldap/v3":                  {"internal/directory/ldapsource"},
	"go.uber.org/zap":                             {"internal/telemetry", "internal/server", "internal/service", "cmd/waymark"},
	"github.com/jackc/pgx/v5":                     {"internal/directory/sqlsource"},
	"github.com/jackc/pgx/v5/pgconn":              {"internal/directory/sqlsource"},
	"github.com/jackc/pgx/v5/stdlib":              {"internal/directory/sqlsource", "test/databases"},
	"github.com/go-sql-driver/mysql":              {"internal/directory/sqlsource", "test/databases"},
	"text/template":                               {},
	"html/template":                               {"internal/page"},
	"github.com/coreos/go-systemd/v22/activation": {"internal/systemd"},
	"github.com/coreos/go-systemd/v22/daemon":     {"internal/systemd"},
	"github.com/boombuler/barcode/qr":             {"internal/qrcode"},
	"golang.org/x/crypto/chacha20poly1305":        {"internal/invite"},
	"golang.org/x/net/netutil":                    {"internal/server"},
	"github.com/getkin/kin-openapi/openapi3":      {"test/openapi"},

	module + "test/certtest":  {}, // tests alone
	module + "test/openapi":   {}, // tests alone
	module + "test/databases": {}, // tests alone
}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p listed
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages only", len(all))
	}
	return all
}

// TestImportDirection keeps the one way through the house.
func TestImportDirection(t *testing.T) {
	for _, p := range packages(t) {
		allowed, ok := mayImport[p.ImportPath]
		if !ok {
			allowed, ok = mayImport[filepath.Dir(p.ImportPath)+"/*"]
		}
		if !ok {
			t.Errorf("%s has no place in the house: add it to mayImport", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			ours, isOurs := strings.CutPrefix(imported, module)
			if isOurs && !slices.ContainsFunc(allowed, func(pattern string) bool { return matches(pattern, ours) }) {
				t.Errorf("%s may not import %s", p.ImportPath, ours)
			}
			if homes, kept := homeOf[imported]; kept && !slices.Contains(homes, p.ImportPath) {
				t.Errorf("%s imports %s, which only %v may", p.ImportPath, imported, homes)
			}
		}
	}
}

// matches reports whether a package is meant by a pattern: "*" alone is every
// package of ours.
func matches(pattern, ours string) bool {
	ok, err := path.Match(pattern, ours)
	return pattern == "*" || err == nil && ok
}

// TestNoVagueNames keeps out packages that are named by what they are not.
func TestNoVagueNames(t *testing.T) {
	vague := []string{"util", "utils", "common", "helpers", "models", "handlers", "misc", "base"}
	for _, p := range packages(t) {
		if slices.Contains(vague, filepath.Base(p.ImportPath)) {
			t.Errorf("%s: name it by its content", p.ImportPath)
		}
	}
}

// TestEveryPackageSaysWhatItOwns wants a doc.go with the package comment.
func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	for _, p := range packages(t) {
		if p.ImportPath == "cmd/waymark" {
			continue // documented in main.go, as commands are
		}
		file, err := parser.ParseFile(token.NewFileSet(), "../../"+p.ImportPath+"/doc.go", nil, parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", p.ImportPath, err)
			continue
		}
		if file.Doc == nil || len(strings.Fields(file.Doc.Text())) < 12 {
			t.Errorf("%s: doc.go does not say what the package owns and what it does not know", p.ImportPath)
		}
	}
}

// TestNoHiddenState finds init functions and variables that code changes.
func TestNoHiddenState(t *testing.T) {
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		globals := map[string]bool{}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Name.Name == "init" && decl.Recv == nil {
					t.Errorf("%s has an init function", path)
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok && decl.Tok == token.VAR {
						for _, name := range v.Names {
							globals[name.Name] = true
						}
					}
				}
			}
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				for name := range assigned(f) {
					if globals[name] {
						t.Errorf("%s: %s changes the package variable %s", path, f.Name.Name, name)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// assigned returns the names that a function assigns to without declaring them.
func assigned(f *ast.FuncDecl) map[string]bool {
	names, declared := map[string]bool{}, map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			into := names
			if n.Tok == token.DEFINE {
				into = declared
			}
			for _, left := range n.Lhs {
				if id, ok := left.(*ast.Ident); ok {
					into[id.Name] = true
				}
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				declared[id.Name] = true
			}
		case *ast.Field:
			for _, id := range n.Names {
				declared[id.Name] = true
			}
		}
		return true
	})
	for name := range declared {
		delete(names, name)
	}
	return names
}

// TestDependenciesAreExplained wants a line for each direct dependency.
func TestDependenciesAreExplained(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	why, err := os.ReadFile("../../docs/decisions/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	direct := 0
	for line := range strings.SplitSeq(string(mod), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.Contains(line, "// indirect") || !strings.Contains(fields[0], ".") || !strings.HasPrefix(fields[1], "v") {
			continue
		}
		direct++
		if !strings.Contains(string(why), "`"+fields[0]+"`") {
			t.Errorf("docs/decisions/dependencies.md does not say why there is %s", fields[0])
		}
	}
	if direct < 5 {
		t.Fatalf("found %d direct dependencies only", direct)
	}
}
