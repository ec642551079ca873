// All rules of custom kinds: one file per first letter of the group, joined here. It decides nothing itself.

import type { RuleBook } from '../rule.ts';
import { a } from './a.ts';
import { b } from './b.ts';
import { c } from './c.ts';
import { p } from './p.ts';

export const ruleBook: RuleBook = { ...a, ...b, ...c, ...p };
