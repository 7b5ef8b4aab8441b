package kubernetes

import (
	"flag"
	"fmt"
	"os"
	"regexp"
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
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the facts into testdata/facts instead of comparing them")

// released matches the image of any release.
var released = regexp.MustCompile(`^(ghcr\.io/waymark-mail/waymark):\d+\.\d+\.\d+$`)

// TestFacts compares the facts of a rendering that matter to an operator, such as
// ports, replicas and allowed connections, with those in testdata.
func TestFacts(t *testing.T) {
	for _, r := range renderings {
		t.Run(r.name, func(t *testing.T) {
			all, err := decode(r.render(t))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, o := range all {
				lines = append(lines, fact(o))
			}
			slices.Sort(lines)
			path := "testdata/facts/" + strings.NewReplacer("/", "-", ", ", "-").Replace(r.name) + ".txt"
			got := strings.Join(lines, "")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s says\n%s\nthe rendering has\n%s", path, want, got)
			}
		})
	}
}

// fact returns the facts of an object.
func fact(o meta.Object) string {
	kind := fmt.Sprintf("%T", o)
	kind = kind[strings.LastIndexByte(kind, '.')+1:]
	labels := o.GetLabels()
	told := []string{fmt.Sprintf("%s %s in namespace %q", kind, o.GetName(), o.GetNamespace())}
	for _, label := range []string{"name", "instance", "part-of", "managed-by"} {
		if value := labels["app.kubernetes.io/"+label]; value != "" {
			told = append(told, label+" "+value)
		}
	}
	return strings.Join(slices.Concat(told, details(o)), "\n  ") + "\n"
}

func details(o meta.Object) []string {
	switch o := o.(type) {
	case *apps.Deployment:
		replicas := "replicas by scaling"
		if o.Spec.Replicas != nil {
			replicas = fmt.Sprintf("replicas %d", *o.Spec.Replicas)
		}
		rolling := o.Spec.Strategy.RollingUpdate
		update := fmt.Sprintf("an update adds %s and takes %s", rolling.MaxSurge, rolling.MaxUnavailable)
		return slices.Concat([]string{replicas, update}, placed(o.Spec.Template), container(o.Spec.Template.Spec))
	case *apps.StatefulSet:
		return append([]string{fmt.Sprintf("replicas %d", *o.Spec.Replicas)}, container(o.Spec.Template.Spec)...)
	case *autoscaling.HorizontalPodAutoscaler:
		return []string{fmt.Sprintf("%d to %d at %d %%", *o.Spec.MinReplicas, o.Spec.MaxReplicas, *o.Spec.Metrics[0].Resource.Target.AverageUtilization)}
	case *policy.PodDisruptionBudget:
		return []string{"at most " + o.Spec.MaxUnavailable.String()}
	case *core.Service:
		all := []string{fmt.Sprintf("type %q, address %q", o.Spec.Type, o.Spec.ClusterIP)}
		for _, p := range o.Spec.Ports {
			protocol := ""
			if p.AppProtocol != nil {
				protocol = *p.AppProtocol
			}
			all = append(all, fmt.Sprintf("%s at %d to %s, protocol %q", p.Name, p.Port, p.TargetPort.String(), protocol))
		}
		return all
	case *core.ServiceAccount:
		return []string{fmt.Sprintf("token %t", o.AutomountServiceAccountToken == nil || *o.AutomountServiceAccountToken), fmt.Sprintf("annotations %v", o.Annotations)}
	case *core.ConfigMap:
		var settings map[string]any
		if err := yaml.Unmarshal([]byte(o.Data["waymark.yaml"]), &settings); err != nil {
			return []string{err.Error()}
		}
		var all []string
		for _, key := range []string{"listen", "ops", "trusted_proxies", "signing", "pages", "limits"} {
			if value, ok := settings[key]; ok {
				all = append(all, fmt.Sprintf("%s %v", key, value))
			}
		}
		return all
	case *core.Namespace:
		return []string{"enforces " + o.Labels["pod-security.kubernetes.io/enforce"], "warns of " + o.Labels["pod-security.kubernetes.io/warn"]}
	case *networking.Ingress:
		all := []string{"ssl-redirect " + o.Annotations["nginx.ingress.kubernetes.io/ssl-redirect"]}
		if o.Spec.IngressClassName != nil {
			all = append(all, "class "+*o.Spec.IngressClassName)
		}
		for _, tls := range o.Spec.TLS {
			all = append(all, "certificate "+tls.SecretName)
		}
		for _, r := range o.Spec.Rules {
			all = append(all, r.Host)
		}
		return all
	case *networking.NetworkPolicy:
		var all []string
		for _, r := range o.Spec.Ingress {
			all = append(all, "in to "+ports(r.Ports)+" from "+peers(r.From))
		}
		for _, r := range o.Spec.Egress {
			all = append(all, "out to "+peers(r.To)+" at "+ports(r.Ports))
		}
		return all
	case *monitoring.ServiceMonitor:
		return []string{fmt.Sprintf("every %s, time-out %q", o.Spec.Endpoints[0].Interval, o.Spec.Endpoints[0].ScrapeTimeout), fmt.Sprintf("release %q", o.Labels["release"])}
	}
	return nil
}

// placed returns the facts of a pod besides its container.
func placed(p core.PodTemplateSpec) []string {
	all := []string{fmt.Sprintf("pods labelled %v, annotated %v", p.Labels, p.Annotations)}
	if s := p.Spec; s.NodeSelector != nil || s.Tolerations != nil || s.Affinity != nil || s.PriorityClassName != "" || s.ImagePullSecrets != nil {
		all = append(all, fmt.Sprintf("nodes %v, tolerates %d, affinity %t, priority %s, pulls with %v",
			s.NodeSelector, len(s.Tolerations), s.Affinity != nil, s.PriorityClassName, s.ImagePullSecrets))
	}
	return all
}

// container describes the only container of a pod.
func container(spec core.PodSpec) []string {
	c := spec.Containers[0]
	all := []string{released.ReplaceAllString(c.Image, "$1:VERSION"), fmt.Sprintf("pulled %q", c.ImagePullPolicy), fmt.Sprintf("user %d of %d and %d", *spec.SecurityContext.RunAsUser, *spec.SecurityContext.RunAsGroup, *spec.SecurityContext.FSGroup)}
	for _, p := range []*core.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		switch {
		case p == nil:
			all = append(all, "no probe")
		case p.HTTPGet != nil:
			all = append(all, fmt.Sprintf("%s every %d s, %d s, %d times", p.HTTPGet.Path, p.PeriodSeconds, p.TimeoutSeconds, p.FailureThreshold))
		default:
			all = append(all, strings.Join(p.Exec.Command, " "))
		}
	}
	if c.Lifecycle != nil {
		all = append(all, fmt.Sprintf("waits %d of %d s", c.Lifecycle.PreStop.Sleep.Seconds, *spec.TerminationGracePeriodSeconds))
	}
	for _, p := range c.Ports {
		all = append(all, fmt.Sprintf("port %s is %d", p.Name, p.ContainerPort))
	}
	for _, e := range c.Env {
		value := e.Value
		if e.ValueFrom != nil {
			value = e.ValueFrom.SecretKeyRef.Name + "/" + e.ValueFrom.SecretKeyRef.Key
		}
		all = append(all, e.Name+"="+value)
	}
	for _, v := range spec.Volumes {
		if v.Secret != nil && v.Secret.Items != nil {
			all = append(all, fmt.Sprintf("of %s %s as %s", v.Secret.SecretName, v.Secret.Items[0].Key, v.Secret.Items[0].Path))
		}
	}
	for _, m := range c.VolumeMounts {
		all = append(all, fmt.Sprintf("%s read-only %t", m.MountPath, m.ReadOnly))
	}
	return append(all, fmt.Sprintf("asks for %s and %s, at most %s", c.Resources.Requests.Cpu(), c.Resources.Requests.Memory(), c.Resources.Limits.Memory()))
}

func ports(all []networking.NetworkPolicyPort) string {
	var list []string
	for _, p := range all {
		protocol := core.ProtocolTCP
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		list = append(list, fmt.Sprintf("%s/%s", p.Port, protocol))
	}
	return strings.Join(list, " ")
}

func peers(all []networking.NetworkPolicyPeer) string {
	var list []string
	for _, p := range all {
		switch {
		case p.IPBlock != nil:
			list = append(list, p.IPBlock.CIDR)
		case p.NamespaceSelector != nil:
			list = append(list, meta.FormatLabelSelector(p.NamespaceSelector))
		default:
			list = append(list, meta.FormatLabelSelector(p.PodSelector))
		}
	}
	if len(list) == 0 {
		return "anybody"
	}
	return strings.Join(list, " ")
}
