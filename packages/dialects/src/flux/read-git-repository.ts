// Reads a GitRepository: a source declaration, or the list of what is wrong with it.
// It never reads the Secret it names, and never throws.

import type { GitRef, KubeObject, Problem, Reading } from '@weir/core';
import { parseGoDuration } from '../resource/go-duration.ts';
import { declaredId, ownerOf } from '../resource/owner-of.ts';
import { isZero, textAt } from '../resource/read-field.ts';
import { urlProblem } from '../resource/repository-url.ts';
import { checkValue } from '../schema/check-value.ts';
import { unsupportedField } from '../schema/problems.ts';
import { type GitRepositorySpec, gitRepositorySpecSchema } from './git-repository-schema.ts';
import { dialectName, requestedAtAnnotation } from './names.ts';

const defaultTimeoutMs = 60_000;

/** These change the content of the artifact or whether it is accepted. `serviceAccountName` matters to other providers only. */
const unsupported = [
  'verify',
  'proxySecretRef',
  'ignore',
  'recurseSubmodules',
  'include',
  'sparseCheckout',
] as const satisfies readonly (keyof GitRepositorySpec)[];

export function readGitRepository(object: KubeObject): Reading {
  const owner = ownerOf(object);
  const id = declaredId(dialectName, owner);
  const { value: spec, problems } = checkValue(gitRepositorySpecSchema, object.spec ?? {}, 'spec');
  const found = problems.length > 0 ? problems : problemsOf(spec);
  if (found.length > 0) return { kind: 'invalid', id, role: 'source', owner, problems: found };
  const requestToken = textAt(object, 'metadata', 'annotations', requestedAtAnnotation);
  return {
    kind: 'source',
    source: {
      id,
      owner,
      url: spec.url,
      ref: lowerRef(spec.ref),
      ...(spec.secretRef === undefined
        ? {}
        : { credentials: { kind: 'secret', namespace: owner.namespace, name: spec.secretRef.name } }),
      intervalMs: parseGoDuration(spec.interval) ?? defaultTimeoutMs,
      timeoutMs: (spec.timeout === undefined ? undefined : parseGoDuration(spec.timeout)) ?? defaultTimeoutMs,
      suspended: spec.suspend === true,
      ...(requestToken === undefined ? {} : { requestToken }),
    },
  };
}

function problemsOf(spec: GitRepositorySpec): readonly Problem[] {
  const problems: Problem[] = unsupported
    .filter((field) => !isZero(spec[field]))
    .map((field) => unsupportedField(`spec.${field}`));
  if (spec.provider !== undefined && spec.provider !== 'generic') {
    problems.push(unsupportedField('spec.provider', `provider ${spec.provider} is not supported yet`));
  }
  const url = urlProblem(spec.url, 'spec.url');
  return url === undefined ? problems : [url, ...problems];
}

/** Where several are given the later of branch, tag, semver, name, commit counts; without any it is `master`. */
export function lowerRef(ref: GitRepositorySpec['ref']): GitRef {
  if (ref?.commit) {
    return { kind: 'commit', commit: ref.commit, ...(ref.branch ? { branch: ref.branch } : {}) };
  }
  if (ref?.name) return { kind: 'name', name: ref.name };
  if (ref?.semver) return { kind: 'semver', range: ref.semver };
  if (ref?.tag) return { kind: 'tag', tag: ref.tag };
  return { kind: 'branch', branch: ref?.branch || 'master' };
}
