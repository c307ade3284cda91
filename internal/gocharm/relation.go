package gocharm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// RelationIDs returns the ids ("gateway:3") of an endpoint's relations, sorted by number,
// so the oldest first. An endpoint that the charm does not have has no relations. Whether
// a breaking relation is listed depends on Juju's version.
func (t *Tools) RelationIDs(ctx context.Context, endpoint string) ([]string, error) {
	var ids []string
	if err := t.ask(ctx, &ids, "relation-ids", endpoint); err != nil {
		return nil, fmt.Errorf("cannot list relations of %s: %w", endpoint, err)
	}
	slices.SortFunc(ids, func(a, b string) int { return compareNumbered(a, b, ":") })
	return ids, nil
}

// RelationUnits returns the units on the other side of a relation, web/2 before web/10.
// For a peer relation it returns the other units of this application.
func (t *Tools) RelationUnits(ctx context.Context, relationID string) ([]string, error) {
	var units []string
	if err := t.ask(ctx, &units, "relation-list", "-r", relationID); err != nil {
		return nil, fmt.Errorf("cannot list units of relation %s: %w", relationID, err)
	}
	slices.SortFunc(units, func(a, b string) int { return compareNumbered(a, b, "/") })
	return units, nil
}

// RelationApplication returns the application on the other side of a relation,
// which may have no units.
func (t *Tools) RelationApplication(ctx context.Context, relationID string) (string, error) {
	var app string
	if err := t.ask(ctx, &app, "relation-list", "-r", relationID, "--app"); err != nil {
		return "", fmt.Errorf("cannot read application of relation %s: %w", relationID, err)
	}
	return app, nil
}

// RelationModelUUID returns the model of the other side of a relation: our own model,
// unless the relation is between models. Juju before 3.6 cannot tell: then the error is
// ErrUnsupported.
func (t *Tools) RelationModelUUID(ctx context.Context, relationID string) (string, error) {
	var model struct {
		UUID string `json:"uuid"`
	}
	if err := t.ask(ctx, &model, "relation-model-get", "-r", relationID); err != nil {
		return "", fmt.Errorf("cannot read model of relation %s: %w", relationID, err)
	}
	return model.UUID, nil
}

// UnitData returns a unit's data in a relation: a remote unit's, or our own
// unit's. Juju adds some keys of its own, such as ingress-address.
func (t *Tools) UnitData(ctx context.Context, relationID, unit string) (map[string]string, error) {
	var data map[string]string
	if err := t.ask(ctx, &data, "relation-get", "-r", relationID, "-", unit); err != nil {
		return nil, fmt.Errorf("cannot read data of %s in relation %s: %w", unit, relationID, err)
	}
	return notNil(data), nil
}

// ApplicationData returns an application's data in a relation: the remote application's,
// or our own. Only the leader may read our own; for other units the error is
// ErrPermissionDenied.
func (t *Tools) ApplicationData(ctx context.Context, relationID, app string) (map[string]string, error) {
	var data map[string]string
	if err := t.ask(ctx, &data, "relation-get", "-r", relationID, "--app", "-", app); err != nil {
		return nil, fmt.Errorf("cannot read data of %s in relation %s: %w", app, relationID, err)
	}
	return notNil(data), nil
}

// SetApplicationData sets keys of our application's data in a relation, and deletes those
// with an empty value. Other keys stay. Only the leader may do that; for other units the
// error is ErrNotLeader. Without data there is no call.
func (t *Tools) SetApplicationData(ctx context.Context, relationID string, data map[string]string) error {
	if len(data) == 0 {
		return nil
	}
	if err := t.sendMap(ctx, data, "relation-set", "-r", relationID, "--app"); err != nil {
		return fmt.Errorf("cannot write data to relation %s: %w", relationID, err)
	}
	return nil
}

// notNil returns an empty map for a null answer.
func notNil[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// compareNumbered compares names that end in sep and a number: first by the text before
// sep, then by number. A name without a number comes after those with one.
func compareNumbered(a, b, sep string) int {
	aName, aNumber := cutNumber(a, sep)
	bName, bNumber := cutNumber(b, sep)
	return cmp.Or(cmp.Compare(aName, bName), cmp.Compare(aNumber, bNumber), cmp.Compare(a, b))
}

func cutNumber(name, sep string) (string, uint64) {
	i := strings.LastIndex(name, sep)
	if i < 0 {
		return name, ^uint64(0)
	}
	number, err := strconv.ParseUint(name[i+len(sep):], 10, 64)
	if err != nil {
		return name[:i], ^uint64(0)
	}
	return name[:i], number
}
