// Decides which version tags a range allows and which of them is the highest, as Masterminds/semver v3 does for the peers.
// It never guesses: a tag that is no version is not a candidate, a range that does not parse is undefined.

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** Without the leading '-'; '' for a release. */
  readonly prerelease: string;
}

type Operator = '=' | '!=' | '>' | '<' | '>=' | '<=' | '~' | '^';

interface Bound {
  readonly operator: Operator;
  readonly version: Version;
  /** How many of major, minor, patch were written: 0 for `*`, 3 for a full version. */
  readonly parts: 0 | 1 | 2 | 3;
}

/** Alternatives of conjunctions. */
export type SemverRange = readonly (readonly Bound[])[];

const VERSION =
  /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/;
const PARTIAL = String.raw`v?(?:\d+|[xX*])(?:\.(?:\d+|[xX*]))?(?:\.(?:\d+|[xX*]))?(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?`;
const OPERATORS = '=<|=>|<=|>=|!=|~>|[=<>~^]';
const TERM = new RegExp(String.raw`^(${OPERATORS})?\s*(${PARTIAL})(?=$|[\s,<>=!~^])\s*,?\s*`);
const HYPHEN = new RegExp(String.raw`(${PARTIAL})\s+-\s+(${PARTIAL})`, 'g');
const PARTS = /^v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([0-9A-Za-z.-]+))?/;

/** A tag as a version; `v1` and `1.2` are versions too, build metadata does not count. */
export function parseVersion(text: string): Version | undefined {
  const match = VERSION.exec(text);
  if (match === null) return undefined;
  return {
    major: Number(match[1]),
    minor: Number(match[2] ?? 0),
    patch: Number(match[3] ?? 0),
    prerelease: match[4] ?? '',
  };
}

export function parseSemverRange(text: string): SemverRange | undefined {
  const alternatives: Bound[][] = [];
  for (const part of text.replace(HYPHEN, '>=$1 <=$2').split('||')) {
    const bounds = parseConjunction(part.trim());
    if (bounds === undefined) return undefined;
    alternatives.push(bounds);
  }
  return alternatives;
}

function parseConjunction(text: string): Bound[] | undefined {
  const bounds: Bound[] = [];
  let rest = text;
  while (rest !== '') {
    const match = TERM.exec(rest);
    if (match === null) return undefined;
    bounds.push(parseBound(match[1] ?? '=', match[2] ?? ''));
    rest = rest.slice(match[0].length);
  }
  return bounds.length === 0 ? undefined : bounds;
}

const ALIASES: Readonly<Record<string, Operator>> = { '=<': '<=', '=>': '>=', '~>': '~' };

function parseBound(operator: string, text: string): Bound {
  const match = PARTS.exec(text);
  const numbers: number[] = [];
  for (const part of [match?.[1], match?.[2], match?.[3]]) {
    // After the first wildcard nothing counts: `1.x.3` is `1.x`.
    if (part === undefined || !/^\d+$/.test(part)) break;
    numbers.push(Number(part));
  }
  return {
    operator: ALIASES[operator] ?? (operator as Operator),
    parts: numbers.length as Bound['parts'],
    version: {
      major: numbers[0] ?? 0,
      minor: numbers[1] ?? 0,
      patch: numbers[2] ?? 0,
      prerelease: match?.[4] ?? '',
    },
  };
}

export function isInRange(version: Version, range: SemverRange): boolean {
  return range.some((bounds) => {
    // A prerelease is a candidate only where one of the bounds beside each other names a prerelease itself.
    if (version.prerelease !== '' && bounds.every((bound) => bound.version.prerelease === '')) return false;
    return bounds.every((bound) => isWithin(version, bound));
  });
}

/** The highest version among the tags; of tags for one version the last in the order of their names. */
export function pickHighest(tags: Iterable<string>, range: SemverRange): string | undefined {
  let best: { readonly tag: string; readonly version: Version } | undefined;
  for (const tag of tags) {
    const version = parseVersion(tag);
    if (version === undefined || !isInRange(version, range)) continue;
    const order = best === undefined ? 1 : compareVersions(version, best.version);
    if (best === undefined || order > 0 || (order === 0 && tag > best.tag)) best = { tag, version };
  }
  return best?.tag;
}

function isWithin(version: Version, bound: Bound): boolean {
  const order = compareVersions(version, bound.version);
  switch (bound.operator) {
    case '=':
      return isLike(version, bound);
    case '!=':
      return !isLike(version, bound);
    case '>':
      return order > 0 && !isLike(version, bound);
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0 || isLike(version, bound);
    case '~':
      return order >= 0 && hasEqualStart(version, bound.version, tildeParts(bound));
    case '^':
      return order >= 0 && hasEqualStart(version, bound.version, caretParts(bound));
  }
}

/** Equal in all that was written: `1.2` is like every 1.2.z. */
function isLike(version: Version, bound: Bound): boolean {
  return bound.parts === 3
    ? compareVersions(version, bound.version) === 0
    : hasEqualStart(version, bound.version, bound.parts);
}

/** The tilde keeps major and minor as far as written; `~0.0.0` is upstream's special case that allows everything. */
function tildeParts({ version, parts }: Bound): number {
  const isZero = parts === 3 && version.major + version.minor + version.patch === 0;
  return isZero ? 0 : Math.min(parts, 2);
}

/** The caret keeps the leftmost number that is not zero: ^1.2.3 the major, ^0.2.3 the minor, ^0.0.3 the patch. */
function caretParts({ version, parts }: Bound): number {
  if (version.major > 0 || parts <= 1) return Math.min(parts, 1);
  return version.minor > 0 || parts === 2 ? 2 : 3;
}

function hasEqualStart(a: Version, b: Version, parts: number): boolean {
  return (
    (parts < 1 || a.major === b.major) &&
    (parts < 2 || a.minor === b.minor) &&
    (parts < 3 || a.patch === b.patch)
  );
}

export function compareVersions(a: Version, b: Version): number {
  return (
    a.major - b.major ||
    a.minor - b.minor ||
    a.patch - b.patch ||
    comparePrereleases(a.prerelease, b.prerelease)
  );
}

function comparePrereleases(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '') return 1;
  if (b === '') return -1;
  const left = a.split('.');
  const right = b.split('.');
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = compareIdentifiers(left[index], right[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifiers(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  const aIsNumber = /^\d+$/.test(a);
  const bIsNumber = /^\d+$/.test(b);
  if (aIsNumber && bIsNumber) return Number(a) - Number(b);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return a < b ? -1 : 1;
}
