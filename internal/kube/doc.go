// Package kube talks to the cluster: it reads what an application has there,
// applies what it shall have, and prunes the rest.
//
//	event → read → plan → apply → publish → status
//	        ^^^^          ^^^^^
//
// The package decides nothing. What is written, what is deleted and what has to wait says
// package rollout: view.go shows it what is live and desired, apply.go carries its steps
// out, report.go keeps what became of them. Of the charm it knows no other package: objects
// come in as the Go types of their API, and errors go out by kind (Forbidden,
// NoResource; anything else is an outage or a bug). It uses client-go's dynamic
// client, and that for metadata: typed clients would more than double the binary and
// the time to start it.
//
// All writes are server-side apply under one field manager, with strict field
// validation. They are forced on what is the application's, and on nothing else: see
// FindForeign. An object that already is as desired gets no request.
//
//	client, err := kube.NewClient(config, kube.Options{Namespace: "shop", Manager: "gateway"})
//	snapshot, err := client.Read(ctx)
//	foreign, own, err := client.FindForeign(ctx, snapshot, desired)
//	changes, held, err := client.Apply(ctx, snapshot, desired)
package kube
