// Package voices knows the words by which a text of the page addresses people, formally
// or as friends, in each language that has both. It does not know the texts.
package voices
