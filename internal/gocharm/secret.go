package gocharm

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SecretOwner says who owns a new secret.
type SecretOwner string

// The owners of secrets. Only the leader may write an application's secret.
const (
	OwnerApplication SecretOwner = "application"
	OwnerUnit        SecretOwner = "unit"
)

// SecretRotation says how often Juju asks the owner for a new revision.
type SecretRotation string

// The rotations that Juju knows.
const (
	RotateNever     SecretRotation = "never"
	RotateHourly    SecretRotation = "hourly"
	RotateDaily     SecretRotation = "daily"
	RotateWeekly    SecretRotation = "weekly"
	RotateMonthly   SecretRotation = "monthly"
	RotateQuarterly SecretRotation = "quarterly"
	RotateYearly    SecretRotation = "yearly"
)

// SecretSpec describes a new secret, or the changes to one. An empty field means Juju's
// default, or no change.
type SecretSpec struct {
	// Label is the owner's name for the secret. If one owner has two secrets with the
	// same label, the hook fails at its end.
	Label       string
	Description string
	Owner       SecretOwner // for a new secret only; Juju's default is the application
	Expire      time.Time   // when secret-expired is sent; Juju deletes nothing
	Rotate      SecretRotation
	// Content is the secret itself. A key has at least three characters: lower
	// case letters and digits, with single dashes inside. No value is empty.
	Content map[string]string
}

// SecretRef names a secret: by id, by label, or by both, which gives the secret of that
// id that label for this reader.
type SecretRef struct {
	ID    string // in any of its forms, see [SecretID]
	Label string
}

// SecretMode says which revision of a secret to read.
type SecretMode int

const (
	// Plain reads the revision that this unit follows: the latest one at its first read,
	// and the same one from then on, for an owner too.
	Plain SecretMode = iota
	// Peek reads the latest revision. The unit goes on following the same one.
	Peek
	// Refresh reads the latest revision and follows it from now on.
	Refresh
)

// SecretInfo is what its owner can learn about a secret without reading it.
type SecretInfo struct {
	ID          string         `json:"-"` // bare
	Label       string         `json:"label"`
	Revision    int            `json:"revision"` // the latest
	Owner       SecretOwner    `json:"owner"`
	Description string         `json:"description"`
	Rotation    SecretRotation `json:"rotation"`
	Expiry      time.Time      `json:"expiry"`  // zero if it does not expire
	Rotates     time.Time      `json:"rotates"` // zero if it does not rotate
	Access      []SecretAccess `json:"access"`
}

// SecretAccess is one grant of a secret.
type SecretAccess struct {
	Target string `json:"target"` // "application-web"
	Scope  string `json:"scope"`  // "relation-gateway-api-integrator.certificates#ca.certificates"
	Role   string `json:"role"`   // "view"
}

// SecretID returns the bare id from any of the forms that Juju has for it: "secret:<id>",
// "secret://<model uuid>/<id>", "<id>". Use it to compare secrets.
func SecretID(uri string) string {
	id := strings.TrimPrefix(uri, "secret:")
	return id[strings.LastIndex(id, "/")+1:]
}

// AddSecret makes a secret and returns its id in Juju's form, which can be published:
// "secret:<id>". Only the leader may make an application's secret; for other units the
// error is ErrNotLeader.
func (t *Tools) AddSecret(ctx context.Context, spec SecretSpec) (id string, err error) {
	args := spec.flags()
	if spec.Owner != "" {
		args = append(args, "--owner="+string(spec.Owner))
	}
	stdout, err := t.runner.Run(ctx, Call{Tool: "secret-add", Args: args, Content: spec.Content})
	if err != nil {
		return "", fmt.Errorf("cannot add secret%s: %w", labelled(spec.Label), err)
	}
	id = strings.TrimSpace(string(stdout))
	if SecretID(id) == "" {
		return "", fmt.Errorf("cannot add secret%s: secret-add named none", labelled(spec.Label))
	}
	return id, nil
}

// SetSecret changes the fields of a secret that spec sets. Content makes a new revision,
// unless it is the same as that of the latest one. With an empty spec there is no call.
func (t *Tools) SetSecret(ctx context.Context, id string, spec SecretSpec) error {
	args := spec.flags()
	if len(args) == 0 && len(spec.Content) == 0 {
		return nil
	}
	call := Call{Tool: "secret-set", Args: append([]string{id}, args...), Content: spec.Content}
	if _, err := t.runner.Run(ctx, call); err != nil {
		return fmt.Errorf("cannot set secret %s: %w", id, err)
	}
	return nil
}

// Secret returns a secret's content. ErrNotFound: there is no such secret, or not for
// this unit. ErrPermissionDenied: it has not been granted, or no longer is.
func (t *Tools) Secret(ctx context.Context, ref SecretRef, mode SecretMode) (map[string]string, error) {
	args := append(ref.args(), "--format=json")
	switch mode {
	case Plain:
	case Peek:
		args = append(args, "--peek")
	case Refresh:
		args = append(args, "--refresh")
	}
	stdout, err := t.runner.Run(ctx, Call{Tool: "secret-get", Args: args})
	if err != nil {
		return nil, fmt.Errorf("cannot read secret %s: %w", ref, ref.notFound(err))
	}
	var content map[string]string
	if err := decode(stdout, &content); err != nil {
		// The decoder's error would quote the content.
		return nil, fmt.Errorf("cannot read secret %s: secret-get did not answer with a JSON object of strings", ref)
	}
	return notNil(content), nil
}

// SecretInfo returns what is known about a secret that this unit owns, or that its
// application owns if this unit leads. For others the error is ErrNotFound.
func (t *Tools) SecretInfo(ctx context.Context, ref SecretRef) (SecretInfo, error) {
	var infos map[string]SecretInfo
	if err := t.ask(ctx, &infos, "secret-info-get", ref.args()...); err != nil {
		return SecretInfo{}, fmt.Errorf("cannot read about secret %s: %w", ref, ref.notFound(err))
	}
	if len(infos) != 1 {
		return SecretInfo{}, fmt.Errorf("cannot read about secret %s: secret-info-get told of %d", ref, len(infos))
	}
	var info SecretInfo
	for id, i := range infos {
		info = i
		info.ID = SecretID(id)
	}
	return info, nil
}

// SecretIDs returns the bare ids, sorted, of this unit's secrets, and of its
// application's if it leads.
func (t *Tools) SecretIDs(ctx context.Context) ([]string, error) {
	var ids []string
	if err := t.ask(ctx, &ids, "secret-ids"); err != nil {
		return nil, fmt.Errorf("cannot list secrets: %w", err)
	}
	for i, id := range ids {
		ids[i] = SecretID(id)
	}
	slices.Sort(ids)
	return ids, nil
}

// RemoveSecret removes one revision of a secret, or all of it if revision is 0.
func (t *Tools) RemoveSecret(ctx context.Context, id string, revision int) error {
	args := []string{id}
	if revision != 0 {
		args = append(args, "--revision", strconv.Itoa(revision))
	}
	if err := t.run(ctx, "secret-remove", args...); err != nil {
		return fmt.Errorf("cannot remove secret %s: %w", id, err)
	}
	return nil
}

// flags returns the flags that secret-add and secret-set have in common.
func (s SecretSpec) flags() []string {
	var flags []string
	if s.Label != "" {
		flags = append(flags, "--label="+s.Label)
	}
	if s.Description != "" {
		flags = append(flags, "--description="+s.Description)
	}
	if !s.Expire.IsZero() {
		flags = append(flags, "--expire="+s.Expire.UTC().Format(time.RFC3339))
	}
	if s.Rotate != "" {
		flags = append(flags, "--rotate="+string(s.Rotate))
	}
	return flags
}

func (r SecretRef) args() []string {
	var args []string
	if r.ID != "" {
		args = append(args, r.ID)
	}
	if r.Label != "" {
		args = append(args, "--label="+r.Label)
	}
	return args
}

// String returns the secret's id, or its label.
func (r SecretRef) String() string {
	if r.ID != "" {
		return r.ID
	}
	return strconv.Quote(r.Label)
}

func labelled(label string) string {
	if label == "" {
		return ""
	}
	return " " + strconv.Quote(label)
}
