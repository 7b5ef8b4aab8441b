// Package outlook is classic Outlook for Windows: which URLs it asks, and how it
// reads Autodiscover.
//
// It owns the order of MS-OXDISCO section 3.1.5. New Outlook and the mobile apps
// ask Microsoft's cloud, which decides by itself and cannot be modelled.
package outlook
