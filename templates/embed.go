package templates

import "embed"

// Files are the templates of package page, the files that its pages load, and the
// catalogues of package i18n.
//
//go:embed *.html *.css *.js *.ico *.txt texts/*.json
var Files embed.FS
