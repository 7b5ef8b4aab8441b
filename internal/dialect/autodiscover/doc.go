// Package autodiscover serves Microsoft's Autodiscover: the XML of Outlook ("POX",
// MS-OXDSCLI), the JSON of version 2, and the mobilesync schema of ActiveSync
// (MS-ASCMD).
//
// It owns the paths, lenient parsing of requests, and the error documents, which
// have HTTP status 200. It does not know Exchange: it never returns an EXCH, EXPR
// or WEB block, for which clients would create an account that cannot work.
package autodiscover
