package service

import (
	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/dialect/autoconfig"
	"github.com/waymark-mail/waymark/internal/dialect/autodiscover"
	"github.com/waymark-mail/waymark/internal/dialect/mtasts"
	"github.com/waymark-mail/waymark/internal/dialect/pacc"
	"github.com/waymark-mail/waymark/internal/dnsrecords"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Records returns the records to publish for a domain. It sets in the options what the
// dialects answer for it.
func Records(found settings.Settings, o dnsrecords.Options) (dnsrecords.Set, error) {
	_, ofAutoconfig := autoconfig.Render(found)
	anybody := found // Autodiscover has no answer without an address
	anybody.Address = address.Address{Local: "anybody", Domain: found.Domain}
	_, ofOutlook := autodiscover.Render(anybody)
	_, ofMobileSync := autodiscover.RenderMobileSync(anybody)
	document, ofPACC := pacc.Render(found)
	policy, ofMTASTS := mtasts.Render(found)
	for _, err := range []error{ofAutoconfig, ofOutlook, ofMobileSync, ofPACC, ofMTASTS} {
		if err != nil && settings.KindOf(err) != settings.NotOffered {
			return dnsrecords.Set{}, err
		}
	}
	o.PACC, o.MTASTS = document, policy
	o.NoAutoconfig = ofAutoconfig != nil
	o.NoAutodiscover = ofOutlook != nil && ofMobileSync != nil
	return dnsrecords.For(found, o)
}
