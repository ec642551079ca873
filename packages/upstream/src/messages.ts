// Every message between weir and the native `render` binary, once; envelope.ts wraps them. It decides no behaviour. The Go side is
// native/render/wire/messages.go: a change that the other side cannot read raises PROTOCOL in both.

import type { Json, KubeObject } from '@weir/core';
import type { ENVELOPE_ERROR_CODES, Failure, PoolReason } from './envelope.ts';

/** The version of these messages. */
export const PROTOCOL = 2;

/** What to render. Options of another type than the resolved one are ignored. */
export interface RenderRequest {
  readonly snapshot: SnapshotRef;
  /** Repository-relative directory; "" and "." are the root. */
  readonly path: string;
  /** `auto` looks as Argo CD does: a chart, then a kustomization, else a plain directory. */
  readonly type: 'auto' | RenderType;
  readonly directory?: DirectoryOptions;
  readonly kustomize?: PlainKustomizeOptions | FluxKustomizeOptions;
  readonly helm?: HelmOptions;
  /** Bytes of all objects together; at most and by default 48 MiB. */
  readonly maxOutputBytes?: number;
  /** Digests of objects that are not to be sent again, one after the other, each of {@link DIGEST_LENGTH} characters. */
  readonly known?: string;
}

export type RenderType = 'directory' | 'kustomize' | 'helm';

/** A commit: `manifest` is the absolute path of a {@link SnapshotManifest}, `blobs` that of a store of `<oid[0:2]>/<oid[2:]>`. */
export interface SnapshotRef {
  /** Names the content of the manifest file: processes keep parsed manifests by it. */
  readonly id: string;
  readonly manifest: string;
  readonly blobs: string;
}

/** Git modes: 100644, 100755, 120000 (symlink), 160000 (submodule, treated as absent). */
export interface SnapshotManifest {
  readonly version: 1;
  readonly commit: string;
  readonly entries: readonly (readonly [path: string, mode: string, oid: string])[];
}

/** Globs are relative to the rendered path; `*` crosses slashes, `{a,b}` alternates; exclude wins. */
export interface DirectoryOptions {
  readonly recurse?: boolean;
  readonly include?: string;
  readonly exclude?: string;
}

/** `kustomize build` after Argo CD's edits of the root kustomization. */
export interface PlainKustomizeOptions {
  readonly mode: 'kustomize';
  readonly namePrefix?: string;
  readonly nameSuffix?: string;
  readonly namespace?: string;
  /** As `kustomize edit set image` reads them: `name=newName:tag@digest`. */
  readonly images?: readonly string[];
  readonly replicas?: readonly { readonly name: string; readonly count: number }[];
  readonly commonLabels?: Readonly<Record<string, string>>;
  readonly forceCommonLabels?: boolean;
  readonly labelWithoutSelector?: boolean;
  readonly labelIncludeTemplates?: boolean;
  readonly commonAnnotations?: Readonly<Record<string, string>>;
  readonly forceCommonAnnotations?: boolean;
  readonly patches?: readonly KustomizePatch[];
  readonly components?: readonly string[];
  readonly ignoreMissingComponents?: boolean;
  /** Default `none`: files outside the directory but inside the repository may be used. */
  readonly loadRestrictor?: 'none' | 'rootOnly';
}

/** Flux: a kustomization is generated where there is none, and the Kustomization resource's fields are laid over it. */
export interface FluxKustomizeOptions {
  readonly mode: 'flux';
  readonly targetNamespace?: string;
  readonly namePrefix?: string;
  readonly nameSuffix?: string;
  readonly patches?: readonly KustomizePatch[];
  readonly patchesStrategicMerge?: readonly { readonly [key: string]: Json }[];
  readonly patchesJson6902?: readonly { readonly patch: readonly Json[]; readonly target: PatchTarget }[];
  readonly images?: readonly FluxImage[];
  readonly components?: readonly string[];
  readonly ignoreMissingComponents?: boolean;
  readonly buildMetadata?: readonly string[];
}

export interface FluxImage {
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
  readonly digest?: string;
}

/** `path` and `options` count in mode `kustomize` only. */
export interface KustomizePatch {
  readonly path?: string;
  readonly patch?: string;
  readonly target?: PatchTarget;
  readonly options?: Readonly<Record<string, boolean>>;
}

export interface PatchTarget {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly annotationSelector?: string;
}

/** `helm template --include-crds`. Precedence: parameters, then valuesObject or else values, then valueFiles, then the chart. */
export interface HelmOptions {
  readonly releaseName: string;
  readonly namespace?: string;
  /** Relative to the chart, or to the repository with a leading slash; globs give their matches in byte order. */
  readonly valueFiles?: readonly string[];
  readonly ignoreMissingValueFiles?: boolean;
  /** YAML. */
  readonly values?: string;
  /** Replaces `values`. */
  readonly valuesObject?: { readonly [key: string]: Json };
  readonly parameters?: readonly {
    readonly name: string;
    readonly value: string;
    readonly forceString?: boolean;
  }[];
  readonly fileParameters?: readonly { readonly name: string; readonly path: string }[];
  readonly skipCrds?: boolean;
  readonly skipTests?: boolean;
  readonly skipSchemaValidation?: boolean;
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
  /** `.Release.IsUpgrade` instead of `.Release.IsInstall`. */
  readonly isUpgrade?: boolean;
}

export interface RenderResult {
  readonly type: RenderType;
  readonly objects: readonly SentObject[];
  readonly reads: ReadSet;
  /** A random or clock function ran: rendering again gives something else. */
  readonly unreproducible?: boolean;
}

export const DIGEST_LENGTH = 20;

/** An object, or a run of the known ones. */
export type SentObject =
  | RenderedObject
  | { readonly same: { readonly from: number; readonly count: number } };

export interface RenderedObject {
  readonly object: KubeObject;
  /** Names the object's text and its origin together. */
  readonly digest: string;
  /** Absent for what kustomize built; without a line for what a template made. */
  readonly origin?: { readonly file: string; readonly line?: number };
}

/**
 * Everything a rendering looked at, also a failed one; paths are repository-relative, "" is the root. A commit that changes
 * none of it cannot change the output.
 */
export interface ReadSet {
  /** Path to blob id. A symlink is a file. */
  readonly files: Readonly<Record<string, string>>;
  /** Directory to {@link listingDigest}. */
  readonly dirs: Readonly<Record<string, string>>;
  /** What was looked for and absent. A change of the path or of anything below it hits a miss. */
  readonly misses: readonly string[];
}

export interface RenderFailure extends Failure {
  readonly code: RenderErrorCode;
}

/** The codes of the binary's own, as in native/render/wire/codes.go. */
export const BINARY_ERROR_CODES = [
  'BLOB_MISSING',
  'CHART_INVALID',
  'DEPENDENCY_MISSING',
  'FILE_TOO_LARGE',
  'JSON_INVALID',
  'JSONNET_UNSUPPORTED',
  'KUSTOMIZE_FAILED',
  'MANIFEST_INVALID',
  'OBJECT_INVALID',
  'PATH_ESCAPES_SNAPSHOT',
  'PATH_NOT_FOUND',
  'REMOTE_BASE_REFUSED',
  'REMOTE_FILE_REFUSED',
  'SCHEMA_INVALID',
  'TEMPLATE_FAILED',
  'VALUES_FILE_NOT_FOUND',
  'VALUES_INVALID',
  'YAML_INVALID',
  'YAML_TOO_LARGE',
] as const;

export type RenderErrorCode =
  | (typeof BINARY_ERROR_CODES)[number]
  | (typeof ENVELOPE_ERROR_CODES)[number]
  | `RENDER_${PoolReason}`;
