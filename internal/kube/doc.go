// Package kube talks to the cluster: it reads what an application has there, applies what it should
// have, and prunes the rest.
//
//	event → read → plan → apply → publish → status
//	        ^^^^          ^^^^^
//
// The package decides nothing. Package rollout decides what is written, what is deleted and what
// has to wait: view.go shows it what is live and desired, apply.go carries out its steps, report.go
// collects the results. Of the charm's packages this one imports rollout only: objects come in as
// the Go types of their API, and errors go out by kind (ForbiddenError, NoResourceError; anything
// else is an outage or a bug). It uses client-go's dynamic client, and the metadata client: typed
// clients would more than double the size of the binary and the time to start it.
//
// All writes are server-side apply under one field manager, with strict field validation. They are
// forced on objects of the application, and on no others: see FindForeign. An object that already
// is as desired gets no request.
//
// A controller has judged an object when the status that it writes is for the object's present
// generation.
//
//	client, err := kube.NewClient(config, kube.Options{Namespace: "shop", Manager: "gateway"})
//	snapshot, err := client.Read(ctx)
//	foreign, own, err := client.FindForeign(ctx, snapshot, desired)
//	changes, held, err := client.Apply(ctx, snapshot, desired)
package kube
