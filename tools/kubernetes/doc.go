// Package kubernetes checks the manifests in deploy/kubernetes and the chart in
// deploy/helm against the API types of Kubernetes, as kustomize and Helm render
// them. It is a separate module, because they have a hundred dependencies,
// and contains only tests.
package kubernetes
