// Builds the CustomResourceDefinition of a kind from its schemas and its names.
// It never writes a file: scripts/generate-crds.mjs does.

import type { TSchema } from './field.ts';
import type { SchemaNode } from './schema-node.ts';
import { type OpenApi, structuralSchema } from './structural-schema.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'date';
  readonly jsonPath: string;
  readonly priority?: number;
}

export interface ResourceDefinition {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly categories?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** Top-level fields by name, as `spec` and `status`. */
  readonly fields: Readonly<Record<string, TSchema>>;
  readonly required: readonly string[];
  readonly statusDefault?: Readonly<Record<string, unknown>>;
  readonly statusSubresource: boolean;
  readonly columns: readonly PrinterColumn[];
}

/** By this label weir knows its own definitions, and never replaces those of somebody else. */
export const ownDefinitionLabel = { 'app.kubernetes.io/managed-by': 'weir' } as const;

export function customResourceDefinition(definition: ResourceDefinition): OpenApi {
  const { group, version, kind, plural, annotations, categories } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      labels: ownDefinitionLabel,
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: definition.shortNames,
        ...(categories === undefined ? {} : { categories }),
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: definition.statusSubresource ? { status: {} } : {},
          additionalPrinterColumns: definition.columns,
          schema: { openAPIV3Schema: rootSchema(definition) },
        },
      ],
    },
  };
}

function rootSchema(definition: ResourceDefinition): OpenApi {
  const fields = Object.entries(definition.fields).map(([name, schema]) => {
    // A TypeBox schema is a SchemaNode at run time.
    const structural = structuralSchema(schema as unknown as SchemaNode);
    const byDefault =
      name === 'status' && definition.statusDefault !== undefined
        ? { default: definition.statusDefault }
        : {};
    return [name, { ...structural, ...byDefault }] as const;
  });
  return {
    type: 'object',
    ...(definition.required.length === 0 ? {} : { required: definition.required }),
    'x-kubernetes-preserve-unknown-fields': true,
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      ...Object.fromEntries(fields),
    },
  };
}
