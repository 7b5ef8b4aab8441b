package config

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/waymark-mail/waymark/examples"
	"github.com/waymark-mail/waymark/internal/duration"
)

const schemaFile = "../../api/config.schema.json"

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	s, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate checks a settings file against the schema, as an editor does.
func validate(t *testing.T, s *jsonschema.Schema, data []byte) error {
	t.Helper()
	var v any
	if err := yaml.Load(data, &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(instance)
}

func exampleFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("have examples %v, %v; want at least three", files, err)
	}
	return files
}

func TestExamplesHaveNoFindings(t *testing.T) {
	for _, path := range exampleFiles(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data := read(t, path)
			cfg, findings := Parse(path, data, Environment{})
			if cfg == nil || len(findings) > 0 {
				t.Errorf("have findings %v, want none", findings)
			}
			if first, _, _ := strings.Cut(string(data), "\n"); first != "# yaml-language-server: $schema=../api/config.schema.json" {
				t.Errorf("the first line does not name the schema: %s", first)
			}
		})
	}
}

// TestCommentedLinesOfAnExample are settings, too.
func TestCommentedLinesOfAnExample(t *testing.T) {
	text := regexp.MustCompile(`(?m)^( *)# ((?:storage|directory):.*|  .*)$`).ReplaceAllString(string(read(t, "../../examples/certificates.yaml")), "$1$2")
	cfg, findings := Parse("waymark.yaml", []byte(text), Environment{
		Getenv:   func(string) (string, bool) { return "postgres://waymark@127.0.0.1/customers?sslmode=disable", true },
		ReadFile: func(string) ([]byte, error) { return []byte("a secret of thirty-two characters"), nil },
	})
	if len(findings) > 0 || len(cfg.Directory) != 1 || cfg.TLS.ACME.Storage == nil {
		t.Errorf("have findings %v, want a source and a storage", findings)
	}
}

func TestEmbeddedExampleIsTheFile(t *testing.T) {
	if string(examples.Infomaniak()) != string(read(t, "../../examples/infomaniak.yaml")) {
		t.Error("the embedded file differs")
	}
}

func TestGoodFilesFitTheSchema(t *testing.T) {
	s := schema(t)
	for _, path := range append(exampleFiles(t), filepath.Join("testdata", "full.yaml")) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if err := validate(t, s, read(t, path)); err != nil {
				t.Error(err)
			}
		})
	}
}

// An editor should mark what waymark check refuses, as far as a schema can
// tell.
func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	for _, rule := range []string{
		"alias-and-provider", "api-token-alone", "api-token-characters", "api-token-list", "api-token-number", "api-token-short", "auth", "consent-text-list", "domain-empty", "domain-without-provider", "domains-list", "help-url",
		"limits", "listen", "log", "not-a-block", "oauth2", "override", "port-out-of-range", "protocol-missing",
		"protocol-unknown", "provider-empty", "provider-id", "provider-name-empty", "provider-no-services", "security-unknown",
		"signing-files", "acme-email", "acme-fallback", "acme-dns", "tls-both-forms", "tls-files", "tls-files-empty", "unknown-key", "unknown-key-in-service", "wrong-types",
	} {
		t.Run(rule, func(t *testing.T) {
			if validate(t, s, read(t, filepath.Join("testdata", "invalid", rule+".yaml"))) == nil {
				t.Error("the schema has nothing to say")
			}
		})
	}
}

// block is one kind of block of the settings file, as the schema has it.
type block struct {
	keys []string
	doc  string // a settings file in which KEY stands where the block's keys do
}

func blocks(t *testing.T) map[string]block {
	t.Helper()
	type object struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var top struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(read(t, schemaFile), &top); err != nil {
		t.Fatal(err)
	}
	keys := func(o object) []string { return slices.Sorted(maps.Keys(o.Properties)) }
	inside := func(o object, key string) []string {
		var child object
		if err := json.Unmarshal(o.Properties[key], &child); err != nil {
			t.Fatal(err)
		}
		return keys(child)
	}
	below := func(path ...string) (o object) { // of objects, "items" for that of a list
		data := read(t, schemaFile)
		for _, key := range path {
			var at map[string]json.RawMessage
			if err := json.Unmarshal(data, &at); err != nil {
				t.Fatal(err)
			}
			data = at[key]
		}
		if err := json.Unmarshal(data, &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	all := map[string]block{
		"the file":               {keys(top.object), "KEY: {}"},
		"autodiscover":           {keys(top.Defs["autodiscover"]), "autodiscover: {KEY: {}}"},
		"provider":               {keys(top.Defs["provider"]), "providers: {p: {KEY: {}}}"},
		"provider oauth2":        {inside(top.Defs["provider"], "oauth2"), "providers: {p: {oauth2: {KEY: {}}}}"},
		"provider profile":       {inside(top.Defs["provider"], "profile"), "providers: {p: {profile: {KEY: {}}}}"},
		"provider app passwords": {inside(top.Defs["provider"], "app_passwords"), "providers: {p: {app_passwords: {KEY: {}}}}"},
		"provider brand":         {keys(top.Defs["brand"]), "providers: {p: {brand: {KEY: {}}}}"},
		"domain brand":           {keys(top.Defs["brand"]), "domains: {example.com: {brand: {KEY: {}}}}"},
		"provider autodiscover":  {keys(top.Defs["autodiscover"]), "providers: {p: {autodiscover: {KEY: {}}}}"},
		"service":                {keys(top.Defs["service"]), "providers: {p: {services: [{KEY: {}}]}}"},
		"domain":                 {keys(top.Defs["domain"]), "domains: {example.com: {KEY: {}}}"},
		"source":                 {keys(top.Defs["source"]), "directory: [{KEY: {}}]"},
		"source queries":         {inside(top.Defs["source"], "queries"), "directory: [{queries: {KEY: {}}}]"},
		"source search":          {keys(top.Defs["search"]), "directory: [{domain: {KEY: {}}}]"},
		"tls files":              {keys(below("properties", "tls", "properties", "files", "items")), "tls: {files: [{KEY: {}}]}"},
		"tls acme":               {keys(below("properties", "tls", "properties", "acme")), "tls: {acme: {KEY: {}}}"},
		"tls acme storage":       {keys(below("$defs", "certificateStorage")), "tls: {acme: {storage: {KEY: {}}}}"},
		"tls acme eab":           {keys(below("$defs", "eab")), "tls: {acme: {eab: {KEY: {}}}}"},
		"tls acme dns":           {keys(below("properties", "tls", "properties", "acme", "properties", "dns")), "tls: {acme: {dns: {KEY: {}}}}"},
		"tls acme fallback":      {keys(below("properties", "tls", "properties", "acme", "properties", "fallback")), "tls: {acme: {fallback: {KEY: {}}}}"},
		"signing":                {keys(top.Defs["signing"]), "signing: {KEY: {}}"},
		"provider signing":       {keys(top.Defs["signing"]), "providers: {p: {signing: {KEY: {}}}}"},
		"domain signing":         {keys(top.Defs["signing"]), "domains: {example.com: {signing: {KEY: {}}}}"},
		"domain services":        {keys(top.Defs["service"]), "domains: {example.com: {services: [{KEY: {}}]}}"},
	}
	for _, key := range []string{"tls", "ops", "limits", "log", "cache", "pages", "api"} {
		all[key] = block{inside(top.object, key), key + ": {KEY: {}}"}
	}
	return all
}

// The reader names all keys that it knows when it meets one that it does not:
// these must be those of the schema.
func TestSchemaAndReaderKnowTheSameKeys(t *testing.T) {
	for name, b := range blocks(t) {
		t.Run(name, func(t *testing.T) {
			_, findings := Parse("waymark.yaml", []byte(strings.ReplaceAll(b.doc, "KEY", "qqqqqqqq")), Environment{})
			var have []string
			for _, f := range findings {
				if _, known, ok := strings.Cut(f.Text, "unknown key qqqqqqqq; known: "); ok {
					have = strings.Split(known, ", ")
				}
			}
			slices.Sort(have)
			if !reflect.DeepEqual(have, b.keys) {
				t.Errorf("the reader knows %v, the schema %v", have, b.keys)
			}
			for _, key := range b.keys {
				_, findings := Parse("waymark.yaml", []byte(strings.ReplaceAll(b.doc, "KEY", key)), Environment{})
				for _, f := range findings {
					if strings.HasPrefix(f.Text, "unknown key") {
						t.Errorf("%s: %v", key, f)
					}
				}
			}
		})
	}
}

func TestSchemaHasTheDefaultsOfTheReader(t *testing.T) {
	var top struct {
		Properties map[string]struct {
			Default    any
			Properties map[string]struct {
				Default    any
				Properties map[string]struct {
					Default    any
					Properties map[string]struct{ Default any }
				}
			}
		}
	}
	if err := json.Unmarshal(read(t, schemaFile), &top); err != nil {
		t.Fatal(err)
	}
	d, p := defaults(), top.Properties
	acme := p["tls"].Properties["acme"].Properties
	for _, tc := range []struct {
		key        string
		have, want any
	}{
		{"listen", p["listen"].Default, d.Listen},
		{"tls.listen", p["tls"].Properties["listen"].Default, ":443"},
		{"tls.acme.directory", acme["directory"].Default, defaultACME().CAs[0].Directory},
		{"tls.acme.orders_per_hour", acme["orders_per_hour"].Default, float64(defaultACME().OrdersPerHour)},
		{"tls.acme.orders_per_domain", acme["orders_per_domain"].Default, float64(defaultACME().OrdersPerDomain)},
		{"tls.acme.dns.key_algorithm", acme["dns"].Properties["key_algorithm"].Default, hmacSHA256},
		{"tls.acme.check_dns", acme["check_dns"].Default, defaultACME().CheckDNS},
		{"ops.listen", p["ops"].Properties["listen"].Default, d.Ops.Listen},
		{"state_dir", p["state_dir"].Default, d.StateDir},
		{"limits.requests_per_minute", p["limits"].Properties["requests_per_minute"].Default, float64(d.Limits.RequestsPerMinute)},
		{"limits.strict_requests_per_minute", p["limits"].Properties["strict_requests_per_minute"].Default, float64(d.Limits.StrictPerMinute)},
		{"limits.unknown_per_minute", p["limits"].Properties["unknown_per_minute"].Default, float64(d.Limits.UnknownPerMinute)},
		{"limits.unknown_per_second", p["limits"].Properties["unknown_per_second"].Default, float64(d.Limits.UnknownPerSecond)},
		{"limits.requests_at_once", p["limits"].Properties["requests_at_once"].Default, float64(d.Limits.RequestsAtOnce)},
		{"limits.connections", p["limits"].Properties["connections"].Default, float64(d.Limits.Connections)},
		{"cache.entries", p["cache"].Properties["entries"].Default, float64(d.Cache.Entries)},
		{"cache.fresh", p["cache"].Properties["fresh"].Default, duration.Format(d.Cache.Fresh)},
		{"cache.unknown", p["cache"].Properties["unknown"].Default, duration.Format(d.Cache.Unknown)},
		{"cache.stale", p["cache"].Properties["stale"].Default, duration.Format(d.Cache.Stale)},
		{"cache.snapshot", p["cache"].Properties["snapshot"].Default, d.Cache.Snapshot},
		{"ops.wait_for_sources", p["ops"].Properties["wait_for_sources"].Default, d.Ops.WaitForSources},
		{"log.level", p["log"].Properties["level"].Default, d.Log.Level},
		{"log.format", p["log"].Properties["format"].Default, d.Log.Format},
		{"log.remote", p["log"].Properties["remote"].Default, d.Log.Remote},
	} {
		if tc.have != tc.want {
			t.Errorf("%s: the schema says %v, the reader %v", tc.key, tc.have, tc.want)
		}
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	// Blocks below a section are written with their name: `tls.listen`.
	prefix := map[string]string{
		"tls": "tls.", "tls files": "tls.files[].", "tls acme": "tls.acme.", "tls acme eab": "tls.acme.eab.", "tls acme storage": "tls.acme.storage.", "tls acme dns": "tls.acme.dns.", "tls acme fallback": "tls.acme.fallback.", "ops": "ops.", "api": "api.", "signing": "signing.", "provider signing": "signing.", "domain signing": "signing.", "limits": "limits.", "log": "log.", "cache": "cache.", "pages": "pages.", "autodiscover": "autodiscover.",
		"provider oauth2": "oauth2.", "provider profile": "profile.",
		"provider app passwords": "app_passwords.",
		"provider brand":         "brand.", "domain brand": "brand.", "source queries": "queries.", "source search": "domain.",
	}
	_, providers, _ := strings.Cut(string(doc), "\n## Providers\n")
	providers, domains, _ := strings.Cut(providers, "\n## Domains\n")
	providers, services, _ := strings.Cut(providers, "\n### Services\n")
	for name, b := range blocks(t) {
		section := string(doc)
		switch name {
		case "provider":
			section = providers
		case "service", "domain services":
			section = services
		case "domain", "domain brand":
			section = domains
		case "provider autodiscover":
			continue // the same keys as those of the file
		}
		for _, key := range b.keys {
			if !strings.Contains(section, "\n| `"+prefix[name]+key+"` |") {
				t.Errorf("%s: the key %s%s has no row in docs/configuration.md", name, prefix[name], key)
			}
		}
	}
}

// Every example in the documentation is right: alone, or with the parts that
// it leaves out.
func TestDocumentedExamples(t *testing.T) {
	const provider = "providers: {mine: {services: [{protocol: imap, host: mail.example.com}, {protocol: submission, host: mail.example.com}]}}\n"
	const domain = "domains: {example.com: {provider: mine}}\n"
	env := Environment{
		Getenv: func(name string) (string, bool) {
			v, ok := map[string]string{"HELP_HOST": "www.example.com", "IMAP_PORT": "993", "API_TOKEN": strings.Repeat("t", minSecret), "WAYMARK_DSN": "postgres://127.0.0.1/mail"}[name]
			return v, ok
		},
		ReadFile: func(path string) ([]byte, error) {
			if filepath.Base(path) == "link.key" {
				return []byte(strings.Repeat("k", minSecret)), nil
			}
			return []byte("mail.example.com\n"), nil
		},
	}
	s := schema(t)
	count := 0
	for i, part := range strings.Split(string(read(t, "../../docs/configuration.md")), "```yaml\n") {
		text, _, _ := strings.Cut(part, "```")
		if i == 0 || strings.HasPrefix(text, "# yaml-language-server") {
			continue
		}
		if strings.HasPrefix(text, "services:") {
			text = "providers:\n  mine:\n    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n"
		}
		if !strings.Contains(text, "providers:") {
			text += provider
		}
		if !strings.Contains(text, "domains:") {
			text += domain
		}
		count++
		dir := folder(t, map[string]string{"waymark.yaml": text, "conf.d/.keep": ""})
		if _, findings := Load(filepath.Join(dir, "waymark.yaml"), env); findings.HasErrors() {
			t.Errorf("have findings %v in\n%s", findings, text)
		}
		if err := validate(t, s, []byte(text)); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
	if count < 5 {
		t.Errorf("have %d examples, want at least 5", count)
	}
}
