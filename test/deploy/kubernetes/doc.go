// Package kubernetes holds manifests for those who run Waymark on Kubernetes. Its
// tests run Waymark with the settings in them, in folders that change as kubelet
// changes them; tools/kubernetes checks the manifests themselves. It has no code
// of its own.
package kubernetes
