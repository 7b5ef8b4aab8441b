package i18n

import "testing"

func BenchmarkText(b *testing.B) {
	words := All().In("de")
	b.ReportAllocs()
	for b.Loop() {
		_ = words.Text("profile.description", "addresses", "anna@example.com")
	}
}

func BenchmarkChoose(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = All().Choose("", "de-CH,de;q=0.9,en;q=0.8")
	}
}
