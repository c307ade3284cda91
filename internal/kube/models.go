package kube

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// The annotations that Juju writes on the namespace of a model, with the model's UUID; the second
// is from before Juju 2.9 (caas/kubernetes/provider/utils in Juju's source). Juju itself finds the
// namespace by them.
const (
	annotationModel    = "model.juju.is/id"
	annotationModelOld = "juju-model"
)

// Models returns the namespaces of Juju's models, by model UUID. If several namespaces claim the
// same model, the oldest counts: anybody who may make namespaces can make such a claim later. If
// the charm may not list namespaces, none is known, and there is no error.
func (c *Client) Models(ctx context.Context) (map[string]string, error) {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	options := metav1.ListOptions{Limit: pageSize}
	oldest := map[string]*metav1.PartialObjectMetadata{}
	for {
		list, err := c.metadata.Resource(namespaces).List(ctx, options)
		if err != nil {
			if err = classify(err, "list", namespaces, ""); isForbidden(err) {
				return nil, nil
			}
			return nil, err
		}
		for i := range list.Items {
			one := &list.Items[i]
			for _, key := range []string{annotationModel, annotationModelOld} {
				uuid := one.Annotations[key]
				if other := oldest[uuid]; uuid != "" && (other == nil || older(one, other)) {
					oldest[uuid] = one
				}
			}
		}
		if options.Continue = list.GetContinue(); options.Continue == "" {
			break
		}
	}
	models := make(map[string]string, len(oldest))
	for uuid, one := range oldest {
		models[uuid] = one.Name
	}
	return models, nil
}

// older reports whether a was made before b. Within the same second the name decides.
func older(a, b *metav1.PartialObjectMetadata) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Name < b.Name
}
