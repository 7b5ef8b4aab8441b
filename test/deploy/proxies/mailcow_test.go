package proxies

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/waymark-mail/waymark/test/databases"
	"github.com/waymark-mail/waymark/test/programs"
	"github.com/waymark-mail/waymark/test/textfile"
	"github.com/waymark-mail/waymark/test/waymark"
)

// mailcow stands for mailcow's nginx: one server for its names and those of its
// domains, with the same kinds of locations for the same paths, which answer "mailcow".
// It includes site.*.custom at the end of the server.
const mailcow = `map $http_x_forwarded_proto $client_req_scheme {
	default $scheme;
	https https;
}
server {
	listen 127.0.0.1:%[1]s;
	listen 127.0.0.1:%[2]s ssl http2;
	ssl_certificate %[3]s;
	ssl_certificate_key %[4]s;
	server_name mail.example.org autodiscover.* autoconfig.*;
	add_header X-Frame-Options "SAMEORIGIN" always;
	set_real_ip_from 172.16.0.0/12;
	real_ip_header X-Forwarded-For;
	location / { return 200 "mailcow /"; }
	location ~* ^/Autodiscover/Autodiscover.xml { return 200 "mailcow Autodiscover"; }
	location ~* ^/Autodiscover/Autodiscover.json { return 200 "mailcow Autodiscover"; }
	location ~ /(?:m|M)ail/(?:c|C)onfig-v1.1.xml { return 200 "mailcow autoconfig"; }
	location ^~ /SOGo { return 200 "mailcow SOGo"; }
	include %[5]s/site.*.custom;
	error_page 502 @down;
	location @down { return 502 "mailcow waits"; }
}
`

// TestMailcow follows docs/mailcow.md, with MariaDB and nginx as they are in mailcow.
func TestMailcow(t *testing.T) {
	program := programs.Need(t, "nginx", "nginx-light")
	blocks := map[string][]string{}
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(textfile.Read(t, "../../docs/mailcow.md"), -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	if len(blocks["sql"]) != 1 || len(blocks["yaml"]) != 2 || len(blocks["nginx"]) != 1 {
		t.Fatalf("the page has %d SQL, %d YAML and %d nginx blocks", len(blocks["sql"]), len(blocks["yaml"]), len(blocks["nginx"]))
	}
	for _, commands := range blocks["console"] {
		if out, err := exec.Command("bash", "-n", "-c", commands).CombinedOutput(); err != nil {
			t.Errorf("%s\n%s", out, commands)
		}
	}

	server := databases.StartMariaDB(t)
	server.Database(t, "mysql").Exec(t, "CREATE DATABASE mailcow")
	db := server.Database(t, "mailcow")
	db.Exec(t, "CREATE TABLE domain (domain varchar(255) PRIMARY KEY, backupmx tinyint(1) NOT NULL, relay_unknown_only tinyint(1), active tinyint(1) NOT NULL)",
		"CREATE TABLE alias_domain (alias_domain varchar(255) PRIMARY KEY, target_domain varchar(255) NOT NULL, active tinyint(1) NOT NULL)",
		"INSERT INTO domain (domain, backupmx, active) VALUES ('example.org', 0, 1)")
	for statement := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(blocks["sql"][0]), ";"), ";") {
		db.Exec(t, statement)
	}
	host, port, err := net.SplitHostPort(server.Address())
	if err != nil {
		t.Fatal(err)
	}

	// The container: nginx and the settings name it and its network.
	var override struct {
		Services map[string]struct {
			EnvFile  string `yaml:"env_file"`
			Volumes  []string
			Networks map[string]struct{ Aliases []string }
		}
	}
	if err := yaml.Unmarshal([]byte(blocks["yaml"][1]), &override); err != nil {
		t.Fatal(err)
	}
	service := override.Services["waymark"]
	if fmt.Sprint(service.Networks["mailcow-network"].Aliases) != "[waymark]" || service.EnvFile != "data/conf/waymark.env" || service.Volumes[0] != "./data/conf/waymark:/etc/waymark:ro" {
		t.Errorf("the container is %+v", service)
	}

	settings := strings.NewReplacer("host: mysql", "host: "+host+"\n    port: "+port, "172.22.1.0/24", "127.0.0.1").Replace(blocks["yaml"][0])
	password := "WAYMARK_PASSWORD=change-me"
	if !strings.Contains(strings.Join(blocks["console"], ""), "echo '"+password+"' > data/conf/waymark.env\n") {
		t.Errorf("no command writes %s", password)
	}
	w := waymark.Start(t, "listen: \"127.0.0.1:0\"\nops: {listen: \"127.0.0.1:0\"}\n"+settings, password)

	chain, key, roots := certificate(t)
	dir, custom, plain, https := t.TempDir(), t.TempDir(), programs.FreePort(t), programs.FreePort(t)
	site := filepath.Join(custom, "site.waymark.custom")
	text := blocks["nginx"][0]
	textfile.Write(t, site, strings.ReplaceAll(text, "http://waymark:8080", "http://"+w.HTTP))
	if !strings.Contains(text, "http://waymark:8080") {
		t.Error("the site does not lead to the container")
	}
	var temp strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temp, "%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	main := filepath.Join(dir, "nginx.conf")
	textfile.Write(t, main, fmt.Sprintf("daemon off;\nuser root;\npid %s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n%s%s}\n",
		dir, temp.String(), fmt.Sprintf(mailcow, plain, https, chain, key, custom)))
	start(t, nil, program, "-e", "stderr", "-c", main)
	p := await(t, proxy{"127.0.0.1:" + plain, "127.0.0.1:" + https, roots})

	answer := func(url string) string {
		t.Helper()
		_, body := p.ask(t, "127.0.0.9", http.MethodGet, url, "", nil)
		return body
	}
	const autoconfig = "autoconfig.example.org/mail/config-v1.1.xml?emailaddress=anna@example.org"
	for _, scheme := range []string{"http://", "https://"} {
		if got := answer(scheme + autoconfig); !strings.Contains(got, "<displayName>Example Mail</displayName>") {
			t.Errorf("%s: %s", scheme, got)
		}
	}
	if got := answer("http://mail.example.org/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=anna@example.org"); !strings.Contains(got, "<clientConfig") {
		t.Errorf("mail.example.org: %s", got)
	}
	for _, path := range []string{"autodiscover/autodiscover", "Autodiscover/Autodiscover", "AutoDiscover/AutoDiscover"} {
		request := `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>anna@example.org</EMailAddress>` +
			`<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`
		_, body := p.ask(t, "127.0.0.9", http.MethodPost, "https://autodiscover.example.org/"+path+".xml", request, http.Header{"Content-Type": {"text/xml"}})
		if !strings.Contains(body, "<Server>mail.example.org</Server>") {
			t.Errorf("%s: %s", path, body)
		}
	}
	for url, want := range map[string]string{
		"http://mail.example.org/SOGo/so": "mailcow SOGo", "http://mail.example.org/": "mailcow /", "https://autoconfig.example.org/": "mailcow /",
	} {
		if got := answer(url); got != want {
			t.Errorf("%s is answered by %s", url, got)
		}
	}
	until(t, "Waymark sees the client and the scheme", func() bool {
		log := w.Log.String()
		return strings.Contains(log, `"remote":"127.0.0.9"`) && strings.Contains(log, `"scheme":"https"`)
	})

	reload := func() {
		t.Helper()
		programs.Output(t, exec.Command(program, "-e", "stderr", "-c", main, "-s", "reload"))
	}
	eventually := func(want string) {
		t.Helper()
		until(t, want, func() bool {
			_, body, err := p.try(t, "127.0.0.9", http.MethodGet, "https://"+autoconfig, "", nil)
			return err == nil && body == want
		})
	}
	// mailcow starts without Waymark, and the way back is the removal of the site.
	textfile.Write(t, site, strings.ReplaceAll(text, "http://waymark:8080", "http://127.0.0.1:1"))
	reload()
	eventually("mailcow waits")
	if err := os.Remove(site); err != nil {
		t.Fatal(err)
	}
	reload()
	eventually("mailcow autoconfig")
}

// until waits for a condition. nginx reports no end of a reload.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}
