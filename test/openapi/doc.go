// Package openapi holds requests and answers against api/openapi.yaml. It is
// for tests alone.
//
// It owns what of an answer must be described. It does not know the code that
// answers, nor how its router matches: paths are matched by the document.
package openapi
