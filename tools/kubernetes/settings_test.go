package kubernetes

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// secretValues returns the contents of the Secrets in the README.
func secretValues(t *testing.T) map[string]map[string]string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "waymark.example.org"}, DNSNames: []string{"waymark.example.org"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 3, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate, certificate, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]map[string]string{
		"waymark-signing": {
			"tls.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
			"tls.key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
		},
		"waymark-api":         {"token": strings.Repeat("0123456789abcdef", 2)},
		"waymark-authorities": {"ca.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))},
		"waymark-links":       {"key": strings.Repeat("0123456789abcdef", 4)},
		"waymark-database":    {"password": "secret", "dsn": "postgres://waymark:secret@127.0.0.1:1/mail?sslmode=disable"},
	}
}

// TestSettings writes the files that a pod mounts to a folder, and runs waymark
// check on the settings there. A file that is not mounted is missing there, too.
func TestSettings(t *testing.T) {
	for _, r := range renderings {
		t.Run(r.name, func(t *testing.T) {
			all, err := decode(r.render(t))
			if err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			var d *apps.Deployment
			for _, d = range of[*apps.Deployment](all) {
				mountAll(t, all, d.Spec.Template.Spec, root)
			}
			check := exec.CommandContext(t.Context(), built.waymark, "check", "-c", root+"/etc/waymark/waymark.yaml")
			check.Env = environment(t, d.Spec.Template.Spec)
			out, err := check.CombinedOutput()
			// There is no database here; test/deploy/kubernetes has a real one. The kubelet and
			// Prometheus reach the ops listener, and the NetworkPolicy keeps others away.
			for line := range strings.Lines(string(out)) {
				if !strings.Contains(line, ": warning: signing: ") && !strings.Contains(line, ": warning: ops.listen: anybody who reaches this machine ") && !strings.Contains(line, "the server cannot be reached") && !strings.Contains(line, " is fine: ") {
					t.Errorf("waymark check: %v: %s", err, line)
				}
			}
			text, err := os.ReadFile(root + "/etc/waymark/waymark.yaml")
			if err != nil {
				t.Fatal(err)
			}
			for _, port := range []string{"8080", "9090"} {
				if !strings.Contains(string(text), ":"+port) || !(pod{"", d.Spec.Template}).hasPort(intstr.Parse(port)) {
					t.Errorf("port %s is not in the settings or not in the Deployment", port)
				}
			}
			if args := strings.Join(d.Spec.Template.Spec.Containers[0].Args, " "); args != "serve -c /etc/waymark/waymark.yaml" {
				t.Errorf("the container runs waymark %s", args)
			}
		})
	}
}

// environment returns the variables of a pod.
func environment(t *testing.T, spec core.PodSpec) []string {
	t.Helper()
	all := []string{}
	for _, e := range spec.Containers[0].Env {
		value := e.Value
		if e.ValueFrom != nil {
			value = secretValues(t)[e.ValueFrom.SecretKeyRef.Name][e.ValueFrom.SecretKeyRef.Key]
		}
		all = append(all, e.Name+"="+value)
	}
	return all
}

// mountAll writes the ConfigMaps and Secrets of a pod below root, and changes the
// paths in the settings accordingly.
func mountAll(t *testing.T, all objects, spec core.PodSpec, root string) {
	t.Helper()
	secrets := secretValues(t)
	for _, m := range spec.Containers[0].VolumeMounts {
		for _, v := range spec.Volumes {
			if v.Name != m.Name {
				continue
			}
			var files map[string]string
			switch {
			case v.ConfigMap != nil:
				files = named[*core.ConfigMap](t, all, v.ConfigMap.Name).Data
			case v.Secret != nil:
				files = secrets[v.Secret.SecretName]
			}
			dir := filepath.Join(root, m.MountPath)
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for name, text := range files {
				text = strings.ReplaceAll(text, "/run/secrets/", root+"/run/secrets/")
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
