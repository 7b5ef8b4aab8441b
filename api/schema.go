package api

import _ "embed"

//go:embed config.schema.json
var schema []byte

// SettingsSchema returns config.schema.json, for reading only.
func SettingsSchema() []byte { return schema }
