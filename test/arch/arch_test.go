package arch

import (
	"encoding/json"
	"fmt"
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

// mayImport lists which packages of ours a package that ships may import. A package
// that is not listed here may not exist: decide first where it belongs. Packages
// below test/ are not listed. They never ship: they may import every package, and
// only tests may import them.
var mayImport = map[string][]string{
	"api":                                  {},
	"cmd/waymark":                          {"*"},
	"examples":                             {},
	"templates":                            {},
	"internal/address":                     {},
	"internal/settings":                    {"internal/address"},
	"internal/settings/settingstest":       {"internal/settings", "internal/address"},
	"internal/duration":                    {},
	"internal/spelling":                    {},
	"internal/config":                      {"internal/duration", "internal/spelling", "internal/i18n", "internal/files", "internal/directory/preset", "internal/directory/source", "internal/settings", "internal/address"},
	"internal/directory":                   {"internal/directory/lookup", "internal/directory/source", "internal/settings", "internal/address"},
	"internal/directory/source":            {"internal/settings", "internal/address"},
	"internal/directory/sqlsource":         {"internal/directory/source", "internal/settings", "internal/address"},
	"internal/directory/ldapsource":        {"internal/files", "internal/directory/source", "internal/settings", "internal/address"},
	"internal/directory/mxsource":          {"internal/directory/source", "internal/dnslookup", "internal/settings", "internal/address"},
	"internal/directory/dryrun":            {"internal/directory/source", "internal/settings", "internal/address"},
	"internal/directory/snapshot":          {"internal/directory/lookup", "internal/directory/source", "internal/settings", "internal/address"},
	"internal/directory/lookup":            {"internal/directory/source", "internal/settings", "internal/address"},
	"internal/dnsrecords":                  {"internal/dnslookup", "internal/settings", "internal/address", "internal/terminal"},
	"internal/dnslookup":                   {},
	"internal/domainconnect":               {"internal/dnslookup", "internal/publicaddress", "internal/address"},
	"internal/conformance":                 {"internal/dialect/mobileconfig/schema", "internal/sign"},
	"cmd/waymark-conformance":              {"internal/conformance", "internal/files", "internal/terminal"},
	"internal/importer":                    {"internal/files", "internal/settings", "internal/address", "internal/i18n"},
	"internal/dialect":                     {"internal/settings", "internal/address"},
	"internal/dialect/mobileconfig":        {"internal/dialect/mobileconfig/schema", "internal/dialect", "internal/settings", "internal/address", "internal/i18n"},
	"internal/dialect/*":                   {"internal/dialect", "internal/settings", "internal/address", "internal/i18n"},
	"internal/page":                        {"internal/spelling", "internal/invite", "internal/qrcode", "internal/dialect", "internal/settings", "internal/address", "internal/i18n", "templates"},
	"internal/qrcode":                      {},
	"internal/i18n":                        {"templates"},
	"internal/invite":                      {"internal/address", "internal/files"},
	"internal/directory/preset":            {"internal/directory/source"},
	"internal/clients":                     {"internal/clients/*"},
	"internal/clients/client":              {},
	"internal/clients/markup":              {},
	"internal/clients/pox":                 {"internal/clients/client", "internal/clients/markup"},
	"internal/clients/*":                   {"internal/clients/client", "internal/clients/markup", "internal/clients/pox"},
	"internal/telemetry":                   {"internal/terminal"},
	"internal/watch":                       {"internal/files"},
	"internal/apppassword":                 {},
	"internal/passwordcheck":               {"internal/publicaddress", "internal/settings"},
	"internal/publicaddress":               {},
	"internal/doctor":                      {"internal/address", "internal/clients", "internal/clients/*", "internal/conformance", "internal/dnslookup", "internal/publicaddress", "internal/settings", "internal/sign", "internal/terminal", "templates"},
	"internal/dialect/mobileconfig/schema": {},
	"internal/sign":                        {"internal/certs", "internal/files"},
	"internal/certs":                       {"internal/files"},
	"internal/acme":                        {"internal/settings", "internal/address"},
	"internal/acme/sqlstorage":             {},
	"internal/server":                      {"internal/duration", "internal/dialect", "internal/settings", "internal/address", "internal/telemetry", "internal/tracing"},
	"internal/tracing":                     {},
	"internal/service":                     {"*"},
	"internal/systemd":                     {},
	"internal/memory":                      {},
	"internal/terminal":                    {},
	"internal/files":                       {},
}

// homeOf lists the only packages that ship and may import a library, or a package
// below it.
var homeOf = map[string][]string{
	"database/sql":                         {"internal/directory/sqlsource", "internal/importer", "internal/acme/sqlstorage"},
	"github.com/boombuler/barcode":         {"internal/qrcode"},
	"github.com/coreos/go-systemd/v22":     {"internal/systemd"},
	"github.com/fsnotify/fsnotify":         {"internal/watch"},
	"github.com/fullsailor/pkcs7":          {"internal/sign"},
	"github.com/getkin/kin-openapi":        {},
	"github.com/go-chi":                    {"internal/server"},
	"github.com/go-ldap/ldap/v3":           {"internal/directory/ldapsource"},
	"github.com/go-sql-driver/mysql":       {"internal/directory/sqlsource"},
	"github.com/groob/plist":               {"internal/dialect/mobileconfig"},
	"github.com/jackc/pgx/v5":              {"internal/directory/sqlsource"},
	"github.com/libdns/rfc2136":            {"internal/acme"},
	"github.com/miekg/dns":                 {"internal/dnslookup", "internal/dnsrecords", "internal/conformance", "internal/directory/mxsource"},
	"github.com/prometheus/client_golang":  {"internal/telemetry"},
	"github.com/smallstep/pkcs7":           {},
	"github.com/spf13":                     {"cmd/waymark"},
	"github.com/caddyserver/certmagic":     {"internal/acme", "internal/acme/sqlstorage"},
	"github.com/letsencrypt/pebble/v2":     {},
	"github.com/mholt/acmez/v3":            {"internal/acme"},
	"go.opentelemetry.io/otel":             {"internal/tracing"},
	"go.uber.org/zap":                      {"internal/acme", "internal/telemetry", "internal/server", "internal/service", "cmd/waymark"},
	"go.yaml.in/yaml/v4":                   {"internal/config", "internal/dnsrecords", "internal/importer"},
	"golang.org/x/crypto/chacha20poly1305": {"internal/invite"},
	"golang.org/x/crypto/cryptobyte":       {"internal/sign"},
	"howett.net/plist":                     {"internal/dialect/mobileconfig/schema"},
	"html/template":                        {"internal/page", "internal/doctor"},
	"log":                                  {"internal/server"}, // net/http takes a *log.Logger
	"modernc.org/sqlite":                   {"internal/directory/sqlsource", "internal/importer", "internal/acme/sqlstorage"},
	"net/http/pprof":                       {"internal/server"},
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
		t.Fatalf("go list found only %d packages", len(all))
	}
	return all
}

// TestImportDirection holds every package that ships against mayImport and homeOf.
func TestImportDirection(t *testing.T) {
	for _, p := range packages(t) {
		for _, broken := range brokenRules(p) {
			t.Error(broken)
		}
	}
}

// TestBrokenRules shows that each rule can be broken.
func TestBrokenRules(t *testing.T) {
	for _, tt := range []struct{ importer, imported, want string }{
		{"internal/settings", module + "internal/address", ""},
		{"internal/settings", module + "internal/config", "internal/settings may not import internal/config"},
		{"internal/dialect/new", module + "internal/dialect", ""},
		{"internal/dialect/new", module + "internal/dialect/pacc", "internal/dialect/new may not import internal/dialect/pacc"},
		{"internal/new", "fmt", "internal/new is not in mayImport: decide where it belongs"},
		{"cmd/waymark", module + "internal/service", ""},
		{"cmd/waymark", module + "test/certtest", "cmd/waymark may not import test/certtest: only tests may"},
		{"internal/service", module + "internal/settings/settingstest", "internal/service may not import internal/settings/settingstest: only tests may"},
		{"internal/server", "github.com/go-chi/chi/v5/middleware", ""},
		{"internal/page", "github.com/go-chi/chi/v5", "internal/page may not import github.com/go-chi/chi/v5: only [internal/server] may"},
		{"internal/page", "github.com/go-chirp", ""},
		{"test/new", module + "test/certtest", ""},
		{"test/new", "github.com/go-chi/chi/v5", ""},
	} {
		if got := strings.Join(brokenRules(listed{tt.importer, []string{tt.imported}}), "; "); got != tt.want {
			t.Errorf("%s imports %s: got %q, want %q", tt.importer, tt.imported, got, tt.want)
		}
	}
}

// brokenRules returns the imports of a package that are not allowed.
func brokenRules(p listed) []string {
	if isForTests(p.ImportPath) && p.ImportPath != "internal/settings/settingstest" {
		return nil
	}
	allowed, ok := mayImport[p.ImportPath]
	if !ok {
		allowed, ok = mayImport[filepath.Dir(p.ImportPath)+"/*"]
	}
	if !ok {
		return []string{p.ImportPath + " is not in mayImport: decide where it belongs"}
	}
	var broken []string
	for _, imported := range p.Imports {
		ours, isOurs := strings.CutPrefix(imported, module)
		switch {
		case isOurs && isForTests(ours):
			broken = append(broken, fmt.Sprintf("%s may not import %s: only tests may", p.ImportPath, ours))
		case isOurs && !slices.ContainsFunc(allowed, func(pattern string) bool { return matches(pattern, ours) }):
			broken = append(broken, fmt.Sprintf("%s may not import %s", p.ImportPath, ours))
		}
		for library, homes := range homeOf {
			if (imported == library || strings.HasPrefix(imported, library+"/")) && !slices.Contains(homes, p.ImportPath) {
				broken = append(broken, fmt.Sprintf("%s may not import %s: only %v may", p.ImportPath, imported, homes))
			}
		}
	}
	return broken
}

// isForTests reports whether only tests may import a package.
func isForTests(ours string) bool {
	return strings.HasPrefix(ours, "test/") || ours == "internal/settings/settingstest"
}

// matches reports whether a pattern names a package. "*" names every package.
func matches(pattern, ours string) bool {
	ok, err := path.Match(pattern, ours)
	return pattern == "*" || err == nil && ok
}

// TestNoVagueNames rejects package names that do not tell what is inside.
func TestNoVagueNames(t *testing.T) {
	vague := []string{"util", "utils", "common", "helpers", "models", "handlers", "misc", "base"}
	for _, p := range packages(t) {
		if slices.Contains(vague, filepath.Base(p.ImportPath)) {
			t.Errorf("%s: name the package after what is in it", p.ImportPath)
		}
	}
}

// TestEveryPackageSaysWhatItOwns requires a doc.go with the package comment.
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
			t.Errorf("%s: doc.go must say what the package owns and what it does not know", p.ImportPath)
		}
	}
}

// TestNoHiddenState finds init functions and package variables that change.
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

// TestDependenciesAreExplained requires a reason for each direct dependency.
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
			t.Errorf("docs/decisions/dependencies.md gives no reason for %s", fields[0])
		}
	}
	if direct < 5 {
		t.Fatalf("found only %d direct dependencies", direct)
	}
}
