package hooks

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// curl asks the gateway for a URL until it answers with the code, as a client
// that trusts one authority or none, and prints the answer. The code "none"
// waits for no answer at all, and prints why there is none.
func (s *story) curl(ctx context.Context, args []string) error {
	flags := newFlags("curl")
	authority := flags.String("cacert", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var want, url string
	if err := exactly(flags.Args(), &want, &url); err != nil {
		return err
	}
	pool, err := s.pool(*authority)
	if err != nil {
		return err
	}
	var answer lab.Response
	var refusal error
	err = cluster.Eventually(ctx, lab.Patience, func(ctx context.Context) error {
		got := "none"
		if answer, refusal = s.lab.Get(ctx, url, pool); refusal == nil {
			got = strconv.Itoa(answer.Code)
		}
		if got != want {
			return errors.Join(fmt.Errorf("%s answers %s, not %s", url, got, want), refusal)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if refusal != nil {
		s.print("%v", refusal)
		return nil
	}
	s.showAnswer(answer)
	return nil
}

func (s *story) showAnswer(answer lab.Response) {
	s.print("HTTP %d", answer.Code)
	if answer.Location != "" {
		s.print("Location: %s", answer.Location)
	}
	for _, value := range answer.HSTS {
		s.print("Strict-Transport-Security: %s", value)
	}
	if echo := answer.Echo; echo.Unit != "" {
		s.print("%s was asked for %s, X-Forwarded-Proto %q, X-Forwarded-Prefix %q", echo.Unit, echo.Path, echo.Proto, echo.Prefix)
	}
}

// pool holds the root of an authority of the story; empty for no name.
func (s *story) pool(name string) (*x509.CertPool, error) {
	if authority := s.authorities[name]; authority != nil {
		return authority.Pool(), nil
	}
	if rogue := s.rogues[name]; rogue != nil {
		return rogue.pool(), nil
	}
	if name != "" {
		return nil, fmt.Errorf("%w: no authority %q", errUsage, name)
	}
	return nil, nil
}
