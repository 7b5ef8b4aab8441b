package service

import (
	"fmt"

	"github.com/waymark-mail/waymark/internal/config"
)

// fewDomains may always disappear at once, unless none is left.
const fewDomains = 10

// guardDomains returns an error when new settings lack more of the listed domains and
// suffixes than reload.max_removed allows: a file may have been cut off while it was written.
// The limit is the current one, which the new settings cannot raise.
func guardDomains(old, next *config.Config) error {
	removed, all := 0, len(old.Domains)+len(old.Below)
	for d := range old.Domains {
		if _, ok := next.Domains[d]; !ok {
			removed++
		}
	}
	for suffix := range old.Below {
		if next.Below[suffix] == nil {
			removed++
		}
	}
	if removed <= fewDomains && len(next.Domains)+len(next.Below) > 0 || removed*100 <= all*old.Reload.MaxRemoved {
		return nil
	}
	return fmt.Errorf("%d of %d domains are missing from the new settings, more than %d%% (reload.max_removed): "+
		"if the file is complete, send POST /-/reload?force to the operators' listener, or restart", removed, all, old.Reload.MaxRemoved)
}
