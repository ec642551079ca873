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
import { n } from './n.ts';
import { o } from './o.ts';
import { p } from './p.ts';
import { promoter } from './promoter.ts';
import { r } from './r.ts';
import { s } from './s.ts';
import { tToZ } from './t-z.ts';
import { wildcards } from './wildcards.ts';

export const ruleBook: RuleBook = {
  ...wildcards,
  ...a,
  ...b,
  ...c,
  ...clusterApi,
  ...dToF,
  ...g,
  ...hToJ,
  ...k,
  ...lToM,
  ...n,
  ...o,
  ...p,
  ...promoter,
  ...r,
  ...s,
  ...tToZ,
};
