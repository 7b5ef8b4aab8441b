package page

import (
	"encoding/base64"
	"html/template"

	"github.com/waymark-mail/waymark/internal/settings"
	"github.com/waymark-mail/waymark/templates"
)

// standalone has the style, the script and the logos of a page that is opened from a
// file.
type standalone struct {
	Style    template.CSS
	Script   template.JS
	Logo     template.URL
	LogoDark template.Srcset
}

func newStandalone(b settings.Brand) (*standalone, error) {
	style, err := styleIn(b.Color)
	if err != nil {
		return nil, err
	}
	script, err := templates.Files.ReadFile("waymark.js")
	if err != nil {
		return nil, err
	}
	return &standalone{
		Style:    template.CSS(style),                  //nolint:gosec // embedded files, and a colour that the settings check
		Script:   template.JS(script),                  //nolint:gosec // an embedded file
		Logo:     template.URL(dataURL(b.Logo)),        //nolint:gosec // an image does not run
		LogoDark: template.Srcset(dataURL(b.LogoDark)), //nolint:gosec // nor does this one
	}, nil
}

func dataURL(logo settings.Logo) string {
	return "data:" + logo.Type() + ";base64," + base64.StdEncoding.EncodeToString([]byte(logo.Data()))
}
