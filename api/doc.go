// Package api embeds the OpenAPI description and the JSON schema of the settings
// file. It owns the documents and does not know the code that answers and reads;
// tests compare the two.
package api
