package importer

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// variable is one environment variable.
type variable struct {
	place // its key is the name
	value string
}

// setting is the environment of one container.
type setting struct {
	place
	variables []variable
}

// parseSettings reads environments from a file: a compose file with any number
// of services, or lines such as NAME=value, as env files, systemd units and
// the list under environment: have them.
func (d *draft) parseSettings(file string, data []byte) ([]setting, error) {
	if root := compose(data); root != nil {
		c := composeReader{draft: d, file: file}
		return c.settings(root), nil
	}
	variables, err := d.lines(file, data)
	if err != nil {
		return nil, err
	}
	return []setting{{place{file: file}, variables}}, nil
}

// assignment is a line such as NAME=value, with what may stand before the name
// in scripts, lists and units.
var assignment = regexp.MustCompile(`^(?:-\s+|export\s+|Environment=)?(["']?)([A-Za-z_][A-Za-z0-9_]*)\s*(=|:\s)\s*(.*)$`)

func (d *draft) lines(file string, data []byte) ([]variable, error) {
	var all []variable
	number := 0
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) {
		number++
		text := strings.TrimSpace(string(line))
		if text == "" || strings.HasPrefix(text, "#") || strings.HasPrefix(text, "[") || strings.HasPrefix(text, ";") {
			continue
		}
		at := place{file: file, line: number}
		m := assignment.FindStringSubmatch(text)
		if m == nil {
			if text != "environment:" {
				d.hint(at, "the line is not NAME=value; ignored")
			}
			continue
		}
		at.key = m[2]
		value := m[4]
		if m[1] != "" { // the quotes are around name and value
			value = m[1] + value
		}
		all = append(all, variable{at, unquote(value)})
	}
	if len(all) == 0 {
		return nil, errors.New("there is no line such as IMAP_HOST=imap.example.com in it")
	}
	return all, nil
}

// unquote takes quotes from a value, or the comment behind one that has none.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		if end := strings.IndexByte(s[1:], s[0]); end >= 0 {
			return clean(s[1 : 1+end])
		}
	}
	if strings.HasPrefix(s, "#") {
		return ""
	}
	if i := strings.Index(s, " #"); i >= 0 {
		s = s[:i]
	}
	return clean(s)
}

// compose returns the root of a compose file; nil when data is none.
func compose(data []byte) (root *yaml.Node) {
	// The library panics on states that it believes to be impossible.
	defer func() {
		if recover() != nil {
			root = nil
		}
	}()
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	var doc yaml.Node
	if loader.Load(&doc) != nil || len(doc.Content) != 1 {
		return nil
	}
	root = follow(doc.Content[0])
	if find(root, "services") == nil && find(root, "environment") == nil {
		return nil
	}
	return root
}

// follow returns what an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// find returns the value of a key; nil when n is no block or lacks it.
func find(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if follow(n.Content[i]).Value == key {
			return follow(n.Content[i+1])
		}
	}
	return nil
}

type composeReader struct {
	*draft
	file   string
	blocks int // that were read
}

// maxBlocks bounds what merge keys make of a file: they may name a block that
// names itself, or one many times over.
const maxBlocks = 1000

// settings returns the environment of each service that is such a container,
// or of the file itself where it is a part of one.
func (c *composeReader) settings(root *yaml.Node) []setting {
	if s, ok := c.service("environment", root); ok {
		return []setting{s}
	}
	var all []setting
	services := find(root, "services")
	if services == nil || services.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(services.Content); i += 2 {
		name, n := follow(services.Content[i]), follow(services.Content[i+1])
		if s, ok := c.service("services/"+plain(cut(name.Value, maxName)), n); ok {
			all = append(all, s)
		}
	}
	return all
}

func (c *composeReader) service(key string, n *yaml.Node) (setting, bool) {
	env := find(n, "environment")
	if env == nil {
		return setting{}, false
	}
	s := setting{place{c.file, env.Line, key}, c.variables(env)}
	for _, v := range s.variables {
		if v.key == "DOMAIN" || strings.HasSuffix(v.key, "_HOST") && known(v.key) {
			if from := find(n, "env_file"); from != nil {
				c.lost(place{c.file, from.Line, key + "/env_file"}, "variables from other files are not read; import them by themselves")
			}
			return s, true
		}
	}
	return setting{}, false // another program's
}

// variables reads a block of names, or a list of NAME=value.
func (c *composeReader) variables(env *yaml.Node) []variable {
	var all []variable
	c.blocks++
	switch {
	case c.blocks > maxBlocks:
		c.lost(place{file: c.file}, "merge keys make the file far too large; what is beyond %d blocks is not read", maxBlocks)
	case env.Kind == yaml.SequenceNode:
		for _, item := range env.Content {
			item = follow(item)
			name, value, given := strings.Cut(item.Value, "=")
			at := place{c.file, item.Line, plain(cut(strings.TrimSpace(name), maxName))}
			if !given {
				c.missing(at)
				continue
			}
			all = append(all, variable{at, clean(value)})
		}
	case env.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(env.Content); i += 2 {
			name, value := follow(env.Content[i]), follow(env.Content[i+1])
			at := place{c.file, name.Line, plain(cut(name.Value, maxName))}
			switch {
			case name.Value == "<<":
				// What the block says itself comes last and wins.
				all = append(c.merged(value), all...)
			case value.Kind != yaml.ScalarNode || value.Tag == "!!null":
				c.missing(at)
			default:
				all = append(all, variable{at, clean(value.Value)})
			}
		}
	}
	return all
}

// merged reads the block, or the list of blocks, of a merge key.
func (c *composeReader) merged(n *yaml.Node) []variable {
	if n.Kind != yaml.SequenceNode {
		return c.variables(n)
	}
	var all []variable
	for _, block := range slices.Backward(n.Content) { // the first one wins
		all = append(all, c.variables(follow(block))...)
	}
	return all
}

func (c *composeReader) missing(at place) {
	if known(at.key) {
		c.lost(at, "the file does not hold its value")
	}
}
