// Package attack has the attackers of the tests, and the ordinary clients beside
// them, who report what the attack does to them. The tests here attack a real
// Waymark for seconds; short ones are beside the code that resists. It does not
// know how Waymark defends itself.
package attack
