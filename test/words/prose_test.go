package words

import (
	"go/scanner"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

// scopes are where a rule holds: in all prose, in documents and not in Go, and
// in the fenced blocks of Markdown.
var scopes = []string{"everywhere", "docs", "blocks"}

// kindOf returns how prose is found in a file, or "" where none is looked for.
func kindOf(name string) string {
	switch filepath.Ext(name) {
	case ".md":
		return "markdown"
	case ".go":
		return "go"
	case ".json":
		if filepath.Base(name) == "en.json" {
			return "texts"
		}
		return "json"
	case ".yaml", ".yml", ".conf", ".cfg", ".service", ".socket":
		return "hash"
	case "":
		return "hash" // scripts, Makefile, Dockerfile, Caddyfile
	}
	return ""
}

var (
	fence       = regexp.MustCompile("(?ms)^ *```[^\n]*\n(.*?)^ *```")
	markdown    = regexp.MustCompile("(?s)`[^`\n]+`|<!--.*?-->|\\]\\([^)]*\\)")
	quoted      = regexp.MustCompile("`[^`\n]+`")
	hash        = regexp.MustCompile(`(?m)(?:^|\s)#(.*)$`)
	description = regexp.MustCompile(`(?m)^ *(?:- )?"?(?:summary|description|title)"?: +(.*)$`)
	block       = regexp.MustCompile(`(?m)^( *)(?:summary|description): [|>]-?\n((?: *\n|( +).*\n)+)`)
	text        = regexp.MustCompile(`(?m)"((?:[^"\\]|\\.)*)"[],} ]*$`)
)

// proseOf returns a file in which everything but the prose of a scope is zeros,
// so that offsets stay. It is nil where the scope does not hold.
func proseOf(scope, name string, file []byte) []byte {
	kind := kindOf(name)
	if scope == "docs" && kind == "go" || scope == "blocks" && kind != "markdown" {
		return nil
	}
	prose := make([]byte, len(file))
	show := func(from, to int) { copy(prose[from:to], file[from:to]) }
	hide := func(from, to int) { clear(prose[from:to]) }
	each := func(pattern *regexp.Regexp, do func(from, to int)) {
		for _, at := range pattern.FindAllSubmatchIndex(file, -1) {
			for i := 2; i < len(at); i += 2 {
				if at[i] >= 0 {
					do(at[i], at[i+1])
				}
			}
			if len(at) == 2 {
				do(at[0], at[1])
			}
		}
	}
	switch kind {
	case "markdown":
		if scope == "blocks" {
			each(fence, show)
			break
		}
		show(0, len(file))
		each(fence, hide)
		each(markdown, hide)
	case "go":
		showGo(name, file, prose)
		each(quoted, hide)
	case "hash":
		each(hash, func(from, to int) {
			show(from, to)
			prose[from-1] = ' '
		})
		each(description, show)
		for _, at := range block.FindAllSubmatchIndex(file, -1) {
			indent := strings.Repeat(" ", at[3]-at[2]+1)
			end := at[4]
			for line := range strings.Lines(string(file[at[4]:at[5]])) {
				if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, indent) {
					break
				}
				end += len(line)
			}
			show(at[4], end)
		}
		each(quoted, hide)
	case "json":
		each(description, show)
		each(quoted, hide)
	case "texts":
		each(text, show)
	}
	for i, b := range file {
		if prose[i] == 0 && unicode.IsSpace(rune(b)) {
			prose[i] = b // a phrase may go on in the next line
		}
	}
	return prose
}

// showGo shows comments and, outside of tests, texts of several words.
func showGo(name string, file, prose []byte) {
	var s scanner.Scanner
	files := token.NewFileSet()
	in := files.AddFile(name, -1, len(file))
	s.Init(in, file, nil, scanner.ScanComments)
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			return
		}
		from := in.Offset(pos)
		to := min(from+len(literal), len(file))
		switch {
		case tok == token.COMMENT && !strings.HasPrefix(literal, "//go:"):
			copy(prose[from:to], file[from:to])
			prose[from], prose[from+1] = ' ', ' '
		case tok == token.STRING && !strings.HasSuffix(name, "_test.go") && strings.Contains(literal, " "):
			copy(prose[from+1:to-1], file[from+1:to-1])
		}
	}
}
