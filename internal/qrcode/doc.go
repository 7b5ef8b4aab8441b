// Package qrcode draws QR codes: as SVG for pages and as text for terminals.
//
// It owns how a code looks. It does not know what the links in it mean.
package qrcode
