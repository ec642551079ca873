// All rules of custom kinds, joined: files are by the first letters of the group. It decides nothing itself.

import type { RuleBook } from '../rule.ts';
import { a } from './a.ts';
import { b } from './b.ts';
import { c } from './c.ts';
import { clusterApi } from './cluster-api.ts';
import { dToF } from './d-f.ts';
import { g } from './g.ts';
import { hToJ } from './h-j.ts';
import { k } from './k.ts';
import { lToM } from './l-m.ts';
import { p } from './p.ts';

export const ruleBook: RuleBook = {
  ...a,
  ...b,
  ...c,
  ...clusterApi,
  ...dToF,
  ...g,
  ...hToJ,
  ...k,
  ...lToM,
  ...p,
};
