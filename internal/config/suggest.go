package config

import "strings"

// maxCandidates bounds the work.
const maxCandidates = 100

// nearest returns the known word that was most likely meant; false when none is
// close: a third of its letters may differ, and one of a short word.
func nearest[T ~string](word string, known []T) (T, bool) {
	word = strings.ReplaceAll(strings.ToLower(word), "-", "_")
	if len(known) > maxCandidates || len(word) > 40 {
		return "", false
	}
	best, bestDistance := T(""), len(word)
	for _, k := range known {
		if meant(word, string(k)) {
			return k, true
		}
		plain := strings.ReplaceAll(string(k), "-", "_")
		d := distance(word, plain)
		if most := max(1, min(len(word), len(plain))/3); d < bestDistance && d <= most && len(plain) > 1 {
			best, bestDistance = k, d
		}
	}
	return best, best != ""
}

// meant reports whether word is the name of other mail software for known.
func meant(word, known string) bool {
	word = strings.ReplaceAll(word, "_", "-")
	switch known {
	case "warn":
		return word == "warning"
	case "tls":
		return word == "ssl" || word == "ssl/tls"
	case "plaintext":
		return word == "none" || word == "plain" || word == "cleartext"
	case "submission":
		return word == "smtp" || word == "smtps"
	case "activesync":
		return word == "eas"
	case "ews":
		return word == "exchange"
	case "managesieve":
		return word == "sieve"
	case "password":
		return word == "plain" || word == "cleartext" || word == "password-cleartext"
	case "password-challenge":
		return word == "password-encrypted" || word == "cram-md5"
	case "host":
		return word == "hostname" || word == "server"
	case "login":
		return word == "username" || word == "user"
	case "alias_of":
		return word == "alias"
	}
	return false
}

// distance is the number of letters to change, to insert, to remove or to swap with
// their neighbour between a and b, in bytes.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
