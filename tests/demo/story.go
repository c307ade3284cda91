package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// The names of the story.
const (
	model     = "demo"
	charm     = "gateway-api-integrator"
	authority = "self-signed-certificates"
	hello     = "hello"
	firstHost = "demo.example.com"
	nextHost  = "shop.example.com"
)

// A story is the tour under way.
type story struct {
	cluster *cluster.Cluster
	lab     *lab.Lab
	ca      *lab.Authority
	app     *lab.App
	chapter int

	hook jujutest.HookRun // the last one
}

// count remembers the last hook for the figures.
func (s *story) count(run jujutest.HookRun) { s.hook = run }

// tell goes through the chapters in order. With keep it stops before the
// application is removed.
func (s *story) tell(ctx context.Context, keep bool) error {
	chapters := []func(context.Context) error{
		s.deploy, s.relateAuthority, s.relateApplication, s.traffic, s.getCertificate,
		s.changeHost, s.rotateKey, s.figures, s.removeRelation, s.removeApplication,
	}
	if keep {
		chapters = chapters[:8]
	}
	for _, chapter := range chapters {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	if !keep {
		fmt.Println("\nThat was the whole life of the charm, and every step was as told.")
	}
	return nil
}

func (s *story) deploy(ctx context.Context) error {
	s.title("Deploy the charm")
	say("The operator wants %s to be the public host.", firstHost)
	command("juju deploy ./gateway-api-integrator_ubuntu-24.04-amd64.charm --trust --config external-hostname=%s", firstHost)
	if err := s.lab.Deploy(ctx, charm, map[string]any{"external-hostname": firstHost}, true); err != nil {
		return err
	}
	if err := s.lab.Settle(ctx); err != nil {
		return err
	}
	say("HTTPS is enforced unless told otherwise, so without certificates nothing may be served. The Gateway is there already, so that it has its address.")
	if err := s.expectStatus("blocked", "Certificates relation is needed if enforce-https is enabled. Try `juju integrate gateway-api-integrator:certificates CA`"); err != nil {
		return err
	}
	return s.expectObjects(ctx, "Gateway/"+charm)
}

func (s *story) relateAuthority(ctx context.Context) error {
	s.title("Relate a certificate authority")
	command("juju deploy %s", authority)
	var err error
	if s.ca, err = s.lab.AddAuthority(authority); err != nil {
		return err
	}
	command("juju integrate %s:certificates %s", charm, authority)
	if err := s.lab.Relate(ctx, charm+":certificates", authority); err != nil {
		return err
	}
	if err := s.lab.Settle(ctx); err != nil {
		return err
	}
	if err := s.expectActive(ctx); err != nil {
		return err
	}
	say("No certificate is asked for yet: the host serves nobody.")
	return s.expectObjects(ctx, "Gateway/"+charm)
}

func (s *story) relateApplication(ctx context.Context) error {
	s.title("Relate an application")
	say("Two units of a web application, listening on port 8080. Now the charm asks for the certificate.")
	command("juju deploy %s -n 2", hello)
	var err error
	if s.app, err = s.lab.AddApp(ctx, hello, 8080, 2); err != nil {
		return err
	}
	command("juju integrate %s:ingress %s", hello, charm)
	if err := s.lab.Relate(ctx, hello+":ingress", charm); err != nil {
		return err
	}
	if err := s.lab.Settle(ctx); err != nil {
		return err
	}
	if err := s.expectActive(ctx); err != nil {
		return err
	}
	if err := s.expectObjects(ctx, "Gateway/"+charm, "HTTPRoute/"+lab.RedirectRoute(charm, firstHost), "HTTPRoute/"+charm+"-demo-hello",
		"Secret/"+charm+"-secret-"+firstHost, "Service/"+charm+"-hello-service"); err != nil {
		return err
	}
	say("The application has been told its URL over the relation:")
	return s.expectURL("https://" + firstHost + "/demo-hello")
}

func (s *story) traffic(ctx context.Context) error {
	s.title("Use it")
	if err := s.expectRedirect(ctx, firstHost); err != nil {
		return err
	}
	if err := s.expectAnswer(ctx, firstHost); err != nil {
		return err
	}
	say("A client that does not trust the authority is not served:")
	curl("curl", "https://"+firstHost+"/demo-hello")
	response, err := s.lab.Get(ctx, "https://"+firstHost+"/demo-hello", nil)
	if err == nil {
		return fmt.Errorf("the certificate was accepted without its authority (answer %d)", response.Code)
	}
	var failure *url.Error
	if !errors.As(err, &failure) {
		return err
	}
	output("%v", failure.Err)
	return nil
}

func (s *story) getCertificate(ctx context.Context) error {
	s.title("Look at the certificate")
	say("The action shows PEM; here is what it says.")
	command("juju run %s/0 get-certificate", charm)
	result, err := s.lab.Juju.RunAction(ctx, charm+"/0", "get-certificate", nil)
	if err != nil {
		return err
	}
	if result.Status != "completed" {
		return fmt.Errorf("the action %s: %s", result.Status, result.Message)
	}
	for _, key := range []string{"certificate", "ca", "chain"} {
		certificates, err := describe(result.Results[key])
		if err != nil {
			return fmt.Errorf("result %s: %w", key, err)
		}
		for _, line := range certificates {
			output("%-12s %s", key+":", line)
		}
	}
	command("juju run %s/0 get-certificate hostname=other.example.com", charm)
	result, err = s.lab.Juju.RunAction(ctx, charm+"/0", "get-certificate", map[string]any{"hostname": "other.example.com"})
	if err != nil {
		return err
	}
	output("Action failed: %s", result.Message)
	if result.Status != "failed" || !strings.Contains(result.Message, firstHost) {
		return fmt.Errorf("a host without certificate does not fail with the hosts there are: %s %q", result.Status, result.Message)
	}
	return nil
}

func (s *story) changeHost(ctx context.Context) error {
	s.title("Change the host, under traffic")
	say("Users keep asking meanwhile, at the old host and at the new one. The old one is served until the new one has its certificate, and is.")
	oldURL, nextURL := "https://"+firstHost+"/demo-hello", "https://"+nextHost+"/demo-hello"
	users := s.lab.Visit(s.app, charm, s.ca.Pool(), oldURL, nextURL)
	defer users.Stop()
	s.ca.Hold = true
	command("juju config %s external-hostname=%s", charm, nextHost)
	if err := s.lab.Juju.SetConfig(ctx, charm, map[string]any{"external-hostname": nextHost}); err != nil {
		return err
	}
	if err := s.lab.Settle(ctx); err != nil {
		return err
	}
	err := s.lab.Await(ctx, charm, func() error { return s.statusIs("waiting", "Waiting for TLS certificates to be issued.") })
	if err != nil {
		return err
	}
	if err := s.expectStatus("waiting", "Waiting for TLS certificates to be issued."); err != nil {
		return err
	}
	if err := s.expectURL(oldURL); err != nil {
		return err
	}
	say("The authority signs:")
	s.ca.Hold = false
	if err := s.lab.Settle(ctx); err != nil {
		return err
	}
	if err := s.expectActive(ctx); err != nil {
		return err
	}
	if err := s.expectURL(nextURL); err != nil {
		return err
	}
	if err := s.expectRedirect(ctx, nextHost); err != nil {
		return err
	}
	if err := s.expectAnswer(ctx, nextHost); err != nil {
		return err
	}
	users.Stop()
	say("Users meanwhile: %d visits, %d of them served at neither host.", users.Visits, users.Nowhere.Count)
	if users.Nowhere.Count > 0 || users.Visits == 0 {
		return fmt.Errorf("of %d visits were served at neither host: %v", users.Visits, users.Nowhere)
	}
	return nil
}

// figures measures a hook that finds everything as it should be.
func (s *story) figures(ctx context.Context) error {
	s.title("What a hook costs when nothing has changed")
	user := cluster.ServiceAccount(model, charm)
	if err := s.cluster.ResetRequestCounts(user); err != nil {
		return err
	}
	if err := s.lab.Juju.UpdateStatus(ctx, charm); err != nil {
		return err
	}
	if err := s.lab.Settle(ctx); err != nil {
		return err
	}
	counts, err := s.cluster.RequestCount(user)
	if err != nil {
		return err
	}
	tools := map[string]int{}
	for _, call := range s.hook.Calls {
		tools[call.Tool]++
	}
	say("With one application:")
	output("%s: %d ms", s.hook.Name, s.hook.Duration/time.Millisecond)
	output("%d hook tool calls: %s", len(s.hook.Calls), tally(tools))
	output("%d API requests: %s", total(counts), tally(counts))
	for request := range counts {
		if verb, _, _ := strings.Cut(request, " "); !slices.Contains([]string{"get", "list"}, verb) {
			return fmt.Errorf("a hook that changes nothing did %s", request)
		}
	}
	return nil
}

func (s *story) removeRelation(ctx context.Context) error {
	s.title("Remove the relation")
	command("juju remove-relation %s:ingress %s", hello, charm)
	if err := s.lab.Unrelate(ctx, hello+":ingress", charm); err != nil {
		return err
	}
	if err := s.lab.Settle(ctx); err != nil {
		return err
	}
	if err := s.expectActive(ctx); err != nil {
		return err
	}
	if err := s.expectObjects(ctx, "Gateway/"+charm); err != nil {
		return err
	}
	say("The host serves nobody any more, so that nothing of it stays. One HTTP listener lets the Gateway keep its address.")
	address := "http://" + nextHost + "/demo-hello"
	curl("curl -o /dev/null -w '%{http_code}'", address)
	err := s.eventually(ctx, func(ctx context.Context) error {
		return s.lab.Expect(ctx, address, nil, http.StatusNotFound)
	})
	if err != nil {
		return err
	}
	output("404")
	return nil
}

func (s *story) removeApplication(ctx context.Context) error {
	s.title("Remove the application")
	command("juju remove-application %s", charm)
	if err := s.lab.Remove(ctx, charm); err != nil {
		return err
	}
	say("Juju deletes the application's StatefulSet; Kubernetes collects what it owned.")
	return s.expectObjects(ctx)
}
