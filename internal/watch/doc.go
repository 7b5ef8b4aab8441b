// Package watch notices that files changed: replaced by an editor, written by
// a certificate renewer, or exchanged behind a link as Kubernetes does it.
//
// It owns the question whether anything really changed. It does not read what
// is in the files for anybody else, and knows nothing of what they mean.
package watch
