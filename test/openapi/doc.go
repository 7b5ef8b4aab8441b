// Package openapi compares requests and answers with api/openapi.yaml. It is
// for tests alone.
//
// It owns the rule which parts of an answer must be described. It does not know the code that
// answers, nor how its router matches: paths are matched by the document.
package openapi
