package api

import _ "embed"

//go:embed openapi.yaml
var description []byte

// Description returns openapi.yaml, for reading only.
func Description() []byte { return description }
