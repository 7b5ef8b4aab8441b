//go:build linux

package docs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// forms are the programs whose commands are tried as far as that goes without
// doing what they say. Whatever else a page shows is an exception.
func forms() map[string]func(*testing.T, string) {
	return map[string]func(*testing.T, string){
		"waymark": isKnownToWaymark, "make": isTarget, "go": isThere,
		"systemctl": isAboutAUnit, "journalctl": isAboutAUnit,
	}
}

// exception is a command that is not run as it stands, and what is done instead.
type exception struct {
	command string                   // to the letter: whoever changes the one looks at the other
	reason  string                   // why it is not run
	instead func(*testing.T, string) // nil where nothing can be done
}

func exceptions() []exception {
	return []exception{
		{`apt install ./waymark_*_amd64.deb`, "a package is made and installed by the test of the packages", tested("test/deploy/packages", "TestRelease")},
		{`sudo install waymark /usr/local/bin/`, "writes to the system", afterReplacing("sudo ", "", "/usr/local/bin/", "bin/")},
		{`sed '1,/^}/d' Caddyfile >> /etc/caddy/Caddyfile`, "writes to the system", hasTheSitesOnly},
		{`editor /etc/waymark/waymark.yaml`, "a person does that", isInThePackages("/etc/waymark/waymark.yaml")},

		{`docker build -t registry.example.org/waymark:1 .`, "needs an engine; the images are built by the test of the container", tested("test/deploy/container", "TestFromSource")},
		{`docker build --tag waymark-mail/waymark:1.2.3 .`, "the same", tested("test/deploy/container", "TestFromSource")},
		{`docker push registry.example.org/waymark:1`, "needs a registry", nil},
		{`source mailcow.conf`, "needs mailcow", nil},
		{`docker compose exec -T mysql-mailcow mysql -uroot -p"$DBROOT" mailcow < waymark.sql`, "needs mailcow; the statements are run", nil},

		{`kubectl create namespace waymark`, "needs a cluster", inTheCluster},
		{`kubectl -n waymark create secret tls waymark-signing --cert=fullchain.pem --key=privkey.pem`, "needs a cluster", inTheCluster},
		{`kubectl -n waymark create secret tls waymark-tls --cert=fullchain.pem --key=privkey.pem`, "needs a cluster", inTheCluster},
		{`kubectl -n waymark create secret generic waymark-links --from-literal=key="$(openssl rand -hex 32)"`, "needs a cluster", inTheCluster},
		{`helm -n waymark install waymark deploy/helm/waymark -f values.yaml`, "needs a cluster", inTheCluster},
		{`kubectl -n waymark rollout status deployment/waymark`, "needs a cluster", inTheCluster},
		{`kubectl -n waymark port-forward service/waymark 8080:80`, "needs a cluster", inTheCluster},
		{`helm upgrade`, "needs a cluster", nil},
		{`curl --retry 9 --retry-connrefused 'http://localhost:8080/mail/config-v1.1.xml?emailaddress=anna@example.org'`, "needs a cluster", isAnswered},
		{`kubectl get pods -l app.kubernetes.io/name=waymark`, "needs a cluster", isInTheChart("app.kubernetes.io/name")},
		{`kubectl get configmap waymark -o yaml`, "needs a cluster", isInTheChart("kind: ConfigMap")},
		{`kubectl describe pod`, "needs a cluster", nil},
		{`kubectl describe certificate`, "needs a cluster with cert-manager", nil},

		{`groupadd --system waymark-keys`, "writes to the system", nil},
		{`chgrp waymark-keys /etc/waymark/*.key`, "writes to the system", nil},
		{`chmod 640 /etc/waymark/*.key`, "writes to the system", nil},

		{`certbot certonly --webroot -w /var/www/html -d waymark.example.org -d autoconfig.example.org -d autodiscover.example.org`, "needs names that lead here", nil},
		{`certbot renew --dry-run`, "the same", nil},
		{`dig +short CNAME mail.example.net`, "needs the DNS of the internet", nil},
		{`curl -v 'https://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=anna@example.org'`, "needs names that lead here", isAnswered},
		{`curl -v 'https://autoconfig.DOMAIN/mail/config-v1.1.xml?emailaddress=anna@DOMAIN'`, "the same", isAnswered},
		{`openssl s_client -connect autoconfig.example.org:443 -servername autoconfig.example.org < /dev/null | openssl x509 -noout -checkhost autoconfig.example.org`, "the same", isAnswered},
		{`curl http://127.0.0.1:9090/metrics`, "has placeholders, as the following", isAnswered},
		{`curl http://HOST:9090/readyz`, "has placeholders", isAnswered},
		{`openssl x509 -noout -enddate -in FILE`, "has placeholders", isAnswered},

		{`doveconf -n login_trusted_networks`, "needs a Dovecot that is set up; the settings are given to it elsewhere", tested("docs", "TestSettingsOfOthers")},
		{`systemctl reload dovecot`, "needs systemd", nil},
		{`systemctl reload caddy`, "needs systemd", nil},
		{`fail2ban-client reload`, "needs fail2ban", nil},
		{`systemctl reload`, "needs systemd", nil},
		{`systemctl list-timers`, "needs systemd", nil},

		{`./waymark-new check -c /etc/waymark/waymark.yaml`, "there is no other version", func(t *testing.T, command string) {
			isKnownToWaymark(t, strings.TrimPrefix(strings.Replace(command, "-new", "", 1), "./"))
		}},
		{`/usr/bin/time -v waymark check -c FILE`, "measures", func(t *testing.T, command string) {
			isKnownToWaymark(t, strings.TrimPrefix(command, "/usr/bin/time -v "))
		}},
		{`tools/throughput`, "measures, for minutes", isAScript},
		{`tools/release/version 1.2.3`, "changes the repository", isAScript},
		{`.ci/run`, "runs this test", isAScript},
		{`go -C tools/release install github.com/goreleaser/goreleaser/v2`, "builds for minutes", isPinned("tools/release/go.mod", "github.com/goreleaser/goreleaser/v2")},
		{`govulncheck ./...`, "needs the internet", nil},
		{`goreleaser release --clean`, "publishes; the test of the packages makes a release", tested("test/deploy/packages", "TestRelease")},
		{`goreleaser release --clean --skip=publish`, "the same", tested("test/deploy/packages", "TestRelease")},
		{`git tag --sign v1.2.3 --message 'Waymark 1.2.3'`, "needs a key", inARepository("--sign", "--annotate")},
		{`git push origin v1.2.3`, "publishes", inARepository("git push", "git tag v1.2.3 && git push")},
		{`git clone`, "needs the internet", nil},
		{`go get -u`, "says what not to do", nil},
		{`sha256sum --check --ignore-missing checksums.txt`, "needs a download", func(t *testing.T, command string) {
			inAFolder(t, "echo text > file && sha256sum file other-file 2> /dev/null > checksums.txt || "+command)
		}},
	}
}

// TestShown tries every command that is only shown, and finds exceptions for
// commands that nobody shows any longer.
func TestShown(t *testing.T) {
	for _, program := range []string{"bash", "make", "git", "curl", "openssl"} {
		need(t, program, program)
	}
	byCommand := map[string]exception{}
	for _, e := range exceptions() {
		if e.reason == "" || byCommand[e.command].reason != "" {
			t.Errorf("no reason, or twice: %s", e.command)
		}
		byCommand[e.command] = e
	}
	seen := map[string]bool{}
	for _, page := range guides() {
		for _, c := range commands(t, page) {
			if seen[c.command] {
				continue
			}
			seen[c.command] = true
			program, _, _ := strings.Cut(c.command, " ")
			e, excepted := byCommand[c.command]
			try := e.instead
			if !excepted {
				try = forms()[program]
			}
			if try == nil && !excepted {
				t.Errorf("%s:%d: nothing tries %s", c.page, c.line, c.command)
			}
			if try != nil {
				t.Run(c.command, func(t *testing.T) {
					t.Parallel()
					try(t, c.command)
					if t.Failed() {
						t.Errorf("%s:%d: %s", c.page, c.line, c.command)
					}
				})
			}
		}
	}
	for command := range byCommand {
		if !seen[command] {
			t.Errorf("no page shows %s", command)
		}
	}
}

// isKnownToWaymark asks Waymark to explain the command, which it does for
// commands and flags that it has. A synopsis may have several in one.
func isKnownToWaymark(t *testing.T, command string) {
	t.Helper()
	bin, err := waymark()
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(strings.NewReplacer("[", "", "]", "", "'", "").Replace(command))
	several := []string{""}
	for _, word := range words[1:] {
		var more []string
		for _, before := range several {
			for choice := range strings.SplitSeq(word, "|") {
				more = append(more, before+" "+choice)
			}
		}
		several = more
	}
	for _, one := range several {
		args := append(strings.Fields(one), "--help")
		out, err := exec.Command(filepath.Join(bin, "waymark"), args...).CombinedOutput()
		usage := "waymark " + args[0] + " "
		if args[0] == "import" && args[1] != "--help" {
			usage = "waymark import " + args[1] + " "
		}
		if err != nil || !strings.Contains(string(out), usage) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

// isTarget asks make what it would do.
func isTarget(t *testing.T, command string) {
	t.Helper()
	cmd := exec.Command("bash", "-c", strings.Replace(command, "make ", "make --no-print-directory --dry-run ", 1))
	cmd.Dir = ".."
	out, err := cmd.CombinedOutput()
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		t.Errorf("%v: %s", err, out)
	}
	for target, does := range map[string]string{"make run": "go run ./cmd/waymark serve\n", "make build": "CGO_ENABLED=0 go build -trimpath -o waymark ./cmd/waymark\n"} {
		if command == target && string(out) != does {
			t.Errorf("does %s", out)
		}
	}
}

// isThere looks for the package of "go test" or "go run", for what -run and
// -bench name, and for flags that are not those of Go.
func isThere(t *testing.T, command string) {
	t.Helper()
	words := strings.Fields(strings.ReplaceAll(command, "'", ""))
	if len(words) < 3 || words[1] != "test" && words[1] != "run" {
		t.Fatal("is neither test nor run")
	}
	dir := filepath.Join("..", words[2])
	code := source(t, dir)
	for i, word := range words {
		if !strings.HasPrefix(word, "-") {
			continue
		}
		if i+1 == len(words) {
			t.Fatalf("%s has no value", word)
		}
		value := words[i+1]
		switch {
		case word == "-run" && value == "^$":
		case word == "-run" || word == "-bench":
			kind := map[string]string{"-run": "Test", "-bench": "Benchmark"}[word]
			if !regexp.MustCompile(`\nfunc ` + kind + `\w*` + value).MatchString(code) {
				t.Errorf("%s has no %s like %s", dir, kind, value)
			}
		default:
			if !regexp.MustCompile(`flags?\.\w+\((&\w+(\.\w+)*, )?"` + strings.TrimPrefix(word, "-") + `"`).MatchString(code) {
				t.Errorf("%s has no flag %s", dir, word)
			}
		}
	}
}

// source returns the code of a package, with its tests.
func source(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no package %s: %v", dir, err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// isAboutAUnit looks for the unit in the repository.
func isAboutAUnit(t *testing.T, command string) {
	t.Helper()
	words := strings.Fields(command)
	unit := words[len(words)-1]
	if words[0] == "journalctl" {
		unit = words[slices.Index(words, "-u")+1]
	} else if !slices.Contains([]string{"enable", "status", "restart", "reload", "edit"}, words[1]) {
		t.Errorf("what is %s?", words[1])
	}
	if filepath.Ext(unit) == "" {
		unit += ".service"
	}
	if _, err := os.Stat(filepath.Join("../deploy/systemd", unit)); err != nil {
		t.Error(err)
	}
}

func isAScript(t *testing.T, command string) {
	t.Helper()
	path := filepath.Join("..", strings.Fields(command)[0])
	info, err := os.Stat(path)
	if err != nil || info.Mode()&0o111 == 0 {
		t.Fatalf("it cannot be run: %v", err)
	}
	if out, err := exec.Command("bash", "-n", path).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// tested leaves a command to a test of another package.
func tested(pkg, test string) func(*testing.T, string) {
	return func(t *testing.T, _ string) {
		t.Helper()
		if !declares(t, filepath.Join("..", pkg), test) {
			t.Errorf("%s has no %s", pkg, test)
		}
	}
}

// inTheCluster leaves a command to the test that has Helm and the types of
// Kubernetes.
func inTheCluster(t *testing.T, command string) {
	t.Helper()
	tested("tools/kubernetes", "TestQuickstart")(t, command)
}

func isInThePackages(path string) func(*testing.T, string) {
	return contains("../.goreleaser.yaml", "dst: "+path+",")
}

func isInTheChart(text string) func(*testing.T, string) {
	return func(t *testing.T, command string) {
		t.Helper()
		files, err := filepath.Glob("../deploy/helm/waymark/templates/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if read, err := os.ReadFile(file); err == nil && strings.Contains(string(read), text) {
				return
			}
		}
		t.Errorf("the chart has no %s", text)
	}
}

func isPinned(file, module string) func(*testing.T, string) {
	return contains(filepath.Join("..", file), "\ntool "+module+"\n")
}

func contains(file, text string) func(*testing.T, string) {
	return func(t *testing.T, _ string) {
		t.Helper()
		read, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(read), text) {
			t.Errorf("%s has no %q: %v", file, text, err)
		}
	}
}

// inAFolder runs a command in a folder of its own.
func inAFolder(t *testing.T, script string) {
	t.Helper()
	s := stage{dir: t.TempDir(), env: []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null"}}
	if out, errs, err := s.try(t, script); err != nil {
		t.Errorf("%v: %s%s", err, out, errs)
	}
}

func afterReplacing(pairs ...string) func(*testing.T, string) {
	return func(t *testing.T, command string) {
		t.Helper()
		inAFolder(t, "touch waymark && mkdir bin && "+strings.NewReplacer(pairs...).Replace(command)+" && test -x bin/waymark")
	}
}

// inARepository runs a command in a new repository, whose origin is beside it.
func inARepository(pairs ...string) func(*testing.T, string) {
	return func(t *testing.T, command string) {
		t.Helper()
		inAFolder(t, `git init -q --bare origin && git init -q here && cd here && git remote add origin ../origin &&
git config user.name Anna && git config user.email anna@example.org && git commit -q --allow-empty --message one &&
`+strings.NewReplacer(pairs...).Replace(command)+" && git rev-parse v1.2.3")
	}
}

// hasTheSitesOnly wants what is left of the Caddyfile to be understood by
// Caddy, and to begin with the sites.
func hasTheSitesOnly(t *testing.T, command string) {
	t.Helper()
	need(t, "caddy", "caddy")
	file, _, _ := strings.Cut(blockWith(t, "quickstart.md", "cat > Caddyfile"), "caddy run")
	inAFolder(t, file+strings.Replace(command, "/etc/caddy/", "all.", 1)+`
grep -q '^http://waymark.example.org, ' all.Caddyfile
! grep -q email all.Caddyfile
caddy adapt --adapter caddyfile --config all.Caddyfile 2> caddy.log | grep -q 127.0.0.1:8080`)
}

// blockWith returns the block of a page that is run and holds a text.
func blockWith(t *testing.T, page, text string) string {
	t.Helper()
	for _, s := range sections(t, page) {
		for _, b := range s.blocks {
			if b.kind == "sh" && strings.Contains(b.text, text) {
				return b.text
			}
		}
	}
	t.Fatalf("%s does not run %s", page, text)
	return ""
}

// isAnswered runs a command against a Waymark that has TLS, on free ports. The
// names lead there, and the placeholders are filled in.
func isAnswered(t *testing.T, command string) {
	t.Helper()
	bin, err := waymark()
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, bin)
	plain, https, ops := freePort(t), freePort(t), freePort(t)
	write(t, filepath.Join(s.dir, ".curlrc"), "connect-to = \":443:127.0.0.1:"+https+"\"\ncacert = tls.pem\nfail\nretry = 0\n")
	settings, _, _ := strings.Cut(blockWith(t, "operating.md", "cat > waymark.yaml"), "waymark serve")
	certificate, _, _ := strings.Cut(blockWith(t, "operating.md", "-keyout tls.key"), "kill")
	begin := settings + certificate +
		`sed -i 's/:8080/:` + plain + `/; s/:9090/:` + ops + `/' waymark.yaml
echo 'tls: {listen: "127.0.0.1:` + https + `", cert_file: tls.pem, key_file: tls.key}' >> waymark.yaml
waymark serve 2> waymark.log &
until waymark healthcheck 2> /dev/null; do sleep 0.1; done
`
	command = strings.NewReplacer("DOMAIN", "example.org", "HOST", "127.0.0.1", "FILE", "tls.pem",
		"localhost:8080", "127.0.0.1:"+plain, ":9090", ":"+ops, "-connect autoconfig.example.org:443", "-connect 127.0.0.1:"+https).Replace(command)
	out, errs, err := s.try(t, begin+command)
	if err != nil {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	want := map[bool]string{true: "<hostname>mail.example.org</hostname>"}[strings.Contains(command, "config-v1.1")]
	if strings.Contains(command, "checkhost") {
		want = "does match certificate"
	}
	if out == "" || !strings.Contains(out, want) {
		t.Errorf("printed %s%s", out, errs)
	}
}
