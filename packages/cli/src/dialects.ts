// The dialects that this build of weir speaks; a new one is added here and nowhere else in the command.

import type { Dialect } from '@weir/core';
import { argocd, flux } from '@weir/dialects';

export const dialects: readonly Dialect[] = [argocd, flux];
