package replicas

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/dnstest"
	"github.com/waymark-mail/waymark/test/textfile"
)

// TestOneReplicaExamines: of two that share the storage one examines, and the other takes
// over when it ends. With many domains, examinations are seconds apart.
func TestOneReplicaExamines(t *testing.T) {
	t.Parallel()
	h := newHoster(t)
	resolver := dnstest.Start(t, "")
	text, err := os.ReadFile(h.settings)
	if err != nil {
		t.Fatal(err)
	}
	settings := strings.Replace(string(text), `ops: {listen: "127.0.0.1:0"}`, fmt.Sprintf(`ops: {listen: "127.0.0.1:0", examine_every: 1h, resolver: %q}`, resolver.Addr), 1) + "domains:\n"
	for i := range 400 {
		settings += fmt.Sprintf("  own-%d.example: {provider: mine}\n", i)
	}
	textfile.Write(t, h.settings, settings)

	examined := func(r *replica) (n int) {
		resp, err := http.Get("http://" + r.Ops + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^waymark_doctor_examinations_total\{.*\} (\d+)$`).FindAllSubmatch(text, -1) {
			count, err := strconv.Atoi(string(m[1]))
			if err != nil {
				t.Fatal(err)
			}
			n += count
		}
		return n
	}
	until := func(r *replica, want int) {
		t.Helper()
		for begun := time.Now(); examined(r) < want; time.Sleep(200 * time.Millisecond) {
			if time.Since(begun) > patience {
				t.Fatalf("%d domains examined, want %d", examined(r), want)
			}
		}
	}
	one := h.start(t.TempDir())
	until(one, 1)
	two := h.start(t.TempDir())
	until(one, 4)
	if n := examined(two); n > 0 {
		t.Errorf("the other one examined %d domains as well", n)
	}
	one.Stop(t)
	until(two, 1)
}
