// Package browser holds no code: its tests open the pages for people in a real
// Chromium, served by a whole running Waymark, and walk through them as people
// do. It knows the pages by their words and their roles, not by how they are
// made; the scripts that steer the browser are beside it, with the versions of
// what they need.
package browser
