package config

import "strings"

// maxCandidates bounds the work.
const maxCandidates = 100

// nearest returns the known word that was most likely meant; false when none is
// close.
func nearest[T ~string](word string, known []T) (T, bool) {
	const most = 2 // changed letters
	word = strings.ToLower(word)
	if len(known) > maxCandidates || len(word) > 40 {
		return "", false
	}
	best, bestDistance := T(""), most+1
	for _, k := range known {
		if meant(word, string(k)) {
			return k, true
		}
		// At least one letter and about half of a short word must match.
		d := distance(word, string(k))
		if d < bestDistance && d < len(k) && 2*d < len(k)+2 {
			best, bestDistance = k, d
		}
	}
	return best, best != ""
}

// meant reports whether word is the name of other mail software for known.
func meant(word, known string) bool {
	switch known {
	case "tls":
		return word == "ssl" || word == "ssl/tls"
	case "plaintext":
		return word == "none" || word == "plain" || word == "cleartext"
	case "submission":
		return word == "smtp" || word == "smtps"
	case "activesync":
		return word == "eas" || word == "exchange"
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

// distance is the Levenshtein distance of a and b, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
