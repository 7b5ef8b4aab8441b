// Package settingsjson gives programs the canonical settings of an address or
// a domain as JSON.
//
// It owns the names of the fields, which are a contract. Unlike the dialects it
// hides nothing that they cannot say.
package settingsjson
