// Turns the `operation` field of an Application into a sync order with a token that stands for this very order.
// It never runs one, and refuses an operation that asks for something else than the Application says.

import type { KubeObject, Problem, SyncOrder } from '@weir/core';
import { isZero, recordAt, textAt } from '../resource/read-field.ts';
import { isSame, stableDigest } from '../resource/stable-digest.ts';
import { writtenAt } from '../resource/written-at.ts';
import { checkValue } from '../schema/check-value.ts';
import { unsupportedField } from '../schema/problems.ts';
import { type Operation, operationSchema } from './application-schema.ts';
import type { ApplicationSource } from './source-schema.ts';

/** They are kept with the sync while that is under way, in one object with a part of the journal. */
const maxResources = 5_000;

export interface LoweredOperation {
  readonly order: SyncOrder;
  readonly operation: Operation;
  readonly force: boolean;
}

/** Two equal operations after one another differ in the time when the field was written. */
export function operationToken(object: KubeObject): string | undefined {
  const operation = recordAt(object, 'operation');
  if (operation === undefined) return undefined;
  return `${stableDigest(operation)}@${writtenAt(object, 'operation')}`;
}

export function lowerOperation(
  object: KubeObject,
  source: ApplicationSource,
): { readonly lowered?: LoweredOperation; readonly problems: readonly Problem[] } {
  const token = operationToken(object);
  if (token === undefined) return { problems: [] };
  const { value: operation, problems } = checkValue(operationSchema, object.operation, 'operation');
  if (problems.length > 0) return { problems };
  const { sync } = operation;
  if (sync === undefined) {
    return { problems: [unsupportedField('operation', 'only an operation with sync is supported')] };
  }
  const unsupported = unsupportedSyncFields(sync, source);
  if (unsupported.length > 0) return { problems: unsupported };
  const revision = sync.revision || sync.revisions?.[0];
  const { syncStrategy } = sync;
  return {
    problems: [],
    lowered: {
      operation,
      force: syncStrategy?.apply?.force === true || syncStrategy?.hook?.force === true,
      order: {
        token,
        ...(revision === undefined ? {} : { revision }),
        prune: sync.prune === true,
        dryRun: sync.dryRun === true,
        // The strategy `apply` runs no hooks; so does a sync of single resources.
        ...(syncStrategy?.apply === undefined ? {} : { skipHooks: true }),
        ...(isZero(sync.resources) ? {} : { only: (sync.resources ?? []).map(chosenResource) }),
      },
    },
  };
}

function chosenResource(resource: Readonly<Record<string, unknown>>): NonNullable<SyncOrder['only']>[number] {
  const namespace = textAt(resource, 'namespace');
  return {
    group: textAt(resource, 'group') ?? '',
    kind: textAt(resource, 'kind') ?? '',
    name: textAt(resource, 'name') ?? '',
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function unsupportedSyncFields(
  sync: NonNullable<Operation['sync']>,
  source: ApplicationSource,
): readonly Problem[] {
  const problems: Problem[] = [];
  const at = 'operation.sync';
  if (!isZero(sync.manifests)) {
    problems.push(unsupportedField(`${at}.manifests`, 'a sync of local manifests is not supported'));
  }
  if ((sync.resources?.length ?? 0) > maxResources) {
    problems.push(unsupportedField(`${at}.resources`, `expected at most ${maxResources} resources`));
  }
  if (sync.source !== undefined && !isSame(sync.source, source)) {
    problems.push(
      unsupportedField(`${at}.source`, 'a sync of another source than the spec is not supported yet'),
    );
  }
  const [first, ...more] = sync.sources ?? [];
  if (more.length > 0 || (first !== undefined && !isSame(first, source))) {
    problems.push(
      unsupportedField(`${at}.sources`, 'a sync of other sources than the spec is not supported yet'),
    );
  }
  return problems;
}
