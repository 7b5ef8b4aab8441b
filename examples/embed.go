package examples

import _ "embed"

//go:embed infomaniak.yaml
var infomaniak string

// Infomaniak returns the settings file infomaniak.yaml.
func Infomaniak() []byte { return []byte(infomaniak) }
