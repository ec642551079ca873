// Makes the two problems that a dialect can have with a field of a custom resource.
// It never decides whether there is one.

import type { Problem } from '@weir/core';

export function invalidField(field: string, what: string): Problem {
  return { code: 'FIELD_INVALID', field, message: `${field}: ${what}` };
}

/** The field is known, but weir cannot carry it out yet, and ignoring it would change what is deployed. */
export function unsupportedField(field: string, why = 'is not supported yet'): Problem {
  return { code: 'FIELD_UNSUPPORTED', field, message: `${field}: ${why}` };
}

export function invalidUrl(field: string, what: string): Problem {
  return { code: 'GIT_URL_INVALID', field, message: `${field}: ${what}` };
}
