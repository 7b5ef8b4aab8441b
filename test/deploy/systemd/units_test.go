package systemd

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// TestMain runs the tests in the folder whose files they check.
func TestMain(m *testing.M) { os.Exit(textfile.RunIn(m, "../../../deploy/systemd")) }

const patience = time.Minute

// units are all units of this folder.
func units(t *testing.T) []string {
	t.Helper()
	services, err := filepath.Glob("*.service")
	if err != nil {
		t.Fatal(err)
	}
	sockets, err := filepath.Glob("*.socket")
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(services, sockets)
	if want := []string{"waymark.service", "waymark-https.socket", "waymark.socket"}; !slices.Equal(all, want) {
		t.Errorf("units %v, want %v", all, want)
	}
	return all
}

// TestExposure: systemd's own measure of what a service could do to the
// machine, from 0 to 10.
func TestExposure(t *testing.T) {
	programs.Need(t, "systemd-analyze", "systemd")
	out := programs.Output(t, exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "./waymark.service"))
	found := regexp.MustCompile(`exposure level for waymark.service: ([0-9.]+)`).FindStringSubmatch(out)
	if found == nil {
		t.Fatal(out)
	}
	if level, err := strconv.ParseFloat(found[1], 64); err != nil || level > 1.5 {
		t.Errorf("exposure %s, want 1.5 at most:\n%s", found[1], out)
	}
}

// TestVerify has systemd read the units. Only the path of the binary is one
// that is here.
func TestVerify(t *testing.T) {
	programs.Need(t, "systemd-analyze", "systemd")
	dir := t.TempDir()
	for _, unit := range units(t) {
		text := strings.ReplaceAll(textfile.Read(t, unit), "/usr/bin/waymark", "/bin/true")
		if err := os.WriteFile(filepath.Join(dir, unit), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, unit := range units(t) {
		cmd := exec.Command("systemd-analyze", "verify", "--man=no", filepath.Join(dir, unit))
		cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":", "SYSTEMD_LOG_LEVEL=warning")
		out, err := cmd.CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", unit, err, out)
		}
	}
}

// TestSettings compares what systemd cannot verify with the documents.
func TestSettings(t *testing.T) {
	for unit, want := range map[string]map[string]string{
		"waymark.service": {
			"Restart": "on-failure", "LimitNOFILE": "65536", "WantedBy": "multi-user.target",
			"StateDirectory": "waymark", "StateDirectoryMode": "0700", "AmbientCapabilities": "CAP_NET_BIND_SERVICE",
			"Wants": "network-online.target", "After": "network-online.target", "UMask": "0077", "DynamicUser": "yes",
			"EnvironmentFile": "-/etc/default/waymark", "SystemCallErrorNumber": "EPERM", "RestartSec": "1s", "Type": "notify", "WatchdogSec": "30s",
		},
		"waymark.socket":       {"ListenStream": "80", "FileDescriptorName": "http", "WantedBy": "sockets.target"},
		"waymark-https.socket": {"ListenStream": "443", "FileDescriptorName": "https", "WantedBy": "sockets.target", "Service": "waymark.service"},
	} {
		for key, value := range want {
			if got := setting(t, unit, key); got != value {
				t.Errorf("%s: %s=%s, want %s", unit, key, got, value)
			}
		}
		if setting(t, unit, "Description") == "" || !strings.Contains(setting(t, unit, "Documentation"), "man:waymark(1)") {
			t.Errorf("%s lacks a description or documentation", unit)
		}
	}
}

// TestCommands starts the real binary with the command line of the unit and
// with a socket, as systemd does, reloads it as the unit says, and stops it.
func TestCommands(t *testing.T) {
	binary := waymark.Binary(t)
	dir, err := os.MkdirTemp("", "systemd") //nolint:usetesting // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	settings, notify := filepath.Join(dir, "waymark.yaml"), filepath.Join(dir, "notify")
	textfile.Write(t, settings, waymark.OnLoopback(textfile.Read(t, "../../examples/selfhosted.yaml")))
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = manager.Close() }()
	public, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = public.Close() }()
	socket, err := public.File()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()

	here := strings.NewReplacer("/usr/bin/waymark", binary, "/etc/waymark/waymark.yaml", settings)
	args := strings.Fields(here.Replace(setting(t, "waymark.service", "ExecStart")))
	// The variables name the process itself, which the shell becomes.
	serve := exec.Command("/bin/sh", append([]string{"-c", `LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$0" "$@"`}, args...)...)
	serve.Env = []string{
		"STATE_DIRECTORY=" + filepath.Join(dir, "state"), "NOTIFY_SOCKET=" + notify, "WATCHDOG_USEC=200000",
		"LISTEN_FDS=1", "LISTEN_FDNAMES=" + setting(t, "waymark.socket", "FileDescriptorName"),
	}
	serve.ExtraFiles = []*os.File{socket}
	var said bytes.Buffer
	serve.Stderr = &said
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			_ = serve.Process.Kill() // it may be gone
			_ = serve.Wait()
			t.Log(said.String())
		}
	})
	await(t, manager, "READY=1")
	resp, err := http.Get("http://" + public.Addr().String() + "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=anna@example.org")
	if err != nil {
		t.Fatal(err)
	}
	if _ = resp.Body.Close(); resp.StatusCode != 200 {
		t.Errorf("status %d over the socket of systemd", resp.StatusCode)
	}
	await(t, manager, "WATCHDOG=1")
	reload := strings.ReplaceAll(setting(t, "waymark.service", "ExecReload"), "$MAINPID", strconv.Itoa(serve.Process.Pid))
	programs.Output(t, exec.Command("sh", "-c", reload))
	await(t, manager, "RELOADING=1")
	await(t, manager, "READY=1")
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	await(t, manager, "STOPPING=1")
	if err := serve.Wait(); err != nil {
		t.Error(err)
	}
}

// await reads notifications to systemd until this one comes.
func await(t *testing.T, manager *net.UnixConn, want string) {
	t.Helper()
	if err := manager.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for buf := make([]byte, 1024); ; {
		n, err := manager.Read(buf)
		if err != nil {
			t.Fatalf("no notification %s to systemd: %v", want, err)
		}
		if slices.Contains(strings.Split(string(buf[:n]), "\n"), want) {
			return
		}
	}
}

// setting returns a value of a unit; "" when it is not there once.
func setting(t *testing.T, unit, key string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^`+key+`=(.*)$`).FindAllStringSubmatch(textfile.Read(t, unit), -1)
	if len(found) != 1 {
		return ""
	}
	return found[0][1]
}
