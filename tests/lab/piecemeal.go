package lab

import "context"

// Settle does all that is pending, in an order that loses nothing. What follows does
// one thing at a time, for tests in which something else comes between.

// Step runs one pending hook of one unit and tells whether there was one. A hook that
// fails is a *jujutest.HookError and stays pending. No authority answers.
func (l *Lab) Step(ctx context.Context) (bool, error) { return l.Juju.Step(ctx) }

// Answer has every Authority, DNS and Configurator do what it has been asked, once, and
// tells whether that changed any databag. The events of it wait for Step or Settle.
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

// Trouble is the first failure so far, nil for none. It may be asked while the probe
// runs.
func (p *Probe) Trouble() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.First
}
