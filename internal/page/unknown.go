package page

import (
	"slices"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/spelling"
)

// mostTypos is how many letters of a domain may be wrong for a suggestion.
const mostTypos = 2

// unknown shows what to do about an address whose domain is unknown: the address that
// may have been meant, and whom to ask. Only domains that everybody may learn are
// suggested, and that of the page: a list of customers is not to be guessed here.
func (v *view) unknown(email string, public []address.Domain) {
	v.Ask = v.T.Text("problem.ask")
	typed, err := address.Parse(email)
	if err != nil {
		return
	}
	best := mostTypos + 1
	for _, d := range append(slices.Clone(public), address.Domain(v.Domain)) {
		wrong := spelling.Distance(typed.Domain.Unicode(), d.Unicode())
		if wrong < best && wrong > 0 && len(d) > 2*mostTypos {
			best, v.Meant = wrong, address.Address{Local: typed.Local, Domain: d}.Unicode()
		}
	}
}
