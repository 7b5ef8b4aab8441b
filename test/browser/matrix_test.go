package browser

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/internal/i18n"
	"github.com/waymark-mail/waymark/test/voices"
)

// people are who comes to the page, and what they choose there.
var people = []struct {
	name, userAgent, device, app string
	width, height                int // of the window, in px
	phone, touch, apple          bool
}{
	{"iPhone", devices[0].userAgent, "iphone", "apple-mail-ios", 390, 664, true, false, true},
	{"iPad", devices[2].userAgent, "iphone", "apple-mail-ios", 820, 1106, false, true, true}, // it identifies itself as a Mac
	{"Gmail", devices[1].userAgent, "android", "gmail-android", 412, 732, true, false, false},
	{"Samsung Email", devices[1].userAgent, "android", "samsung-mail", 412, 732, true, false, false},
	{"Thunderbird on Android", devices[1].userAgent, "android", "thunderbird-android", 412, 732, true, false, false},
	{"Mac", devices[2].userAgent, "mac", "apple-mail-macos", 1280, 720, false, false, true},
	{"new Outlook", devices[3].userAgent, "windows", "outlook-new", 1280, 720, false, false, false},
	{"classic Outlook", devices[3].userAgent, "windows", "outlook-classic", 1280, 720, false, false, false},
	{"Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "linux", "thunderbird", 1280, 720, false, false, false},
	{"printer", devices[3].userAgent, "printer", "printer", 1280, 720, false, false, false},
}

// everyPair goes the way of every person in every language. The voice, the colors, the
// window, scripts, and what happens at the password are spread so that each pair of
// values occurs.
func (p *pages) everyPair(t *testing.T, informal *pages) {
	speakers := map[i18n.Voice]*pages{i18n.Formal: p, i18n.Informal: informal}
	catalogue := map[i18n.Voice]map[string]map[string]string{}
	rules, keys := "", []string{}
	for voice, s := range speakers {
		catalogue[voice] = catalogues(voice)
		keys = append(keys, fingerprint(s.identity))
		// No page is redirected to https on a host name that is not the one of the settings.
		for port, at := range map[string]string{"80": s.HTTP, "443": s.HTTPS} {
			rules += "MAP " + net.JoinHostPort(hostOf(voice), port) + " " + at + ", "
		}
	}
	windows, ways := []string{"usual", "320 px", "200 %"}, []string{"http", "skipped", "right"}
	var flows []map[string]any
	type spoken struct{ language, voice, address, origin, app string }
	told := map[string]spoken{} // by flow
	for _, row := range pairwise(t, len(people), len(p.languages), 2, 2, 2, len(windows), len(ways)) {
		who, language, voice := people[row[0]], p.languages[row[1]], i18n.Voices()[row[2]]
		scheme, window, way := []string{"light", "dark"}[row[3]], windows[row[5]], ways[row[6]]
		f := map[string]any{
			"name":    fmt.Sprintf("%s, %s, %s, %s, scripts %t, %s, %s", who.name, language, voice, scheme, row[4] == 0, window, way),
			"address": fmt.Sprintf("anna.%d.%d@tried.example", row[0], row[1]), "origin": "https://" + hostOf(voice),
			"userAgent": who.userAgent, "device": who.device, "app": who.app, "apple": who.apple, "touch": who.touch,
			"phone": who.phone && window != "200 %", "width": who.width, "height": who.height,
			"language": language, "voice": voice, "scheme": scheme, "scripts": row[4] == 0, "way": way,
		}
		switch window {
		case "320 px":
			f["width"], f["height"] = 320, 568
		case "200 %":
			f["width"], f["height"], f["scale"] = max(320, who.width/2), who.height/2, 2
		}
		if way == "http" {
			f["origin"] = "http://" + hostOf(voice)
		}
		told[f["name"].(string)] = spoken{language, string(voice), f["address"].(string), f["origin"].(string), who.app}
		flows = append(flows, f)
	}
	p.run(t, "matrix.mjs", map[string]any{
		"flows": flows, "voices": catalogue, "rightPassword": rightPassword,
		"resolver": rules + "MAP * ~NOTFOUND", "key": strings.Join(keys, ","),
	}, func(t *testing.T, l looked) {
		clean(t, l)
		flow := told[l.Name]
		if len(l.Texts) < 50 {
			t.Errorf("only %d texts were read", len(l.Texts))
		}
		clean(t, looked{Findings: otherVoice(l.Texts, flow.language, flow.voice)})
		for screen, weight := range l.Screens {
			if finding := weight.heavy(); finding != "" {
				t.Errorf("%s: %s", screen, finding)
			}
		}
		want := map[string]string{}
		if strings.HasPrefix(flow.app, "thunderbird") {
			want["thunderbird"] = thunderbirdCode("localhost", speakers[i18n.Voice(flow.voice)].mailPort, flow.address)
		}
		links := 0
		for id, picture := range l.Files {
			if strings.HasPrefix(id, flow.origin+"/s/") { // the pages that the person was on
				want[id] = id
				links++
			}
			if got, err := p.read(t, picture); err != nil || got != want[id] {
				t.Errorf("a camera reads %q, %v in the code for %s, want %q", got, err, id, want[id])
			}
		}
		if links == 0 || len(l.Files) != len(want) {
			t.Errorf("there are codes for %v, want also %v", l.Files, want)
		}
	})
}

func hostOf(voice i18n.Voice) string { return string(voice) + ".example.com" }

// otherVoice returns a finding for each text with a word that does not belong to the
// voice.
func otherVoice(texts []string, language, voice string) []string {
	var findings []string
	for _, other := range i18n.Voices() {
		if string(other) == voice {
			continue
		}
		first := voices.WordOf(language, string(other))
		for _, text := range texts {
			if word := first(voices.WithoutLabels(text)); word != "" {
				findings = append(findings, fmt.Sprintf("the %s word %q in %q", other, word, text))
			}
		}
	}
	return findings
}

// pairwise returns rows of values, each from 0 to one less than the size of its column:
// every pair of values of the first two columns, once, with the values of the others
// chosen so that every pair of values of any two columns occurs.
func pairwise(t *testing.T, sizes ...int) [][]int {
	t.Helper()
	type pair struct{ columnA, valueA, columnB, valueB int }
	pairsOf := func(row []int) []pair {
		var pairs []pair
		for b, valueB := range row {
			for a, valueA := range row[:b] {
				pairs = append(pairs, pair{a, valueA, b, valueB})
			}
		}
		return pairs
	}
	everything := [][]int{nil}
	for _, size := range sizes {
		var longer [][]int
		for _, row := range everything {
			for value := range size {
				longer = append(longer, append(slices.Clone(row), value))
			}
		}
		everything = longer
	}
	missing := map[pair]bool{}
	for _, row := range everything {
		for _, pair := range pairsOf(row) {
			missing[pair] = true
		}
	}
	var rows [][]int
	for same := range slices.Chunk(everything, len(everything)/sizes[0]/sizes[1]) {
		news := func(row []int) (count int) {
			for _, pair := range pairsOf(row) {
				if missing[pair] {
					count++
				}
			}
			return count
		}
		// Of equally good rows, another one each time.
		turn := len(rows) % len(same)
		best := slices.MaxFunc(slices.Concat(same[turn:], same[:turn]), func(a, b []int) int { return news(a) - news(b) })
		for _, pair := range pairsOf(best) {
			delete(missing, pair)
		}
		rows = append(rows, best)
	}
	if len(missing) > 0 {
		t.Fatalf("%d rows lack the pairs %v", len(rows), missing)
	}
	return rows
}
