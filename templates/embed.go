package templates

import "embed"

// Files are the templates of package page, the style sheet, and the catalogues
// of package i18n.
//
//go:embed *.html *.css *.js texts/*.json
var Files embed.FS
