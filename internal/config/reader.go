package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// reader walks the nodes of a settings file, checks their types and collects
// findings.
type reader struct {
	env      Environment
	onDisk   bool // the settings come from a file, and may include others
	partSize int  // of split; 0 for no parts
	whole    bool // the documents must be read again, without parts
	size     size // of all documents so far

	findings   Findings
	errors     int                     // among the findings
	wrong      map[string]bool         // keys with an error
	references map[[2]string]reference // by spelling and folder
	files      []string                // of ${file:} references, each once
	hung       bool                    // a file system did not answer, and is not asked again
	waited     time.Duration           // for included files
	redirects  []redirect
	logins     []loginsFrom
	identities map[string]*Signing // of providers and domains, by key
	hooks      []value             // of app passwords
	// appPasswords are those of providers, by id.
	appPasswords map[string]AppPasswords
	ordered      []value // names whose certificate signs
	storage      value   // the source of the storage of certificates
}

// document is the settings file, or a file that it includes.
type document struct {
	name     string // as findings print it
	dir      string // absolute folder that relative paths begin in
	lines    int
	included bool
	parts    []part // of its domains, besides those in the tree
}

// value is one value of a document.
type value struct {
	doc  *document
	node *yaml.Node // aliases followed
	path string     // dotted
}

// mention is what findings about other values say of a value. It does not keep the tree
// in memory.
type mention struct {
	doc     *document
	line    int
	written string
}

func (v value) mention() mention { return mention{v.doc, v.node.Line, v.node.Value} }

// place returns the line for a finding about a value in the document d.
func (m mention) place(d *document) string {
	if m.doc == d {
		return fmt.Sprintf("on line %d", m.line)
	}
	return fmt.Sprintf("in %s on line %d", printed(m.doc.name), m.line)
}

func (v value) key(name string, n *yaml.Node) value {
	if v.path != "" {
		name = v.path + "." + name
	}
	return value{v.doc, follow(n), name}
}

func (v value) item(i int) value {
	return value{v.doc, follow(v.node.Content[i]), v.path + "[" + strconv.Itoa(i) + "]"}
}

// find returns the value of a key of a block; nil when the block lacks it.
func (v value) find(name string) *yaml.Node {
	if v.node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(v.node.Content); i += 2 {
		if follow(v.node.Content[i]).Value == name {
			return v.node.Content[i+1]
		}
	}
	return nil
}

// has reports whether a block has a key.
func (v value) has(name string) bool { return v.find(name) != nil }

// at returns the value of a key of a block. For a missing key, it returns a
// stand-in with the path of the key and the position of the block.
func (v value) at(name string) value {
	n := v.find(name)
	if n == nil {
		n = &yaml.Node{Line: v.node.Line, Column: v.node.Column}
	}
	return v.key(name, n)
}

// written returns a scalar as the file spells it, with its references; it is safe
// to print.
func (v value) written() string { return v.node.Value }

func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func (r *reader) report(d *document, line, column int, key, text string) {
	r.errors++
	r.find(d, Finding{Line: line, Column: column, Key: key, Text: text})
}

// find adds a finding. The library puts a value that is missing at the end below the
// last line.
func (r *reader) find(d *document, f Finding) {
	f.File, f.Line = d.name, min(f.Line, d.lines)
	r.findings = append(r.findings, f)
}

// refuse reports an error in v.
func (r *reader) refuse(v value, format string, args ...any) {
	r.wrong[v.path] = true
	r.report(v.doc, v.node.Line, v.node.Column, v.path, fmt.Sprintf(format, args...))
}

// warn reports a warning about v.
func (r *reader) warn(v value, format string, args ...any) {
	r.find(v.doc, Finding{Line: v.node.Line, Column: v.node.Column, Key: v.path, Text: fmt.Sprintf(format, args...), Warning: true})
}

// field is a key that a block may have, and how to read its value into the
// block's T.
type field[T any] struct {
	key  string
	read func(r *reader, v value, into *T)
}

// readBlock reads a block of known keys, in the order of fields. It returns false
// when v is not a block.
func readBlock[T any](r *reader, v value, fields []field[T], into *T) bool {
	if !r.is(v, yaml.MappingNode, "a block of keys") {
		return false
	}
	content := v.node.Content
	found := make([]int, len(fields)) // index of the value, 0 for none
	for i := 0; i < len(content); i += 2 {
		key, ok := r.keyOf(v, content[i])
		if !ok {
			continue
		}
		f := slices.IndexFunc(fields, func(f field[T]) bool { return f.key == key.written() })
		switch {
		case f < 0 && key.written() == "<<":
			r.refuse(key, "merge keys are not supported; write the keys out, or use an alias for the whole block")
		case f < 0 && v.doc.included && v.path == "":
			r.refuse(key, "%s is not a key of an included file; its keys are %s", printed(key.written()), list(keysOf(fields)))
		case f < 0:
			r.unknownKey(v, key, keysOf(fields))
		case found[f] > 0:
			r.refuse(v.key(fields[f].key, content[i]), "duplicate key, first listed on line %d", content[found[f]-1].Line)
		default:
			found[f] = i + 1
		}
	}
	for f, i := range found {
		if i > 0 {
			fields[f].read(r, v.key(fields[f].key, content[i]), into)
		}
	}
	return true
}

// unknownKey reports a key that the block v cannot have. What the key was meant for is
// then not reported as missing.
func (r *reader) unknownKey(v, key value, known []string) {
	if name, _, ok := strings.Cut(key.written(), ":"); ok && slices.Contains(known, name) {
		r.wrong[v.at(name).path] = true
		r.refuse(key, "a space is missing behind %s:", name) // the value could be a secret
		return
	}
	if near, ok := nearest(key.written(), known); ok {
		r.wrong[v.at(near).path] = true
	}
	r.refuse(key, "%s", unknown("key", key.written(), known))
}

func keysOf[T any](fields []field[T]) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	return keys
}

// keyOf returns a key of the block v. Its path is that of v.
func (r *reader) keyOf(v value, n *yaml.Node) (value, bool) {
	key := value{v.doc, follow(n), v.path}
	if key.node.Kind != yaml.ScalarNode {
		r.refuse(key, "a key must be a text, is %s", describe(key.node))
		return key, false
	}
	return key, true
}

// each calls read for every key of a block with arbitrary keys. Key and value
// have the same path.
func (r *reader) each(v value, want string, read func(key, v value)) {
	if !r.is(v, yaml.MappingNode, want) {
		return
	}
	for i := 0; i < len(v.node.Content); i += 2 {
		if key, ok := r.keyOf(v, v.node.Content[i]); ok {
			child := v.key(printed(key.written()), v.node.Content[i+1])
			key.path = child.path
			read(key, child)
		}
	}
}

// items calls read for every item of a list.
func (r *reader) items(v value, want string, read func(v value)) bool {
	if !r.is(v, yaml.SequenceNode, want) {
		return false
	}
	for i := range v.node.Content {
		read(v.item(i))
	}
	return true
}

func (r *reader) is(v value, kind yaml.Kind, want string) bool {
	tag := "!!map"
	if kind == yaml.SequenceNode {
		tag = "!!seq"
	}
	if v.node.Kind == kind && v.node.Tag == tag {
		return true
	}
	if r.wrong[v.path] { // as its key is
		return false
	}
	hint := ""
	switch {
	case kind == yaml.SequenceNode && v.node.Kind == yaml.ScalarNode && v.node.Tag != "!!null":
		hint = "; write [" + printed(v.written()) + "]"
	case kind == yaml.SequenceNode && v.node.Kind == yaml.MappingNode:
		hint = "; begin each item with - and a space"
	case kind == yaml.MappingNode && v.node.Kind == yaml.SequenceNode:
		hint = "; remove the - before each key"
	}
	r.refuse(v, "must be %s, is %s%s", want, describe(v.node), hint)
	return false
}

// describe returns what a value is, for "must be a list, is ...".
func describe(n *yaml.Node) string {
	switch n.Tag {
	case "!!seq":
		return "a list"
	case "!!map":
		return "a block of keys"
	case "!!null":
		return "empty"
	case "!!int", "!!float":
		return "the number " + printed(n.Value)
	case "!!bool":
		return printed(n.Value)
	case "!!str", "!!timestamp":
		return "the text " + quoted(n.Value)
	}
	return "a value with the tag " + printed(n.Tag)
}

// scalar returns the value of v with its references replaced. It accepts any
// scalar but an empty one; want is what was expected.
func (r *reader) scalar(v value, want string, lines bool) (string, bool) {
	if v.node.Kind != yaml.ScalarNode || !slices.Contains(scalarTags(), v.node.Tag) {
		r.refuse(v, "must be %s, is %s%s", want, describe(v.node), instead(v.node))
		return "", false
	}
	s, err := r.expand(v.node.Value, v.doc.dir)
	if err == nil {
		err = checkText(s, lines)
	}
	if err != nil {
		r.refuse(v, "%v", err)
		return "", false
	}
	return s, true
}

// instead returns what to write for values that YAML reads as something else.
func instead(n *yaml.Node) string {
	switch {
	case n.Tag == "!!null" && n.Anchor != "":
		return "; & begins an anchor of YAML; write the text in quotes"
	case n.Tag == "!!map" && n.Style&yaml.FlowStyle != 0 && len(n.Content) == 2 && slices.Contains([]string{"address", "local", "domain"}, n.Content[0].Value):
		return fmt.Sprintf(`; write "{%s}" in quotes`, n.Content[0].Value)
	}
	return ""
}

func scalarTags() []string { return []string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"} }

// text returns a text on one line. It may be empty.
func (r *reader) text(v value) (string, bool) { return r.textIn(v, false) }

// lines returns a text that may have several lines.
func (r *reader) lines(v value) (string, bool) {
	s, ok := r.textIn(v, true)
	return strings.TrimRight(s, "\n"), ok
}

func (r *reader) textIn(v value, lines bool) (string, bool) {
	switch v.node.Tag {
	case "!!int", "!!float", "!!bool": // 1e3 could have been meant as 1000
		r.refuse(v, "must be a text, is %s; put it in quotes", describe(v.node))
		return "", false
	}
	if first, last := typographicQuotes(v.node); first != "" {
		r.warn(v, `begins with %s and ends with %s, which become part of the text; write " instead`, first, last)
	}
	return r.scalar(v, "a text", lines)
}

// typographicQuotes returns the quotes around a text that a word processor changed.
func typographicQuotes(n *yaml.Node) (first, last string) {
	text := []rune(n.Value)
	if len(text) < 2 || quotedValue(n) || !strings.ContainsRune("“”„‟‘’‚", text[0]) || !strings.ContainsRune("“”‘’", text[len(text)-1]) {
		return "", ""
	}
	return string(text[:1]), string(text[len(text)-1:])
}

// filled returns a text that is not empty.
func (r *reader) filled(v value) (string, bool) {
	s, ok := r.text(v)
	if ok && strings.TrimSpace(s) == "" {
		r.refuse(v, "must not be empty")
		return "", false
	}
	return s, ok
}

// number returns a whole number from least to most; 0 when v is something else.
func (r *reader) number(v value, least, most int) int {
	want := fmt.Sprintf("a number from %d to %d", least, most)
	s, ok := r.scalar(v, want, false)
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(s)
	// Compare the spelling: YAML reads 0143 as octal.
	plain := err == nil && strconv.Itoa(n) == s && (v.node.Tag == "!!int" || v.referenced())
	if !plain || n < least || n > most {
		hint := ""
		if err == nil && quotedValue(v.node) && strconv.Itoa(n) == s {
			hint = "; remove the quotes"
		}
		if first, _ := typographicQuotes(v.node); first != "" {
			hint = "; remove the quotes"
		}
		r.refuse(v, "must be %s, is %s%s", want, describe(v.node), hint)
		return 0
	}
	return n
}

// quotedValue reports whether a scalar is in quotes in the file.
func quotedValue(n *yaml.Node) bool {
	return n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
}

// percent reads a share such as 10%.
func (r *reader) percent(v value) int {
	const want = "a share from 0% to 100% such as 10%"
	s, ok := r.scalar(v, want, false)
	if !ok {
		return 0
	}
	digits, percent := strings.CutSuffix(s, "%")
	n, err := strconv.Atoi(digits)
	if !percent || err != nil || strconv.Itoa(n) != digits || n < 0 || n > 100 {
		hint := ""
		if !percent && err == nil && n >= 0 && n <= 100 && !v.referenced() {
			hint = fmt.Sprintf("; write %d%%", n)
		}
		r.refuse(v, "must be %s, is %s%s", want, describe(v.node), hint)
		return 0
	}
	return n
}

// referenced reports whether a scalar holds a reference.
func (v value) referenced() bool { return strings.Contains(v.node.Value, "${") }

// truth returns true or false.
func (r *reader) truth(v value) (truth, ok bool) {
	const want = "true or false"
	s, ok := r.scalar(v, want, false)
	if !ok {
		return false, false
	}
	s = strings.ToLower(s)
	if s != "true" && s != "false" || v.node.Tag != "!!bool" && !v.referenced() {
		r.refuse(v, "must be %s, is %s%s", want, describe(v.node), meantTruth(v))
		return false, false
	}
	return s == "true", true
}

// meantTruth returns what to write for words that older versions of YAML, or people,
// take for true or false.
func meantTruth(v value) string {
	switch strings.ToLower(v.written()) {
	case "true", "false":
		return "; remove the quotes"
	case "yes", "on", "y", "1":
		return "; write true"
	case "no", "off", "n", "0":
		return "; write false"
	}
	return ""
}

// oneOf returns one of the known words.
func oneOf[T ~string](r *reader, v value, what string, known []T) (T, bool) {
	s, ok := r.text(v)
	if !ok {
		return "", false
	}
	if !slices.Contains(known, T(s)) {
		r.refuse(v, "%s", unknown(what, v.written(), known))
		return "", false
	}
	return T(s), true
}
