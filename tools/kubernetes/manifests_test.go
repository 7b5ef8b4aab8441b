package kubernetes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	security "k8s.io/pod-security-admission/api"
	securitypolicy "k8s.io/pod-security-admission/policy"
)

// renderings are the renderings to check, with the expected objects, and the
// Secrets that the operator creates.
var renderings = []struct {
	name    string
	render  func(*testing.T) []byte
	has     string
	secrets []string
}{
	{
		"kubernetes/base", func(t *testing.T) []byte { return kustomize(t, "base") },
		"ConfigMap Deployment HorizontalPodAutoscaler Ingress Namespace NetworkPolicy PodDisruptionBudget Service ServiceAccount",
		[]string{"waymark-links", "waymark-signing"},
	},
	{
		"kubernetes/postgresql", func(t *testing.T) []byte { return kustomize(t, "postgresql") },
		"ConfigMap ConfigMap Deployment HorizontalPodAutoscaler Ingress Namespace NetworkPolicy PodDisruptionBudget Service Service ServiceAccount ServiceMonitor StatefulSet",
		[]string{"waymark-database", "waymark-links", "waymark-signing"},
	},
	{
		"helm, minimal", func(t *testing.T) []byte { return template(t, "mail", "minimal.yaml") },
		"ConfigMap Deployment NetworkPolicy Service ServiceAccount",
		nil,
	},
	{
		"helm, replicas", func(t *testing.T) []byte { return template(t, "waymark", "replicas.yaml") },
		"ConfigMap Deployment HorizontalPodAutoscaler Ingress NetworkPolicy PodDisruptionBudget Service ServiceAccount",
		[]string{"waymark-links", "waymark-signing"},
	},
	{
		"helm, everything", func(t *testing.T) []byte { return template(t, strings.Repeat("a", 53), "everything.yaml") },
		"ConfigMap Deployment Ingress NetworkPolicy PodDisruptionBudget Service Service ServiceAccount ServiceMonitor",
		[]string{"waymark-api", "waymark-authorities", "waymark-database", "waymark-links", "waymark-signing"},
	},
}

func TestManifests(t *testing.T) {
	for _, r := range renderings {
		t.Run(r.name, func(t *testing.T) {
			all, err := decode(r.render(t))
			if err != nil {
				t.Fatal(err)
			}
			var has []string
			for _, k := range kinds(all) {
				kind, _, _ := strings.Cut(k[strings.IndexByte(k, '.')+1:], " ")
				has = append(has, kind)
			}
			slices.Sort(has)
			if got := strings.Join(has, " "); got != r.has {
				t.Errorf("there are\n%s\nwant\n%s", got, r.has)
			}
			checkNames(t, all)
			secrets := map[string]bool{}
			for _, p := range podsOf(all) {
				checkPod(t, all, p, secrets)
				checkSecurity(t, p)
			}
			if got := slices.Sorted(maps.Keys(secrets)); !slices.Equal(got, r.secrets) {
				t.Errorf("the Secrets are %v, want %v", got, r.secrets)
			}
			checkServices(t, all)
			checkIngresses(t, all)
			checkScaling(t, all)
			checkNetwork(t, all)
			checkMonitors(t, all)
		})
	}
}

func checkNames(t *testing.T, all objects) {
	t.Helper()
	for _, o := range all {
		if wrong := validation.IsDNS1035Label(o.GetName()); len(wrong) > 0 {
			t.Errorf("%T %s: %v", o, o.GetName(), wrong)
		}
		for key, value := range o.GetLabels() {
			if wrong := slices.Concat(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)); len(wrong) > 0 {
				t.Errorf("%T %s: label %s: %v", o, o.GetName(), key, wrong)
			}
		}
	}
}

// pod is a pod template with the name of its workload.
type pod struct {
	owner string
	core.PodTemplateSpec
}

func podsOf(all objects) []pod {
	var pods []pod
	for _, d := range of[*apps.Deployment](all) {
		pods = append(pods, pod{d.Name, d.Spec.Template})
	}
	for _, s := range of[*apps.StatefulSet](all) {
		pods = append(pods, pod{s.Name, s.Spec.Template})
	}
	return pods
}

// selected returns the pods that a selector matches.
func selected(t *testing.T, all objects, selector *meta.LabelSelector) []pod {
	t.Helper()
	match, err := meta.LabelSelectorAsSelector(selector)
	if err != nil || match.Empty() {
		t.Errorf("the selector %v selects everything or is wrong: %v", selector, err)
		return nil
	}
	return slices.DeleteFunc(podsOf(all), func(p pod) bool { return !match.Matches(labels.Set(p.Labels)) })
}

// hasPort reports whether a container has a port of this name or number.
func (p pod) hasPort(port intstr.IntOrString) bool {
	for _, c := range p.Spec.Containers {
		for _, have := range c.Ports {
			if port.Type == intstr.String && have.Name == port.StrVal || port.Type == intstr.Int && have.ContainerPort == port.IntVal {
				return true
			}
		}
	}
	return false
}

func checkPod(t *testing.T, all objects, p pod, secrets map[string]bool) {
	t.Helper()
	if p.Spec.AutomountServiceAccountToken == nil || *p.Spec.AutomountServiceAccountToken {
		t.Errorf("%s: a token of the API is mounted", p.owner)
	}
	if p.Spec.EnableServiceLinks == nil || *p.Spec.EnableServiceLinks {
		t.Errorf("%s: other Services are in the environment", p.owner)
	}
	if p.Spec.ServiceAccountName != "" {
		named[*core.ServiceAccount](t, all, p.Spec.ServiceAccountName)
	}
	volumes := map[string]bool{}
	for _, v := range p.Spec.Volumes {
		volumes[v.Name] = true
		if v.ConfigMap != nil {
			named[*core.ConfigMap](t, all, v.ConfigMap.Name)
		}
		if v.Secret != nil {
			secrets[v.Secret.SecretName] = true
			if v.Secret.DefaultMode == nil || *v.Secret.DefaultMode != 0o440 {
				t.Errorf("%s: the mode of the Secret %s is not 0440", p.owner, v.Secret.SecretName)
			}
		}
	}
	for _, s := range of[*apps.StatefulSet](all) {
		for _, claim := range s.Spec.VolumeClaimTemplates {
			if s.Name == p.owner {
				volumes[claim.Name] = true
			}
		}
	}
	mounted := map[string]bool{}
	for _, c := range p.Spec.Containers {
		for _, m := range c.VolumeMounts {
			mounted[m.Name] = true
			if !volumes[m.Name] {
				t.Errorf("%s mounts %s, which is not a volume", p.owner, m.Name)
			}
			if m.SubPath != "" || m.SubPathExpr != "" {
				t.Errorf("%s mounts %s with subPath, so it is never updated", p.owner, m.Name)
			}
		}
		for _, e := range c.Env {
			if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
				secrets[e.ValueFrom.SecretKeyRef.Name] = true
			}
		}
		if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
			t.Errorf("%s: a request or the limit of memory is missing", p.owner)
		}
		for name, probe := range map[string]*core.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
			if probe != nil && probe.HTTPGet != nil && (probe.HTTPGet.Port.StrVal != "ops" || !p.hasPort(probe.HTTPGet.Port)) {
				t.Errorf("%s: the %s probe does not use the port ops", p.owner, name)
			}
		}
		if c.ReadinessProbe == nil {
			t.Errorf("%s has no readiness probe", p.owner)
		}
	}
	for name := range volumes {
		if !mounted[name] {
			t.Errorf("%s: the volume %s is not mounted", p.owner, name)
		}
	}
	for _, s := range p.Spec.TopologySpreadConstraints {
		if s.WhenUnsatisfiable != core.ScheduleAnyway || len(selected(t, all, s.LabelSelector)) != 1 {
			t.Errorf("%s: the spread over %s is wrong", p.owner, s.TopologyKey)
		}
	}
}

// checkSecurity applies the checks of the API server in a namespace with the
// restricted pod security standard, and more.
func checkSecurity(t *testing.T, p pod) {
	t.Helper()
	evaluator, err := securitypolicy.NewEvaluator(securitypolicy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := security.LevelVersion{Level: security.LevelRestricted, Version: security.LatestVersion()}
	if result := securitypolicy.AggregateCheckResults(evaluator.EvaluatePod(level, &p.ObjectMeta, &p.Spec)); !result.Allowed {
		t.Errorf("%s: %s", p.owner, result.ForbiddenDetail())
	}
	for _, c := range p.Spec.Containers {
		if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
			t.Errorf("%s: the root file system is writable", p.owner)
		}
	}
}

func checkServices(t *testing.T, all objects) {
	t.Helper()
	for _, s := range of[*core.Service](all) {
		pods := selected(t, all, &meta.LabelSelector{MatchLabels: s.Spec.Selector})
		if len(pods) != 1 {
			t.Errorf("Service %s selects %d workloads", s.Name, len(pods))
			continue
		}
		for _, port := range s.Spec.Ports {
			if !pods[0].hasPort(port.TargetPort) {
				t.Errorf("Service %s: the pod has no port %s", s.Name, port.TargetPort.String())
			}
			if port.Name == "ops" && s.Spec.Type != core.ServiceTypeClusterIP && s.Spec.Type != "" {
				t.Errorf("Service %s of type %s exposes the ops listener", s.Name, s.Spec.Type)
			}
		}
	}
}

func checkIngresses(t *testing.T, all objects) {
	t.Helper()
	for _, i := range of[*networking.Ingress](all) {
		var hosts, certified []string
		for _, r := range i.Spec.Rules {
			hosts = append(hosts, r.Host)
			for _, path := range r.HTTP.Paths {
				if path.Path != "/" || path.PathType == nil || *path.PathType != networking.PathTypePrefix {
					t.Errorf("Ingress %s: %s does not route all paths to Waymark", i.Name, r.Host)
				}
				s := named[*core.Service](t, all, path.Backend.Service.Name)
				if path.Backend.Service.Port.Name != "http" || !slices.ContainsFunc(s.Spec.Ports, func(p core.ServicePort) bool { return p.Name == "http" }) {
					t.Errorf("Ingress %s: %s does not route to the port http", i.Name, r.Host)
				}
			}
		}
		for _, tls := range i.Spec.TLS {
			certified = append(certified, tls.Hosts...)
		}
		if len(i.Spec.TLS) > 0 && !slices.Equal(hosts, certified) {
			t.Errorf("Ingress %s: rules for %v, certificates for %v", i.Name, hosts, certified)
		}
	}
}

func checkScaling(t *testing.T, all objects) {
	t.Helper()
	several := false
	for _, h := range of[*autoscaling.HorizontalPodAutoscaler](all) {
		several = true
		target := h.Spec.ScaleTargetRef
		d := named[*apps.Deployment](t, all, target.Name)
		if target.Kind != "Deployment" || target.APIVersion != "apps/v1" || d.Spec.Replicas != nil {
			t.Errorf("HorizontalPodAutoscaler %s and its Deployment disagree", h.Name)
		}
		if h.Spec.MinReplicas == nil || *h.Spec.MinReplicas < 2 || *h.Spec.MinReplicas > h.Spec.MaxReplicas {
			t.Errorf("HorizontalPodAutoscaler %s: from %v to %d replicas", h.Name, h.Spec.MinReplicas, h.Spec.MaxReplicas)
		}
		for _, m := range h.Spec.Metrics {
			if m.Type != autoscaling.ResourceMetricSourceType || m.Resource.Name != core.ResourceCPU || m.Resource.Target.Type != autoscaling.UtilizationMetricType || m.Resource.Target.AverageUtilization == nil {
				t.Errorf("HorizontalPodAutoscaler %s: the metric is %+v", h.Name, m)
			}
		}
	}
	for _, d := range of[*apps.Deployment](all) {
		several = several || d.Spec.Replicas != nil && *d.Spec.Replicas > 1
		if pods := selected(t, all, d.Spec.Selector); len(pods) != 1 || pods[0].owner != d.Name {
			t.Errorf("Deployment %s does not select its own pods", d.Name)
		}
	}
	for _, s := range of[*apps.StatefulSet](all) {
		named[*core.Service](t, all, s.Spec.ServiceName)
		if pods := selected(t, all, s.Spec.Selector); len(pods) != 1 || pods[0].owner != s.Name {
			t.Errorf("StatefulSet %s does not select its own pods", s.Name)
		}
	}
	budgets := of[*policy.PodDisruptionBudget](all)
	if several != (len(budgets) == 1) {
		t.Errorf("several replicas: %t; budgets: %d", several, len(budgets))
	}
	for _, b := range budgets {
		if b.Spec.MaxUnavailable == nil || len(selected(t, all, b.Spec.Selector)) != 1 {
			t.Errorf("PodDisruptionBudget %s protects nothing", b.Name)
		}
		if p := b.Spec.UnhealthyPodEvictionPolicy; p == nil || *p != policy.AlwaysAllow {
			t.Errorf("PodDisruptionBudget %s: a pod that does not start blocks draining a node", b.Name)
		}
	}
}

func checkNetwork(t *testing.T, all objects) {
	t.Helper()
	public := slices.ContainsFunc(of[*core.Service](all), func(s *core.Service) bool { return s.Spec.Type == core.ServiceTypeLoadBalancer })
	for _, n := range of[*networking.NetworkPolicy](all) {
		pods := selected(t, all, &n.Spec.PodSelector)
		if len(pods) != 1 {
			t.Errorf("NetworkPolicy %s is for %d workloads", n.Name, len(pods))
			continue
		}
		if want := []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress}; !slices.Equal(n.Spec.PolicyTypes, want) {
			t.Errorf("NetworkPolicy %s is of types %v", n.Name, n.Spec.PolicyTypes)
		}
		open := map[string]bool{}
		for _, rule := range n.Spec.Ingress {
			for _, port := range rule.Ports {
				open[port.Port.String()] = true
				if !pods[0].hasPort(*port.Port) {
					t.Errorf("NetworkPolicy %s: no port %s", n.Name, port.Port.String())
				}
				if len(rule.From) == 0 && (!public || port.Port.StrVal != "http") {
					t.Errorf("NetworkPolicy %s allows everybody to connect to %s", n.Name, port.Port.String())
				}
			}
			if len(rule.Ports) == 0 {
				t.Errorf("NetworkPolicy %s opens every port", n.Name)
			}
		}
		if !open["http"] || !open["ops"] {
			t.Errorf("NetworkPolicy %s opens %v only", n.Name, open)
		}
		var names []string
		for _, rule := range n.Spec.Egress {
			for _, port := range rule.Ports {
				protocol := core.ProtocolTCP
				if port.Protocol != nil {
					protocol = *port.Protocol
				}
				names = append(names, fmt.Sprintf("%s/%s", port.Port.String(), protocol))
			}
			for _, to := range rule.To {
				if to.PodSelector != nil && len(selected(t, all, to.PodSelector)) != 1 {
					t.Errorf("NetworkPolicy %s allows connections to no pod: %v", n.Name, to.PodSelector)
				}
			}
		}
		if !slices.Contains(names, "53/UDP") || !slices.Contains(names, "53/TCP") {
			t.Errorf("NetworkPolicy %s: does not allow DNS lookups: %v", n.Name, names)
		}
	}
}

func checkMonitors(t *testing.T, all objects) {
	t.Helper()
	for _, m := range of[*monitoring.ServiceMonitor](all) {
		match, err := meta.LabelSelectorAsSelector(&m.Spec.Selector)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range m.Spec.Endpoints {
			var jobs []string
			for _, s := range of[*core.Service](all) {
				for _, port := range s.Spec.Ports {
					if match.Matches(labels.Set(s.Labels)) && port.Name == e.Port {
						jobs = append(jobs, s.Labels[m.Spec.JobLabel])
					}
				}
			}
			// The alert WaymarkDown identifies Waymark by the job name.
			if !slices.Equal(jobs, []string{"waymark"}) || e.Port != "ops" || e.Path != "/metrics" {
				t.Errorf("ServiceMonitor %s scrapes %s at %s of the jobs %q", m.Name, e.Path, e.Port, jobs)
			}
		}
	}
}

// TestChartEqualsManifests compares the pods of base with those of the chart with
// the same settings.
func TestChartEqualsManifests(t *testing.T) {
	var specs []core.PodSpec
	for _, text := range [][]byte{kustomize(t, "base"), template(t, "waymark", "replicas.yaml")} {
		all, err := decode(text)
		if err != nil {
			t.Fatal(err)
		}
		spec := named[*apps.Deployment](t, all, "waymark").Spec.Template.Spec
		for i := range spec.TopologySpreadConstraints {
			spec.TopologySpreadConstraints[i].LabelSelector = nil // it contains the release name
		}
		specs = append(specs, spec)
	}
	if !reflect.DeepEqual(specs[0], specs[1]) {
		t.Errorf("deploy/kubernetes has\n%s\nthe chart has\n%s", specs[0].String(), specs[1].String())
	}
}
