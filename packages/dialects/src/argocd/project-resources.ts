// Projects what the engine knows of each object on `status.resources`.
// It never judges an object.

import type { ObjectRef, ResourceVerdict } from '@weir/core';
import { recordsAt } from '../resource/read-field.ts';
import { serverWords } from '../resource/server-words.ts';
import type { ResourceStatus } from './application-schema.ts';
import { type ApplicationView, destinationNamespace } from './application-view.ts';
import { fitInStatus } from './fit-in-status.ts';

const byIdentity = (left: ObjectRef, right: ObjectRef): number => {
  for (const key of ['group', 'kind', 'namespace', 'name'] as const) {
    if (left[key] !== right[key]) return left[key] < right[key] ? -1 : 1;
  }
  return 0;
};

/** Health is not repeated here: since 3.0 Argo CD keeps it in the resource tree only. */
export function projectResources(view: ApplicationView): readonly ResourceStatus[] {
  if (view.isBlind && view.verdict.resources.length === 0) return unknownResources(view);
  const all = [...view.verdict.resources].sort((left, right) => byIdentity(left.ref, right.ref));
  return fitInStatus(all, { room: maxResources, isTelling: ({ sync }) => sync !== 'Synced' }).map(
    ({ ref, sync, requiresPruning, problem, isHook }) => ({
      ...(ref.group === '' ? {} : { group: ref.group }),
      version: ref.version,
      kind: ref.kind,
      ...namespaceFields(
        ref.namespace || (problem?.code === 'KIND_UNKNOWN' ? destinationNamespace(view) : ''),
      ),
      name: ref.name,
      // Without a target everything that lives looks superfluous, and nothing is known.
      ...(isHook === true ? { hook: true } : { status: view.isLoadFailure ? 'Unknown' : sync }),
      ...(requiresPruning || view.isLoadFailure || isHook === true ? { requiresPruning: true } : {}),
    }),
  );
}

/** About 130 bytes each. */
const maxResources = 5_000;

function namespaceFields(namespace: string): { readonly namespace?: string } {
  return namespace === '' ? {} : { namespace };
}

/** After a restart the engine does not know what it cannot look at; the status still does. */
function unknownResources(view: ApplicationView): readonly ResourceStatus[] {
  return recordsAt(view.before, 'resources').map((resource) => ({
    ...resource,
    status: 'Unknown',
    ...(view.isLoadFailure ? { requiresPruning: true } : {}),
  }));
}

/** The server's own words; a kind that it does not know gets Argo CD's. */
export function failureText(resource: ResourceVerdict): string {
  const { ref, problem, message } = resource;
  if (problem?.code === 'KIND_UNKNOWN') return unknownKindText(ref, ref.namespace);
  // No server said anything: the words are ours, and so is the code.
  if (problem?.code.startsWith('CLUSTER_') === true) return `${problem.code}: ${problem.message}`;
  return problem === undefined ? (message ?? 'failed') : serverWords(problem, ref);
}

export function unknownKindText(ref: ObjectRef, namespace: string): string {
  const place = namespace === '' ? ref.name : `${namespace}/${ref.name}`;
  return (
    `The Kubernetes API could not find ${ref.group}/${ref.kind} for requested resource ${place}. ` +
    `Make sure the "${ref.kind}" CRD is installed on the destination cluster.`
  );
}
