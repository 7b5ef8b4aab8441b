// Package spelling tells how alike two words are.
//
// It owns the distance between them. It does not know which words there are.
package spelling
