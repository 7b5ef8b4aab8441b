package clients

import (
	"github.com/waymark-mail/waymark/internal/clients/apple"
	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/clients/davx5"
	"github.com/waymark-mail/waymark/internal/clients/deltachat"
	"github.com/waymark-mail/waymark/internal/clients/emclient"
	"github.com/waymark-mail/waymark/internal/clients/evolution"
	"github.com/waymark-mail/waymark/internal/clients/fairemail"
	"github.com/waymark-mail/waymark/internal/clients/gnome"
	"github.com/waymark-mail/waymark/internal/clients/k9"
	"github.com/waymark-mail/waymark/internal/clients/kmail"
	"github.com/waymark-mail/waymark/internal/clients/nextcloud"
	"github.com/waymark-mail/waymark/internal/clients/outlook"
	"github.com/waymark-mail/waymark/internal/clients/pacc"
	"github.com/waymark-mail/waymark/internal/clients/snappymail"
	"github.com/waymark-mail/waymark/internal/clients/thunderbird"
)

// All lists every client.
func All() []client.Client {
	return []client.Client{
		thunderbird.Client(),
		k9.Client(),
		outlook.Client(),
		apple.Client(),
		evolution.Client(),
		gnome.Client(),
		kmail.Client(),
		fairemail.Client(),
		deltachat.Client(),
		nextcloud.Client(),
		snappymail.Client(),
		emclient.Client(),
		davx5.Client(),
		pacc.Client(),
	}
}
