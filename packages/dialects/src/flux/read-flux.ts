// Reads one of Flux's custom resources by its kind.
// It never guesses: a kind that is not in the dialect's list is an invalid reading.

import type { KubeObject, Reading } from '@weir/core';
import { declaredId, ownerOf } from '../resource/owner-of.ts';
import { unsupportedField } from '../schema/problems.ts';
import { dialectName } from './names.ts';
import { readGitRepository } from './read-git-repository.ts';
import { readKustomization } from './read-kustomization.ts';

export function readFlux(object: KubeObject): Reading {
  const owner = ownerOf(object);
  if (owner.kind === 'GitRepository') return readGitRepository(object);
  if (owner.kind === 'Kustomization') return readKustomization(object);
  return {
    kind: 'invalid',
    id: declaredId(dialectName, owner),
    role: 'delivery',
    owner,
    problems: [unsupportedField('kind', `the kind '${owner.kind}' is not supported`)],
  };
}
