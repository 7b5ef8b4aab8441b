package attack

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/textfile"
)

var soak = flag.Duration("soak", 40*time.Second, "how long TestSoak lasts")

// TestSoak has customers visit for a long time while attackers come and go and the
// operator edits the settings file, rightly and wrongly. Everybody is answered, and
// what Waymark holds does not grow.
func TestSoak(t *testing.T) {
	h := start(t, "")
	control := start(t, "")
	good := textfile.Read(t, h.Settings)
	halfWritten, _, _ := strings.Cut(good, "domains:")
	ctx, stop := context.WithTimeout(t.Context(), *soak)
	defer stop()

	var seen, normal Report
	var visits sync.WaitGroup
	visits.Go(func() { seen, normal = visit(ctx, h, control) })
	var held []holding
	const period = 5 * time.Second // of all attackers, all edits, and a second of rest
	for round := 0; ctx.Err() == nil; round++ {
		begun := time.Now()
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			Streams{HTTPS: h.HTTPS, TLS: h.tls, From: "127.0.0.2", Connections: 4, Each: 50, Method: "GET", Path: "/assets/waymark.css"}.Open(t)
			for range 50 { // connections that say nothing
				silent, err := net.Dial("tcp", h.HTTP)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = silent.Close() })
			}
			strangers(ctx, h.HTTP, 200*round)
			for _, edit := range []string{"# edited\n" + good, good + "unknown_key: 1\n", "providers: [", halfWritten, good} {
				textfile.Write(t, h.Settings, edit)
				wait(ctx, period/7)
			}
		})
		wait(ctx, period-time.Since(begun))
		held = append(held, h.heldAtRest(t))
	}
	visits.Wait()
	seen.Check(t, normal)
	t.Logf("after %d rounds:\n%s", len(held), strings.Join(firstAndLast(held), "\n"))
	// A first third fills pools and caches.
	early, late := held[len(held)/3:2*len(held)/3], held[2*len(held)/3:]
	for what, limit := range map[string]float64{"process_resident_memory_bytes": 8 << 20, "go_goroutines": 50, "process_open_fds": 50} {
		if before, after := most(early, what), most(late, what); after > before*1.15+limit {
			t.Errorf("%s grew from %.0f to %.0f", what, before, after)
		}
	}
}

// strangers send requests that have no good answer, all different.
func strangers(ctx context.Context, address string, seed int) {
	for i := range 200 {
		for _, path := range []string{"/mail/config-v1.1.xml?emailaddress=a@x%d.example", "/nothing/%d", "/mail/config-v1.1.xml?emailaddress=%%zz%d", "/s/%d"} {
			r, err := http.NewRequestWithContext(ctx, "GET", "http://"+address+fmt.Sprintf(path, seed+i), nil)
			if err != nil {
				continue // the time is up
			}
			if resp, err := http.DefaultClient.Do(r); err == nil {
				_ = resp.Body.Close()
			}
		}
	}
}

// heldAtRest returns what Waymark holds once the attackers of a round have left,
// which a busy machine notices late.
func (h house) heldAtRest(t *testing.T) holding {
	t.Helper()
	for range 300 {
		if held := h.held(t); held["go_goroutines"] < 100 {
			return held
		}
		time.Sleep(200 * time.Millisecond)
	}
	return h.held(t)
}

// holding is what a process holds, by the name of its metric.
type holding map[string]float64

func (h house) held(t *testing.T) holding {
	t.Helper()
	resp, err := http.Get("http://" + h.Ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	found := holding{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		var value float64
		for _, name := range []string{"process_resident_memory_bytes", "go_goroutines", "process_open_fds"} {
			if _, err := fmt.Sscanf(lines.Text(), name+" %g", &value); err == nil {
				found[name] = value
			}
		}
	}
	if len(found) != 3 {
		t.Fatalf("/metrics has only %v", found)
	}
	return found
}

func most(all []holding, what string) float64 {
	values := []float64{0}
	for _, h := range all {
		values = append(values, h[what])
	}
	return slices.Max(values)
}

func firstAndLast(all []holding) []string {
	return []string{fmt.Sprint(all[0]), fmt.Sprint(all[len(all)-1])}
}
