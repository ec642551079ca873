// Decides whether a value fits a schema, and names the path of every field that does not.
// It never changes a value but for one thing: a null field is an absent field, as the API server has it.

import { isRecord, type Problem } from '@weir/core';
import type { Static, TSchema } from './field.ts';
import { type SchemaNode, valuesOf } from './schema-node.ts';

export interface Checked<T> {
  /** Typed only when `problems` is empty. */
  readonly value: T;
  readonly problems: readonly Problem[];
}

const articles: Readonly<Record<NonNullable<SchemaNode['type']>, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
};

/** Problems beyond this many say nothing new. */
const problemLimit = 20;

/** Checks `value` against `schema`; fields that the schema does not know are carried along unseen. */
export function checkValue<Schema extends TSchema>(
  schema: Schema,
  value: unknown,
  path: string,
): Checked<Static<Schema>> {
  const problems: Problem[] = [];
  // A TypeBox schema is a SchemaNode at run time; its static type says less about its fields.
  const checked = check(schema as unknown as SchemaNode, value, path, problems);
  return { value: checked as Static<Schema>, problems };
}

function check(node: SchemaNode, value: unknown, path: string, problems: Problem[]): unknown {
  if (!hasType(node, value)) {
    report(problems, path, `expected ${expectation(node)}, got ${nameOf(value)}`);
    return value;
  }
  if (isRecord(value)) return checkFields(node, value, path, problems);
  if (Array.isArray(value) && node.items !== undefined) {
    const item = node.items;
    return value.map((each, index) => check(item, each, `${path}[${index}]`, problems));
  }
  if (typeof value === 'string') checkText(node, value, path, problems);
  return value;
}

function checkFields(
  node: SchemaNode,
  value: Record<string, unknown>,
  path: string,
  problems: Problem[],
): Record<string, unknown> {
  const fields = node.properties ?? {};
  const values = valuesOf(node);
  const entries: [string, unknown][] = [];
  for (const [key, field] of Object.entries(value)) {
    const known = Object.hasOwn(fields, key) ? fields[key] : values;
    if (known === undefined) entries.push([key, field]);
    else if (field !== null && field !== undefined) {
      entries.push([key, check(known, field, `${path}.${key}`, problems)]);
    }
  }
  const result = Object.fromEntries(entries);
  for (const key of node.required ?? []) {
    if (!Object.hasOwn(result, key)) report(problems, `${path}.${key}`, 'is required');
  }
  return result;
}

function checkText(node: SchemaNode, value: string, path: string, problems: Problem[]): void {
  if (node.enum !== undefined && !node.enum.includes(value)) {
    report(problems, path, `expected one of ${node.enum.join(', ')}, got '${value.slice(0, 80)}'`);
  } else if (node.pattern !== undefined && !new RegExp(node.pattern).test(value)) {
    report(problems, path, `expected ${node.description ?? node.pattern}, got '${value.slice(0, 80)}'`);
  }
}

function hasType(node: SchemaNode, value: unknown): boolean {
  if (node['x-kubernetes-int-or-string'] === true)
    return Number.isInteger(value) || typeof value === 'string';
  if (node.type === undefined) return true;
  if (node.type === 'object') return isRecord(value);
  if (node.type === 'array') return Array.isArray(value);
  if (node.type === 'integer') return Number.isInteger(value);
  return typeof value === node.type;
}

function expectation(node: SchemaNode): string {
  if (node['x-kubernetes-int-or-string'] === true) return 'an integer or a string';
  return node.type === undefined ? 'a value' : articles[node.type];
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value === undefined) return 'nothing';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function report(problems: Problem[], field: string, what: string): void {
  if (problems.length < problemLimit) {
    problems.push({ code: 'FIELD_INVALID', field, message: `${field}: ${what}` });
  }
}
