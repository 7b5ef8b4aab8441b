// Package terminal prints text that others wrote: names in certificates and
// profiles, answers of servers, data of other systems. Printed as it is, such
// text could move the cursor, hide a line or add one to a report.
//
// It owns what a terminal may be sent. It does not know what is printed.
package terminal
