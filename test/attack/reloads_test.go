package attack

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

const twoVersions = `listen: "127.0.0.1:0"
ops: {listen: "127.0.0.1:0"}
limits: {requests_per_minute: 0}
providers:
  one:
    services:
      - {protocol: imap, host: imap.version}
      - {protocol: submission, host: smtp.version}
domains:
  example.com: {provider: one}
`

// TestReloadsMixNothing reloads two versions of the settings in turn, under load. No
// answer has a part of each, none is lost, and both versions are served.
func TestReloadsMixNothing(t *testing.T) {
	const reloads = 200
	versions := [2]string{strings.ReplaceAll(twoVersions, ".version", ".a.example"), strings.ReplaceAll(twoVersions, ".version", ".b.example")}
	w := waymark.Start(t, versions[0])
	stop := make(chan struct{})
	var served [2]atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				path := []string{"/mail/config-v1.1.xml?emailaddress=x@example.com", "/api/v1/settings?email=x@example.com"}[n%2]
				text, err := get("http://" + w.HTTP + path)
				a, b := strings.Count(text, ".a.example"), strings.Count(text, ".b.example")
				if err != nil || min(a, b) != 0 || max(a, b) < 2 {
					t.Errorf("%v, %d of one version and %d of the other in %s", err, a, b, text)
					return
				}
				served[min(b, 1)].Add(1)
			}
		})
	}
	for i := range reloads {
		textfile.Write(t, w.Settings, waymark.OnLoopback(versions[(i+1)%2]))
		w.Signal(t, syscall.SIGHUP)
		time.Sleep(10 * time.Millisecond)
	}
	close(stop)
	all.Wait()
	t.Logf("%d reloads; %d answers of one version, %d of the other", reloads, served[0].Load(), served[1].Load())
	if served[0].Load() == 0 || served[1].Load() == 0 {
		t.Error("only one version was served")
	}
}

func get(url string) (string, error) {
	resp, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// TestKilledAtAnyMoment kills Waymark while it starts for the first time, each time a
// little later. What it leaves behind never keeps the next start from working.
func TestKilledAtAnyMoment(t *testing.T) {
	const kills = 60
	binary, state, file := waymark.Binary(t), t.TempDir(), t.TempDir()+"/waymark.yaml"
	textfile.Write(t, file, twoVersions)
	for i := range kills {
		cmd := exec.Command(binary, "serve", "-c", file)
		cmd.Env = append(cmd.Environ(), fmt.Sprintf("STATE_DIRECTORY=%s/%d", state, i/4)) // each folder is used after a kill
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i*3) * time.Millisecond) // up to three times a start
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
	}
	for i := range kills / 4 {
		folder := fmt.Sprintf("%s/%d", state, i)
		w := waymark.StartFile(t, file, "STATE_DIRECTORY="+folder)
		profile, err := get("http://" + w.HTTP + "/profile.mobileconfig?email=x@example.com")
		if err != nil || !strings.Contains(profile, "PayloadContent") {
			t.Errorf("%s: %v, %.200q", folder, err, profile)
		}
	}
}
