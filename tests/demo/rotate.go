package main

import (
	"context"
	"errors"
	"fmt"
)

// rotateKey replaces the private key while a client keeps asking.
func (s *story) rotateKey(ctx context.Context) error {
	s.title("Rotate the private key, under traffic")
	say("A client keeps asking meanwhile. The host is served with its old key and certificate until the new certificate comes.")
	address := "https://" + nextHost + "/demo-hello"
	probe := s.lab.Probe(address, s.ca.Pool())
	defer probe.Stop()
	before, err := s.lab.Served(ctx, address, s.ca.Pool())
	if err != nil {
		return err
	}
	s.ca.Hold = true
	if err := s.act(ctx, "rotate-private-key", "requested"); err != nil {
		return err
	}
	if err := s.lab.Settle(ctx); err != nil {
		return err
	}
	if err := s.act(ctx, "list-certificates", "certificates"); err != nil {
		return err
	}
	say("The authority signs:")
	s.ca.Hold = false
	if err := s.lab.Settle(ctx); err != nil {
		return err
	}
	if err := s.act(ctx, "list-certificates", "certificates"); err != nil {
		return err
	}
	err = s.eventually(ctx, func(ctx context.Context) error {
		after, err := s.lab.Served(ctx, address, s.ca.Pool())
		if err == nil && after.Equal(before) {
			err = errors.New("the old certificate is still served")
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := probe.AwaitMore(ctx, 1); err != nil {
		return err
	}
	probe.Stop()
	say("Requests meanwhile: %d sent, %d failed; certificates seen: %d.", probe.Sent, probe.Failed, len(probe.Leaves))
	if probe.Failed > 0 || len(probe.Leaves) != 2 {
		return fmt.Errorf("%d of %d requests failed, first: %v; %d certificates seen", probe.Failed, probe.Sent, probe.First, len(probe.Leaves))
	}
	return nil
}

// act runs an action and shows one of its results.
func (s *story) act(ctx context.Context, action, result string) error {
	command("juju run %s/0 %s", charm, action)
	outcome, err := s.lab.Juju.RunAction(ctx, charm+"/0", action, nil)
	if err != nil {
		return err
	}
	if outcome.Status != "completed" {
		return fmt.Errorf("the action %s: %s", outcome.Status, outcome.Message)
	}
	output("%s:", result)
	block(outcome.Results[result])
	return nil
}
