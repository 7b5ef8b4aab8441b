// Package api embeds the OpenAPI description. It owns the document and does not
// know the code that answers; tests compare the two.
package api
