// Package watch reports changed files: replaced by an editor, written by a
// certificate renewer, or swapped behind a link as Kubernetes does it.
//
// It owns the decision whether the content really changed. It does not know
// what the files contain.
package watch
