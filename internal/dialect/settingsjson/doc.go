// Package settingsjson returns the canonical settings of an address or a domain
// as JSON, for programs.
//
// It owns the names of the fields, which are a contract. Unlike the formats of
// mail clients it expresses everything in the model.
package settingsjson
