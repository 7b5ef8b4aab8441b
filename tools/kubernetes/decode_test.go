package kubernetes

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	documents "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// kindOf returns an empty object for each supported kind.
var kindOf = map[string]func() meta.Object{
	"v1/ConfigMap":                            func() meta.Object { return &core.ConfigMap{} },
	"v1/Namespace":                            func() meta.Object { return &core.Namespace{} },
	"v1/Service":                              func() meta.Object { return &core.Service{} },
	"v1/ServiceAccount":                       func() meta.Object { return &core.ServiceAccount{} },
	"apps/v1/Deployment":                      func() meta.Object { return &apps.Deployment{} },
	"apps/v1/StatefulSet":                     func() meta.Object { return &apps.StatefulSet{} },
	"autoscaling/v2/HorizontalPodAutoscaler":  func() meta.Object { return &autoscaling.HorizontalPodAutoscaler{} },
	"monitoring.coreos.com/v1/ServiceMonitor": func() meta.Object { return &monitoring.ServiceMonitor{} },
	"networking.k8s.io/v1/Ingress":            func() meta.Object { return &networking.Ingress{} },
	"networking.k8s.io/v1/NetworkPolicy":      func() meta.Object { return &networking.NetworkPolicy{} },
	"policy/v1/PodDisruptionBudget":           func() meta.Object { return &policy.PodDisruptionBudget{} },
}

// objects are the objects of one rendering.
type objects []meta.Object

// decode decodes every document into its type. Unknown fields are errors.
func decode(text []byte) (objects, error) {
	var all objects
	seen := map[string]bool{}
	reader := documents.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := yaml.YAMLToJSONStrict(doc)
		if err != nil {
			return nil, err
		}
		if string(data) == "null" {
			continue
		}
		var is meta.TypeMeta
		if err := yaml.Unmarshal(data, &is); err != nil {
			return nil, err
		}
		empty, ok := kindOf[is.APIVersion+"/"+is.Kind]
		if !ok {
			return nil, fmt.Errorf("unsupported kind %s/%s", is.APIVersion, is.Kind)
		}
		object := empty()
		strict, err := json.UnmarshalStrict(data, object)
		if err := errors.Join(append(strict, err)...); err != nil {
			return nil, fmt.Errorf("%s %s: %w", is.Kind, object.GetName(), err)
		}
		id := is.Kind + " " + object.GetName()
		if seen[id] {
			return nil, fmt.Errorf("%s is defined twice", id)
		}
		seen[id] = true
		all = append(all, object)
	}
}

// of returns the objects of one type.
func of[T meta.Object](all objects) []T {
	var found []T
	for _, o := range all {
		if typed, ok := o.(T); ok {
			found = append(found, typed)
		}
	}
	return found
}

// named returns the object of a type with a name.
func named[T meta.Object](t *testing.T, all objects, name string) T {
	t.Helper()
	for _, o := range of[T](all) {
		if o.GetName() == name {
			return o
		}
	}
	var none T
	t.Fatalf("there is no %T named %s", none, name)
	return none
}

// kinds lists the objects as "Kind name".
func kinds(all objects) []string {
	var list []string
	for _, o := range all {
		list = append(list, fmt.Sprintf("%T %s", o, o.GetName()))
	}
	slices.Sort(list)
	return list
}

func TestDecodeIsStrict(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"an unknown field", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {port: []}", `Service a: unknown field "spec.port"`},
		{"another case", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterip: None}", `Service a: unknown field "spec.clusterip"`},
		{"another type", "apiVersion: v1\nkind: Service\nmetadata: {name: 1}", "json: cannot unmarshal number into Go struct field"},
		{"another kind", "apiVersion: extensions/v1beta1\nkind: Ingress", "unsupported kind extensions/v1beta1/Ingress"},
		{"twice", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}", "ConfigMap a is defined twice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := decode([]byte(tc.text))
			if err == nil || !bytes.Contains([]byte(err.Error()), []byte(tc.want)) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}
