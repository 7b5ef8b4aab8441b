// Package kubernetes checks the manifests in deploy/kubernetes and the chart in
// deploy/helm against the API types of Kubernetes, as kustomize and Helm render
// them. It is a module of its own, because these two and the types bring a
// hundred others; it has no code for users.
package kubernetes
