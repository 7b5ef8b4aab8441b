// Package api has the description of what Waymark answers. It owns the document
// and knows nothing of the code that answers, which tests hold against it.
package api
