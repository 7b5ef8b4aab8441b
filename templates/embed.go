package templates

import "embed"

// Files are the templates of package page and the style sheet.
//
//go:embed *.html *.css
var Files embed.FS
