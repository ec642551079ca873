package helm

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	chart "helm.sh/helm/v4/pkg/chart/v2"

	"weir.dev/native/render/wire"
)

// schemaURL is the name helm gives a chart's own schema; it shows in messages.
const schemaURL = "file:///values.schema.json"

// validate checks the values of the chart and of its subcharts against their schemas. It is helm's own check with helm's own
// library, repeated here because helm's loads any `$ref` from the disk or the network.
func validate(c *chart.Chart, values map[string]any) error {
	var problems strings.Builder
	if err := collectProblems(c, values, &problems); err != nil {
		return err
	}
	if problems.Len() == 0 {
		return nil
	}
	return wire.Fail(wire.SchemaInvalid, "values don't meet the specifications of the schema(s) in the following chart(s):\n%s", problems.String())
}

func collectProblems(c *chart.Chart, values map[string]any, problems *strings.Builder) error {
	if c.Schema != nil {
		loader := &noLoader{}
		err := validateOne(c.Schema, values, loader)
		if loader.refused != "" {
			return wire.Fail(wire.RemoteRefused, "values.schema.json of chart %s refers to %q, which is not loaded", c.Name(), loader.refused)
		}
		if err != nil {
			text := strings.TrimPrefix(err.Error(), "jsonschema validation failed with '"+schemaURL+"#'\n")
			fmt.Fprintf(problems, "%s:\n%s\n", c.Name(), text)
		}
	}
	for _, sub := range c.Dependencies() {
		raw, ok := values[sub.Name()]
		if !ok || raw == nil {
			continue
		}
		table, ok := raw.(map[string]any)
		if !ok {
			fmt.Fprintf(problems, "%s:\ninvalid type for values: expected object (map), got %T\n", sub.Name(), raw)
			continue
		}
		if err := collectProblems(sub, table, problems); err != nil {
			return err
		}
	}
	return nil
}

func validateOne(schema []byte, values map[string]any, loader *noLoader) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("unable to validate schema: %v", r)
		}
	}()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return err
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(loader)
	if err := compiler.AddResource(schemaURL, document); err != nil {
		return err
	}
	compiled, err := compiler.Compile(schemaURL)
	if err != nil {
		return err
	}
	return compiled.Validate(values)
}

// noLoader loads nothing but what helm does not load either: an unresolved URN, which stands for any value.
type noLoader struct{ refused string }

func (l *noLoader) Load(url string) (any, error) {
	if strings.HasPrefix(url, "urn:") {
		return true, nil
	}
	l.refused = url
	return nil, fmt.Errorf("%s is not loaded", url)
}
