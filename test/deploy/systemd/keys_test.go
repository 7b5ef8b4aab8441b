package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
)

// TestPrivateKeys follows the section Private keys of docs/operating.md: systemd reads the
// unit with the drop-in, the group of the drop-in is the one that is created and that
// gets the key, and others cannot read it.
func TestPrivateKeys(t *testing.T) {
	for _, program := range []string{"systemd-analyze", "groupadd"} {
		programs.Need(t, program, map[string]string{"systemd-analyze": "systemd", "groupadd": "passwd"}[program])
	}
	_, section, _ := strings.Cut(textfile.Read(t, "../../docs/operating.md"), "\n### Private keys\n")
	section, _, _ = strings.Cut(section, "\n### ")
	blocks := map[string]string{}
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(section, -1) {
		blocks[m[1]] = m[2]
	}
	dir := t.TempDir()
	group := regexp.MustCompile(`(?m)^SupplementaryGroups=(\S+)$`).FindStringSubmatch(blocks["ini"])
	if group == nil || !strings.Contains(section, "`/etc/systemd/system/waymark.service.d/keys.conf`") {
		t.Fatalf("the section has no drop-in with a group, or no name for it:\n%s", section)
	}
	textfile.Write(t, filepath.Join(dir, "waymark.service"), strings.ReplaceAll(textfile.Read(t, "waymark.service"), "/usr/bin/waymark", "/bin/true"))
	for _, folder := range []string{"waymark.service.d", "etc"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	textfile.Write(t, filepath.Join(dir, "waymark.service.d", "keys.conf"), blocks["ini"])
	verify := exec.Command("systemd-analyze", "verify", "--man=no", filepath.Join(dir, "waymark.service"))
	verify.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":", "SYSTEMD_LOG_LEVEL=warning")
	if out, err := verify.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}

	// The group is created in files of the test, and one of this process stands in for it.
	key := filepath.Join(dir, "etc", "tls.key")
	for _, file := range []string{"group", "gshadow", "tls.key"} {
		textfile.Write(t, filepath.Join(dir, "etc", file), "")
	}
	text := blocks["console"]
	for page, here := range map[string]string{
		"groupadd --system":       "groupadd --prefix " + dir + " --system",
		"systemctl daemon-reload": "", "systemctl restart waymark": "",
		"chgrp " + group[1]: `chgrp "$(id -g)"`, "/etc/waymark": filepath.Dir(key),
	} {
		if !strings.Contains(text, page) {
			t.Errorf("the section has no %q", page)
		}
		text = strings.ReplaceAll(text, page, here)
	}
	programs.Output(t, exec.Command("bash", "-ec", text))
	if groups := textfile.Read(t, filepath.Join(dir, "etc", "group")); !strings.HasPrefix(groups, group[1]+":") {
		t.Errorf("the groups are %q, the unit has %s", groups, group[1])
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the key: %v, %v", info.Mode(), err)
	}
}
