package hooks

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// How a certificate authority behaves: the words of `ca` that change its conduct,
// from the next `juju settle` on.

// conduct makes a command of what is done to an authority; the command's
// arguments are those after its name.
func conduct(do func(a *lab.Authority, args []string) error) command {
	return func(s *story, _ context.Context, args []string) error {
		if len(args) == 0 {
			return errUsage
		}
		authority, err := s.authority(args[0])
		if err != nil {
			return err
		}
		return do(authority, args[1:])
	}
}

// durations reads arguments that are all durations: 90m, 2160h, -1h.
func durations(args []string, to ...*time.Duration) error {
	texts := make([]string, len(to))
	pointers := make([]*string, len(to))
	for i := range texts {
		pointers[i] = &texts[i]
	}
	if err := exactly(args, pointers...); err != nil {
		return err
	}
	for i, text := range texts {
		var err error
		if *to[i], err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
	}
	return nil
}

// life is how long the certificates are valid that it issues from now on; a
// negative one has been over for so long.
func life(a *lab.Authority, args []string) error { return durations(args, &a.Life) }

// backdate is how long before they are issued its certificates began to be valid.
func backdate(a *lab.Authority, args []string) error { return durations(args, &a.Backdate) }

// delay makes the certificates valid only after that time.
func delay(a *lab.Authority, args []string) error { return durations(args, &a.Delay) }

// refuse makes it answer requests for a host with an error, in the Python
// library's spelling or in that of the interface's README.
func refuse(a *lab.Authority, args []string) error {
	flags := newFlags("refuse")
	schema := flags.Bool("schema", false, "")
	reason := flags.String("reason", "", "")
	code := flags.Int("code", 999, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var host, message string
	if err := exactly(flags.Args(), &host, &message); err != nil {
		return err
	}
	if a.Refuse == nil {
		a.Refuse = map[string]lab.Refusal{}
	}
	a.Refuse[host] = lab.Refusal{Code: *code, Message: message, Reason: *reason, Schema: *schema}
	return nil
}

// relent ends what refuse began.
func relent(a *lab.Authority, args []string) error {
	var host string
	if err := exactly(args, &host); err != nil {
		return err
	}
	delete(a.Refuse, host)
	return nil
}

// reissue answers the same requests for a host with new certificates.
func reissue(a *lab.Authority, args []string) error {
	var host string
	if err := exactly(args, &host); err != nil {
		return err
	}
	a.Reissue(host)
	return nil
}

func capabilities(a *lab.Authority, args []string) error { return exactly(args, &a.Capabilities) }

// garbage writes JSON values between the certificates, or none any more.
func garbage(a *lab.Authority, args []string) error {
	a.Garbage = args
	return nil
}

// errorGarbage writes them between the errors.
func errorGarbage(a *lab.Authority, args []string) error {
	a.ErrorGarbage = args
	return nil
}

// issued prints a line for each certificate that the authority has ever signed
// for a host.
func issued(s *story, _ context.Context, args []string) error {
	return s.ofHost(args, func(host string, certificates []*x509.Certificate) error {
		for _, certificate := range certificates {
			s.print("%s, number %d", host, certificate.SerialNumber)
		}
		return nil
	})
}

// awaitExpired waits until the newest certificate for a host has expired. The
// charm has the machine's clock, so this takes as long as it says; the story made
// that life short.
func awaitExpired(s *story, ctx context.Context, args []string) error {
	return s.ofHost(args, func(host string, certificates []*x509.Certificate) error {
		if len(certificates) == 0 {
			return fmt.Errorf("no certificate was issued for %s", host)
		}
		return awaitTime(ctx, certificates[len(certificates)-1].NotAfter.Add(time.Second))
	})
}

// awaitDue waits until nine tenths of the life of the newest certificate for a
// host are over. Its life counts from its request, which is told when it was made.
func awaitDue(s *story, ctx context.Context, args []string) error {
	return s.ofHost(args, func(host string, certificates []*x509.Certificate) error {
		request, err := s.newestRequest(args[0], host)
		if err != nil {
			return err
		}
		if len(certificates) == 0 || request.made.IsZero() {
			return fmt.Errorf("nothing tells when the certificate for %s is due", host)
		}
		newest, start := certificates[len(certificates)-1], request.made
		if newest.NotBefore.After(start) {
			start = newest.NotBefore
		}
		return awaitTime(ctx, start.Add(newest.NotAfter.Sub(start)/10*9))
	})
}

func awaitTime(ctx context.Context, at time.Time) error {
	return cluster.Eventually(ctx, lab.Patience, func(context.Context) error {
		if left := time.Until(at); left > 0 {
			return fmt.Errorf("it takes another %v", left)
		}
		return nil
	})
}

// ofHost reads the arguments CA HOST.
func (s *story) ofHost(args []string, do func(host string, certificates []*x509.Certificate) error) error {
	var name, host string
	if err := exactly(args, &name, &host); err != nil {
		return err
	}
	authority, err := s.authority(name)
	if err != nil {
		return err
	}
	return do(host, authority.Issued(host))
}
