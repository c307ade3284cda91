package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// patience bounds every wait of the tour.
const patience = 30 * time.Second

func (s *story) title(text string) {
	s.chapter++
	fmt.Printf("\n── %d. %s %s\n", s.chapter, text, strings.Repeat("─", max(3, 70-len(text))))
}

// say tells the reader something, in lines of a readable length.
func say(format string, args ...any) {
	fmt.Println()
	line := ""
	for word := range strings.FieldsSeq(fmt.Sprintf(format, args...)) {
		if len(line)+len(word) > 76 {
			fmt.Println(strings.TrimSpace(line))
			line = ""
		}
		line += word + " "
	}
	fmt.Println(strings.TrimSpace(line))
}

// command prints what the operator types.
func command(format string, args ...any) { fmt.Printf("\n$ "+format+"\n", args...) }

func curl(command, url string) { fmt.Printf("\n$ %s %s\n", command, url) }

func output(format string, args ...any) { fmt.Printf("  "+format+"\n", args...) }

// block prints text of several lines as output.
func block(text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		if line != "\n" {
			line = "  " + line
		}
		fmt.Print(line)
	}
	fmt.Println()
}

func (s *story) eventually(ctx context.Context, check func(context.Context) error) error {
	return cluster.Eventually(ctx, patience, check)
}

// statusIs compares the charm's status.
func (s *story) statusIs(kind, message string) error {
	unit := s.lab.Juju.Status().Unit(charm + "/0")
	if unit.Status != kind || unit.Message != message {
		return fmt.Errorf("status is %s %q, not %s %q", unit.Status, unit.Message, kind, message)
	}
	return nil
}

func (s *story) expectStatus(kind, message string) error {
	s.showStatus()
	return s.statusIs(kind, message)
}

// showStatus prints the charm's part of the model.
func (s *story) showStatus() {
	command("juju status %s", charm)
	status := s.lab.Juju.Status()
	status.Relations = nil
	status.Applications = []jujutest.ApplicationStatus{status.Application(charm)}
	block(status.String())
}

// expectActive shows the status, and lets update-status find the controller done
// when it was not yet.
func (s *story) expectActive(ctx context.Context) error {
	message := "Gateway addresses: " + s.cluster.GatewayAddress()
	if err := s.statusIs("active", message); err != nil {
		s.showStatus()
		say("The gateway's controller has not judged the newest objects yet, and the charm does not sleep on it. Juju's next update-status looks again.")
		if err := s.lab.Await(ctx, charm, func() error { return s.statusIs("active", message) }); err != nil {
			return err
		}
	}
	return s.expectStatus("active", message)
}

func (s *story) expectObjects(ctx context.Context, want ...string) error {
	command("kubectl get gateways,httproutes,services,secrets,endpointslices -l %s=%s -o name",
		"gateway-api-integrator.charm.juju.is/managed-by", charm)
	err := s.eventually(ctx, func(ctx context.Context) error {
		got, err := s.lab.Objects(ctx, charm)
		slices.Sort(got)
		slices.Sort(want)
		if err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("objects are %v, not %v", got, want)
		}
		return err
	})
	for _, name := range want {
		output("%s", resourceName(name))
	}
	if len(want) == 0 {
		output("No resources found in %s namespace.", model)
	}
	return err
}

// resourceName is an object's name as kubectl has it: "secret/web".
func resourceName(object string) string {
	kind, name, _ := strings.Cut(object, "/")
	groups := map[string]string{"Gateway": ".gateway.networking.k8s.io", "HTTPRoute": ".gateway.networking.k8s.io", "EndpointSlice": ".discovery.k8s.io"}
	return strings.ToLower(kind) + groups[kind] + "/" + name
}

func (s *story) expectURL(want string) error {
	command("juju show-unit %s/0 --format json | jq '…application-data.ingress'", hello)
	got := s.app.URL(charm)
	output("{\"url\": %q}", got)
	if got != want {
		return fmt.Errorf("the published URL is %q, not %q", got, want)
	}
	return nil
}

func (s *story) expectRedirect(ctx context.Context, host string) error {
	url, want := "http://"+host+"/demo-hello", "https://"+host+"/demo-hello"
	curl("curl -i", url)
	return s.eventually(ctx, func(ctx context.Context) error {
		response, err := s.lab.Get(ctx, url, nil)
		if err != nil {
			return err
		}
		if response.Code != http.StatusMovedPermanently || response.Location != want {
			return fmt.Errorf("%s answers %d %s", url, response.Code, response.Location)
		}
		output("HTTP/1.1 %d %s", response.Code, http.StatusText(response.Code))
		output("Location: %s", response.Location)
		return nil
	})
}

func (s *story) expectAnswer(ctx context.Context, host string) error {
	url := "https://" + host + "/demo-hello"
	curl("curl -i --cacert ca.pem", url)
	return s.eventually(ctx, func(ctx context.Context) error {
		response, err := s.lab.Get(ctx, url, s.ca.Pool())
		if err != nil {
			return err
		}
		if response.Code != http.StatusOK || !strings.HasPrefix(response.Echo.Unit, hello+"/") {
			return fmt.Errorf("%s answers %d from %q", url, response.Code, response.Echo.Unit)
		}
		if !slices.Equal(response.HSTS, []string{"max-age=31536000"}) {
			return fmt.Errorf("Strict-Transport-Security is %q", response.HSTS)
		}
		output("HTTP/1.1 200 OK")
		output("Strict-Transport-Security: %s", response.HSTS[0])
		output("Hello from %s, asked for %s by %s.", response.Echo.Unit, response.Echo.Path, response.Echo.Proto)
		return nil
	})
}

// describe returns a line for each certificate of a PEM text.
func describe(text string) ([]string, error) {
	var lines []string
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		line := "CN=" + certificate.Subject.CommonName
		if len(certificate.DNSNames) > 0 {
			line += ", for " + strings.Join(certificate.DNSNames, ", ")
		}
		lines = append(lines, line+", until "+certificate.NotAfter.Format(time.DateOnly))
	}
	if len(lines) == 0 {
		return nil, errors.New("no certificate")
	}
	return lines, nil
}

// tally reads a count of things, most frequent first.
func tally(counts map[string]int) string {
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		if counts[name] > 1 {
			names[i] = fmt.Sprintf("%d %s", counts[name], name)
		}
	}
	return strings.Join(names, ", ")
}

func total(counts map[string]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}
