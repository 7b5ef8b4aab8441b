// Package attack has the attackers for the tests, and the ordinary clients that
// measure what an attack does to them. The tests here attack a real Waymark for
// seconds; shorter ones are beside the code that resists. It does not know how
// Waymark defends itself.
package attack
