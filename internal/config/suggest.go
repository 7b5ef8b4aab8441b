package config

import (
	"strings"

	"github.com/waymark-mail/waymark/internal/spelling"
)

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
		d := spelling.Distance(word, plain)
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
