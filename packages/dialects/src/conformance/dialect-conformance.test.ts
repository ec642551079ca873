import type { DeliveryVerdict, Dialect, KubeObject, Problem, SourceVerdict } from '@weir/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { specSchema } from '../argocd/application-schema.ts';
import { argocd } from '../argocd/argocd.ts';
import { flux } from '../flux/flux.ts';
import { gitRepositorySpecSchema } from '../flux/git-repository-schema.ts';
import { kustomizationSpecSchema } from '../flux/kustomization-schema.ts';
import { type SchemaNode, valuesOf } from '../schema/schema-node.ts';
import {
  application,
  configMap,
  deliveryVerdict,
  deployment,
  gitRepository,
  kustomization,
  now,
  sourceVerdict,
  succeededRun,
} from './samples.ts';

interface Subject {
  readonly dialect: Dialect;
  readonly kind: string;
  readonly role: 'source' | 'delivery';
  readonly sample: KubeObject;
  readonly spec: SchemaNode;
}

const node = (schema: unknown) => schema as SchemaNode;
const subjects: readonly Subject[] = [
  { dialect: argocd, kind: 'Application', role: 'delivery', sample: application, spec: node(specSchema) },
  {
    dialect: flux,
    kind: 'Kustomization',
    role: 'delivery',
    sample: kustomization,
    spec: node(kustomizationSpecSchema),
  },
  {
    dialect: flux,
    kind: 'GitRepository',
    role: 'source',
    sample: gitRepository,
    spec: node(gitRepositorySpecSchema),
  },
];

const problem: Problem = {
  code: 'YAML_INVALID',
  message: 'web/a.yaml: no colon',
  file: 'web/a.yaml',
  line: 3,
};
const refused: Problem = { code: 'APPLY_INVALID', message: 'Service "web" is invalid', object: configMap };
const failedResult = {
  ref: configMap,
  sync: 'OutOfSync',
  requiresPruning: false,
  outcome: 'failed',
  problem: refused,
} as const;

const deliveryVerdicts: Readonly<Record<string, DeliveryVerdict>> = {
  ready: deliveryVerdict(),
  'never run': bare(
    deliveryVerdict({ stage: 'out-of-sync', sync: 'OutOfSync', health: { status: 'Missing' } }),
  ),
  suspended: deliveryVerdict({ stage: 'suspended' }),
  deleting: deliveryVerdict({
    stage: 'deleting',
    run: {
      ...succeededRun,
      results: [{ ref: deployment, sync: 'OutOfSync', requiresPruning: true, outcome: 'pruned' }],
    },
  }),
  invalid: deliveryVerdict({
    stage: 'invalid',
    failedStep: 'decode',
    problems: [{ ...problem, code: 'FIELD_INVALID', field: 'spec.x' }],
  }),
  'invalid operation': deliveryVerdict({
    stage: 'invalid',
    failedStep: 'decode',
    problems: [{ ...problem, field: 'operation.sync.resources' }],
  }),
  waiting: deliveryVerdict({
    stage: 'waiting',
    waitingFor: { id: 'flux:Kustomization:shop/base', reason: 'not-ready' },
  }),
  blocked: deliveryVerdict({
    stage: 'blocked',
    problems: [{ ...problem, code: 'DELETION_BLOCKED' }],
    deletionDigest: 'd1',
  }),
  'failed source': deliveryVerdict({
    stage: 'failed',
    failedStep: 'source',
    problems: [{ ...problem, code: 'GIT_UNREACHABLE' }],
  }),
  'failed render': deliveryVerdict({ stage: 'failed', failedStep: 'render', problems: [problem] }),
  'failed cluster': deliveryVerdict({
    stage: 'failed',
    failedStep: 'cluster',
    problems: [{ ...problem, code: 'CLUSTER_UNREACHABLE' }],
  }),
  'failed apply': deliveryVerdict({
    stage: 'failed',
    failedStep: 'apply',
    problems: [refused],
    run: { ...succeededRun, phase: 'failed', retries: 2, results: [failedResult] },
  }),
  'failed health': deliveryVerdict({
    stage: 'failed',
    failedStep: 'health',
    problems: [{ ...problem, code: 'HEALTH_TIMEOUT' }],
  }),
  shared: deliveryVerdict({ problems: [{ ...problem, code: 'OBJECT_CLAIMED' }] }),
  progressing: deliveryVerdict({
    stage: 'progressing',
    health: { status: 'Progressing' },
    run: { ...succeededRun, phase: 'running', message: 'waiting for healthy state of apps/Deployment/web' },
  }),
};

const sourceVerdicts: Readonly<Record<string, SourceVerdict>> = {
  ready: sourceVerdict({ handledToken: 't1' }),
  suspended: sourceVerdict({ stage: 'suspended' }),
  invalid: sourceVerdict({ stage: 'invalid', problems: [{ ...problem, field: 'spec.url' }] }),
  failed: sourceVerdict({ stage: 'failed', problems: [{ ...problem, code: 'GIT_UNREACHABLE' }] }),
  fetching: sourceVerdict({ stage: 'fetching' }),
};

function bare(verdict: DeliveryVerdict): DeliveryVerdict {
  const { run: _run, appliedRevision: _applied, attemptedRevision: _attempted, ...rest } = verdict;
  return rest;
}

function project(subject: Subject, object: KubeObject, name: string, at: string) {
  const { dialect, role } = subject;
  if (role === 'source') {
    const verdict = sourceVerdicts[name];
    if (verdict === undefined) throw new Error(`no verdict ${name}`);
    return dialect.projectSource({ object, verdict, now: at });
  }
  const verdict = deliveryVerdicts[name];
  if (verdict === undefined) throw new Error(`no verdict ${name}`);
  return dialect.projectDelivery({ object, verdict, now: at });
}

/** Every path of the schema with a value of a type that it does not take. */
function wrongPaths(schema: SchemaNode, path: readonly string[]): (readonly string[])[] {
  const here = path.length > 0 && schema.type !== undefined ? [path] : [];
  const below = Object.entries(schema.properties ?? {}).flatMap(([key, field]) =>
    wrongPaths(field, [...path, key]),
  );
  const items = schema.items === undefined ? [] : wrongPaths(schema.items, [...path, '0']);
  const values = valuesOf(schema);
  return [...here, ...below, ...items, ...(values === undefined ? [] : wrongPaths(values, [...path, 'k']))];
}

function withValue(target: unknown, path: readonly string[], value: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  if (head === '0') return [withValue(undefined, rest, value)];
  const before = typeof target === 'object' && target !== null ? (target as Record<string, unknown>) : {};
  return { ...before, [head]: withValue(before[head], rest, value) };
}

const shown = (path: readonly string[]) =>
  path.reduce((text, key) => (key === '0' ? `${text}[0]` : `${text}.${key}`), 'spec');

const garbage = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.boolean(),
  fc.string(),
  fc.array(fc.anything(), { maxLength: 3 }),
  fc.dictionary(fc.string(), fc.anything(), { maxKeys: 3 }),
);

describe.each(subjects.map((subject) => [`${subject.dialect.name} ${subject.kind}`, subject] as const))(
  '%s',
  (_name, subject) => {
    const { dialect, sample, spec, role } = subject;
    const verdicts = Object.keys(role === 'source' ? sourceVerdicts : deliveryVerdicts);

    it('reads its sample', () => {
      expect(dialect.read(sample).kind).toBe(role);
    });

    it('names the field of a wrong type, at every field', () => {
      const missed = wrongPaths(spec, []).filter((path) => {
        const reading = dialect.read({ ...sample, spec: withValue(sample.spec, path, Symbol.for('wrong')) });
        return (
          reading.kind !== 'invalid' ||
          !reading.problems.some(
            ({ field, message }) => field === shown(path) && message.startsWith(shown(path)),
          )
        );
      });
      expect(missed.map(shown)).toEqual([]);
    });

    it('never throws on garbage in a field', () => {
      const paths = wrongPaths(spec, []);
      fc.assert(
        fc.property(fc.constantFrom(...paths), garbage, (path, value) => {
          const object = { ...sample, spec: withValue(sample.spec, path, value) };
          expect(['source', 'delivery', 'invalid']).toContain(dialect.read(object).kind);
          dialect.summarize(object);
        }),
        { numRuns: 500 },
      );
    });

    it('never throws on garbage instead of a whole part, whatever the verdict', () => {
      const part = fc.constantFrom('spec', 'status', 'metadata', 'operation', 'kind', 'apiVersion');
      fc.assert(
        fc.property(part, garbage, fc.constantFrom(...verdicts), (key, value, verdict) => {
          const object = { ...sample, [key]: value } as KubeObject;
          dialect.read(object);
          dialect.summarize(object);
          project(subject, object, verdict, now);
          dialect.requestPatch({ object, now });
        }),
        { numRuns: 500 },
      );
    });

    it.each(verdicts)('projects "%s" once, and then nothing more', (verdict) => {
      const first = project(subject, sample, verdict, now);
      const later = '2026-01-02T09:00:00Z';
      const again = project(subject, { ...sample, status: first.status }, verdict, later);
      expect(again.status).toEqual(first.status);
      expect(again.events).toEqual([]);
    });

    it('comes back to the same status from any other', () => {
      for (const from of verdicts) {
        const before = project(subject, sample, from, now).status;
        const once = project(subject, { ...sample, status: before }, 'ready', now);
        const twice = project(subject, { ...sample, status: once.status }, 'ready', '2026-01-02T09:00:00Z');
        expect(`${from}: ${JSON.stringify(twice.status)}`).toBe(`${from}: ${JSON.stringify(once.status)}`);
        expect(twice.events).toEqual([]);
      }
    });

    it.each(verdicts)('keeps fields and conditions of others in the status: "%s"', (verdict) => {
      const foreign = {
        type: 'example.com/Checked',
        status: 'True',
        reason: 'x',
        message: 'y',
        lastTransitionTime: now,
      };
      const status = { theirs: { a: [1] }, conditions: [foreign] };
      const projected = project(subject, { ...sample, status }, verdict, now).status;
      expect(projected).toMatchObject({ theirs: { a: [1] } });
      expect(projected.conditions).toContainEqual(foreign);
    });

    it.each(verdicts)('sums up every status: "%s"', (verdict) => {
      const { status } = project(subject, sample, verdict, now);
      const summary = dialect.summarize({ ...sample, status });
      expect(Object.values(summary).every((value) => value !== undefined)).toBe(true);
      expect(summary.cluster).toBe('in-cluster');
    });

    it('asks for a reconcile in a way that it reads as a request', () => {
      const patch = dialect.requestPatch({ object: sample, now }) as { metadata: object };
      const reading = dialect.read({ ...sample, metadata: { ...sample.metadata, ...patch.metadata } });
      const token =
        reading.kind === 'source'
          ? reading.source.requestToken
          : reading.kind === 'delivery'
            ? reading.delivery.requestToken
            : undefined;
      expect(token).toBeTruthy();
    });
  },
);
