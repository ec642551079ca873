// Turns a resource schema into the structural OpenAPI v3 schema of a CRD that prunes nothing.
// It never adds a required field: what the peer's CRD accepts, this one accepts.

import { type SchemaNode, valuesOf } from './schema-node.ts';

const keepUnknown = 'x-kubernetes-preserve-unknown-fields';

export type OpenApi = Readonly<Record<string, unknown>>;

export function structuralSchema(node: SchemaNode): OpenApi {
  const described = node.description === undefined ? {} : { description: node.description };
  if (node['x-kubernetes-int-or-string'] === true) {
    return { ...described, 'x-kubernetes-int-or-string': true };
  }
  if (node.type === 'object') return { ...described, ...objectSchema(node) };
  if (node.type === 'array') {
    return { ...described, type: 'array', items: structuralSchema(node.items ?? { [keepUnknown]: true }) };
  }
  if (node.type === undefined) return { ...described, [keepUnknown]: true };
  return {
    ...described,
    type: node.type,
    ...(node.enum === undefined ? {} : { enum: node.enum }),
    ...(node.pattern === undefined ? {} : { pattern: node.pattern }),
  };
}

function objectSchema(node: SchemaNode): OpenApi {
  const values = valuesOf(node);
  // A map names the schema of every value, so no key of it is unknown.
  if (values !== undefined) return { type: 'object', additionalProperties: structuralSchema(values) };
  const fields = Object.entries(node.properties ?? {});
  const required = node.required ?? [];
  return {
    type: 'object',
    ...(required.length === 0 ? {} : { required: [...required] }),
    [keepUnknown]: true,
    ...(fields.length === 0
      ? {}
      : { properties: Object.fromEntries(fields.map(([key, field]) => [key, structuralSchema(field)])) }),
  };
}
