// Package declaration renders the accounts of a mailbox as declarations for Apple's
// declarative device management, which an MDM server sends to its devices.
//
// It owns the JSON of the declarations. It serves nothing, and knows no credentials:
// these are assets of the MDM server.
package declaration
