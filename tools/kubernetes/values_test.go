package kubernetes

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
)

// deployed returns the Deployment that the chart makes from minimal.yaml.
func deployed(t *testing.T, set ...string) *apps.Deployment {
	t.Helper()
	all, err := decode(template(t, "waymark", "minimal.yaml", set...))
	if err != nil {
		t.Fatal(err)
	}
	return of[*apps.Deployment](all)[0]
}

// TestRestarts: the pods are replaced for a change that Waymark reads only at its
// start, and for no other. The keys are those that its code warns about.
func TestRestarts(t *testing.T) {
	code, err := os.ReadFile("../../internal/service/reload.go")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	_, body, _ := strings.Cut(string(code), "\nfunc (s *Service) warnWhatNeedsRestart(")
	body, _, _ = strings.Cut(body, "\n}\n")
	for _, m := range regexp.MustCompile(`\t"([a-z.]+)": `).FindAllStringSubmatch(body, -1) {
		keys = append(keys, m[1])
	}
	slices.Sort(keys)
	if want := []string{"limits.connections", "listen", "log", "ops.listen", "ops.resolver", "tls", "tracing"}; !slices.Equal(keys, want) {
		t.Errorf("a restart is needed for %v; the chart expects %v", keys, want)
	}
	before := deployed(t).Spec.Template
	for set, replaced := range map[string]bool{
		"settings.log.level=debug":                     true,
		"settings.limits.connections=5000":             true,
		"settings.ops.resolver=192.0.2.53:53":          true,
		"settings.tracing.endpoint=http://c:4318":      true,
		"settings.ops.examine_every=24h":               false,
		"env.IMAP_HOST=mail.example.net":               true,
		"extraEnv[0].name=X,extraEnv[0].value=x":       true,
		"settings.limits.requests_per_minute=700":      false,
		"settings.providers.mine.name=New Name":        false,
		"settings.domains.example\\.net.provider=mine": false,
		"podDisruptionBudget.maxUnavailable=2":         false,
	} {
		after := deployed(t, "--set", set).Spec.Template
		if got := after.String() != before.String(); got != replaced {
			t.Errorf("%s: the pods are replaced: %t", set, got)
		}
	}
}

// TestSettingsOfTheOperator: the chart adds to the blocks of the settings that it fills,
// and removes nothing from them.
func TestSettingsOfTheOperator(t *testing.T) {
	all, err := decode(template(t, "waymark", "minimal.yaml", "--set", "signing.secretName=identity,links.secretName=links,"+
		"settings.signing.when_expired=unsigned,settings.ops.examine_every=24h,settings.pages.voice=formal"))
	if err != nil {
		t.Fatal(err)
	}
	text := of[*core.ConfigMap](all)[0].Data["waymark.yaml"]
	for _, want := range []string{"when_expired: unsigned", "cert_file: /run/secrets/waymark/signing/tls.crt", "examine_every: 24h", "listen: :9090", "voice: formal", "${file:/run/secrets/waymark/links/key}"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
}

// TestNamesAndLabels gives all objects a name and labels.
func TestNamesAndLabels(t *testing.T) {
	all, err := decode(template(t, "release", "replicas.yaml", "--set", "fullnameOverride=mail-settings,extraLabels.team=mail"))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 8 {
		t.Errorf("there are only %d objects", len(all))
	}
	for _, o := range all {
		if o.GetName() != "mail-settings" || o.GetLabels()["team"] != "mail" {
			t.Errorf("%T %s has the labels %v", o, o.GetName(), o.GetLabels())
		}
	}
	if labels := of[*apps.Deployment](all)[0].Spec.Template.Labels; labels["team"] != "mail" {
		t.Errorf("the pods have the labels %v", labels)
	}
}

// TestNotes: what helm prints after an installation says who reaches Waymark, and
// what a change of the settings does.
func TestNotes(t *testing.T) {
	notes := func(set ...string) string {
		t.Helper()
		out, err := helm(t, append([]string{"install", "waymark", chart, "--dry-run=client", "-f", "testdata/minimal.yaml"}, set...)...)
		if err != nil {
			t.Fatal(err)
		}
		_, said, _ := strings.Cut(out, "\nNOTES:\n")
		return strings.Join(strings.Fields(said), " ")
	}
	for _, tc := range []struct {
		set, want string
	}{
		{"replicaCount=1", "Only pods in these namespaces reach Waymark: ingress-nginx. If your Ingress controller runs in another one, set networkPolicy.ingressNamespaces."},
		{"networkPolicy.ingressNamespaces={traefik,edge}", "reach Waymark: traefik, edge."},
		{"replicaCount=1", "Changes of settings.log, settings.tracing, settings.limits.connections, settings.ops.resolver, env and extraEnv replace the pods."},
	} {
		if got := notes("--set", tc.set); !strings.Contains(got, tc.want) {
			t.Errorf("%s: %s", tc.set, got)
		}
	}
	if got := notes("--set", "networkPolicy.enabled=false"); strings.Contains(got, "ingressNamespaces") {
		t.Errorf("without a NetworkPolicy: %s", got)
	}
	// ingress-nginx installs itself in this namespace by default.
	all, err := decode(template(t, "waymark", "minimal.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if from := peers(of[*networking.NetworkPolicy](all)[0].Spec.Ingress[0].From); !strings.Contains(from, "ingress-nginx") {
		t.Errorf("connections come from %s", from)
	}
}
