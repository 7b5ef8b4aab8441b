// Package autodiscover answers Microsoft's Autodiscover: the XML of Outlook
// ("POX", MS-OXDSCLI), the JSON of version 2, and the mobilesync form of
// ActiveSync (MS-ASCMD).
//
// It owns the paths, the reading of a request in whatever shape clients send
// it, and the error documents, which travel with HTTP 200. It does not know
// Exchange: it never offers an EXCH, EXPR or WEB block, for which clients would
// build an account that cannot work.
package autodiscover
