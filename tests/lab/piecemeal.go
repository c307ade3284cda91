package lab

import "context"

// Settle does everything that is pending, in an order in which nothing is lost. The methods in this
// file do one thing at a time, for tests in which something else happens in between.

// Step runs one pending hook of one unit and reports whether there was one. A hook that fails is a
// *jujutest.HookError and stays pending. No authority answers.
func (l *Lab) Step(ctx context.Context) (bool, error) { return l.Juju.Step(ctx) }

// Answer makes every Authority, DNS and Configurator do once what it has been asked for, and
// reports whether that changed any databag. Step or Settle runs the events of that.
func (l *Lab) Answer(ctx context.Context) (bool, error) {
	answered := false
	for _, authority := range l.authorities {
		changed, err := authority.answer(l.Juju)
		if err != nil {
			return answered, err
		}
		answered = answered || changed
	}
	for _, player := range l.players {
		changed, err := player.act(ctx)
		if err != nil {
			return answered, err
		}
		answered = answered || changed
	}
	return answered, nil
}

// Trouble returns the first failure so far; nil for none. It may be called while the probe runs.
func (p *Probe) Trouble() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.First
}
