// Package pox holds what clients of Outlook's Autodiscover share: the XML that
// they post, and the reading of the answer by the letter of MS-OXDSCLI ("plain
// old XML"). Clients with a reader of their own use the request alone.
//
// It does not know which client asks, at which URL, or in which order.
package pox
