// Package autodiscover serves Microsoft's Autodiscover: the XML of Outlook ("POX",
// MS-OXDSCLI), the JSON of version 2, and the mobilesync schema of ActiveSync
// (MS-ASCMD).
//
// It owns the paths, lenient parsing of requests, and the error documents, which
// have HTTP status 200. Of Exchange it knows only the URL of Exchange Web Services,
// and nothing that clients need for MAPI.
package autodiscover
