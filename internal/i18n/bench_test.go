package i18n

import "testing"

func BenchmarkText(b *testing.B) {
	words := All().In("de")
	b.ReportAllocs()
	for b.Loop() {
		_ = words.Text("profile.description", "addresses", "anna@example.com")
	}
}
