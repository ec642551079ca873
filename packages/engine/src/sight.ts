// Which kinds of a cluster cannot be seen now, and what is told of their objects. It never takes what it cannot see for gone.

import { apiVersionOf, type DesiredSet, type ObjectRef, type Problem, showRef } from '@weir/core';
import type { Discovery } from '@weir/kube';
import type { Session } from './fleet.ts';

export interface Sight {
  readonly isBlind: (ref: ObjectRef) => boolean;
  /** The problems of the desired objects, with those that nobody can look at. */
  readonly problemsOf: (desired: DesiredSet) => Problem[];
}

export function sightOf(
  { cache }: { readonly cache: Pick<Session['cache'], 'blindTo'> },
  discovery: Pick<Discovery, 'find' | 'isStale'>,
): Sight {
  /** Its server does not answer, and the API server has forgotten what it served. */
  const isDown = (ref: ObjectRef): boolean => discovery.find(ref) === undefined && discovery.isStale(ref);
  const problemOf = (ref: ObjectRef): Problem | undefined => {
    if (isDown(ref)) return serverDown(ref);
    const failure = cache.blindTo(ref);
    if (failure === undefined) return undefined;
    return discovery.isStale(ref) ? serverDown(ref) : unreadable(ref, failure.problem.message);
  };
  return {
    isBlind: (ref) => isDown(ref) || cache.blindTo(ref) !== undefined,
    problemsOf: ({ objects, problems }) => [
      ...problems.filter(
        ({ code, object }) => code !== 'KIND_UNKNOWN' || object === undefined || !isDown(object),
      ),
      ...objects.flatMap(({ ref, file, line }) => {
        const problem = problemOf(ref);
        if (problem === undefined) return [];
        return [
          { ...problem, ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) },
        ];
      }),
    ],
  };
}

export function serverDown(ref: ObjectRef): Problem {
  return {
    code: 'API_SERVICE_DOWN',
    message: `${showRef(ref)}: the server behind ${apiVersionOf(ref)} does not answer; look at the APIService ${ref.version}.${ref.group}. The object is left as it is until then`,
    object: ref,
  };
}

function unreadable(ref: ObjectRef, why: string): Problem {
  return {
    code: 'KIND_UNREADABLE',
    message: `${showRef(ref)}: objects of its kind cannot be seen (${why}); expected the rights to get, list and watch them. The object is left as it is until then`,
    object: ref,
  };
}
