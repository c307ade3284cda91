package schema_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	schemaobjectmeta "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// A checker checks objects of one version of a kind, as the API server does before it keeps them.
type checker struct {
	structural *schema.Structural
	validator  validation.SchemaValidator
	rules      *cel.Validator
}

// readCheckers reads the CRDs of a directory. The keys are apiVersion and kind: those of
// "gateway.networking.k8s.io/v1 HTTPRoute".
func readCheckers(directory string) (map[string]*checker, error) {
	files, err := filepath.Glob(filepath.Join(directory, "*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no CRDs in %s", directory)
	}
	checkers := map[string]*checker{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(content, &crd); err != nil {
			return nil, err
		}
		if crd.Kind != "CustomResourceDefinition" {
			continue // A policy that guards the bundle.
		}
		for _, version := range crd.Spec.Versions {
			c, err := newChecker(version.Schema)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", filepath.Base(file), version.Name, err)
			}
			checkers[crd.Spec.Group+"/"+version.Name+" "+crd.Spec.Names.Kind] = c
		}
	}
	return checkers, nil
}

func newChecker(schemas *apiextensionsv1.CustomResourceValidation) (*checker, error) {
	var internal apiextensions.CustomResourceValidation
	if err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(schemas, &internal, nil); err != nil {
		return nil, err
	}
	structural, err := schema.NewStructural(internal.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(internal.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	return &checker{structural, validator, cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
}

// check says what is wrong with an object that is to be created; nil for nothing. Fields that
// the schema does not know are wrong too.
func (c *checker) check(ctx context.Context, object *unstructured.Unstructured) error {
	content := object.DeepCopy().Object
	defaulting.PruneNonNullableNullsWithoutDefaults(content, c.structural)
	unknown := pruning.PruneWithOptions(content, c.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.Default(content, c.structural)
	wrong := schemaobjectmeta.Validate(ctx, nil, content, c.structural, true)
	wrong = append(wrong, validation.ValidateCustomResource(nil, content, c.validator)...)
	wrong = append(wrong, listtype.ValidateListSetsAndMaps(nil, c.structural, content)...)
	if c.rules != nil {
		broken, _ := c.rules.Validate(ctx, field.NewPath(""), c.structural, content, nil, celconfig.RuntimeCELCostBudget)
		wrong = append(wrong, broken...)
	}
	err := wrong.ToAggregate()
	if len(unknown) > 0 {
		return errors.Join(err, fmt.Errorf("unknown fields: %s", strings.Join(unknown, ", ")))
	}
	if err != nil {
		return err
	}
	return nil
}
