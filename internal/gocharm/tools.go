package gocharm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Tools are the hook tools as typed calls. Each method runs one tool through the runner,
// unless it says otherwise. Several goroutines may use it.
//
// If the tool itself failed, the error wraps a *ToolError. Use errors.Is with the
// sentinels of this package to tell failures apart.
type Tools struct {
	runner Runner
}

// NewTools returns the hook tools as run by r. The caller must close r.
func NewTools(r Runner) *Tools { return &Tools{runner: r} }

// run runs a tool whose answer does not matter.
func (t *Tools) run(ctx context.Context, tool string, args ...string) error {
	_, err := t.runner.Run(ctx, Call{Tool: tool, Args: args})
	return err
}

// ask runs a tool and decodes its JSON answer. An answer of null or nothing does not
// change the value.
func (t *Tools) ask(ctx context.Context, answer any, tool string, args ...string) error {
	stdout, err := t.runner.Run(ctx, Call{Tool: tool, Args: append([]string{"--format=json"}, args...)})
	if err != nil {
		return err
	}
	if err := decode(stdout, answer); err != nil {
		return fmt.Errorf("cannot decode answer of %s: %w", tool, err)
	}
	return nil
}

// decode decodes the only JSON value in data. Numbers are json.Number if the target is an
// interface.
func decode(data []byte, value any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(value); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// sendMap runs a tool that reads a map of strings from standard input.
func (t *Tools) sendMap(ctx context.Context, data map[string]string, tool string, args ...string) error {
	stdin, err := encodeMap(data)
	if err != nil {
		return err
	}
	_, err = t.runner.Run(ctx, Call{Tool: tool, Args: append(args, "--file", "-"), Stdin: stdin})
	return err
}

// encodeMap returns data as JSON with sorted keys that a YAML parser, which is what the
// tools have, reads the same. YAML refuses some characters that JSON allows (delete, the
// C1 controls, the byte order mark, the two non-characters) and treats U+0085 as a line
// break, so these are escaped.
func encodeMap(data map[string]string) ([]byte, error) {
	plain, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("cannot encode data: %w", err)
	}
	encoded := make([]byte, 0, len(plain))
	for _, r := range string(plain) {
		if r >= 0x7f && r <= 0x9f || r == 0xfeff || r == 0xfffe || r == 0xffff {
			encoded = fmt.Appendf(encoded, `\u%04x`, r)
		} else {
			encoded = append(encoded, string(r)...)
		}
	}
	return encoded, nil
}
