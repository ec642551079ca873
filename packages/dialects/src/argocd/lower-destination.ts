// Says which cluster an Application's destination means.
// It never knows which clusters exist.

import type { ClusterRef, Problem } from '@weir/core';
import { invalidField } from '../schema/problems.ts';
import type { ApplicationSpec } from './application-schema.ts';
import { inClusterName, inClusterServer } from './names.ts';

export function lowerDestination(destination: ApplicationSpec['destination']): {
  readonly cluster: ClusterRef;
  readonly problems: readonly Problem[];
} {
  const name = destination.name ?? '';
  const server = destination.server ?? '';
  if (name !== '' && server !== '') {
    const what = `application destination can't have both name and server defined: ${name} ${server}`;
    return { cluster: { kind: 'hub' }, problems: [invalidField('spec.destination', what)] };
  }
  if (name === '' && server === '') {
    const what = 'Destination server missing from app spec';
    return { cluster: { kind: 'hub' }, problems: [invalidField('spec.destination', what)] };
  }
  if (name === inClusterName || server.replace(/\/$/, '') === inClusterServer) {
    return { cluster: { kind: 'hub' }, problems: [] };
  }
  return {
    cluster: name === '' ? { kind: 'server', server } : { kind: 'name', name },
    problems: [],
  };
}
