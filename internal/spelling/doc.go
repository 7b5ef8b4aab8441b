// Package spelling measures how similar two words are.
//
// It owns the distance between two words. It knows no words.
package spelling
