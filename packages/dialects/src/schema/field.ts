// Short names for the schema pieces that custom resources are written in, each optional unless said otherwise.
// It never checks a value: check-value.ts does, and structural-schema.ts turns the same pieces into a CRD.

import Type, { type Static, type TProperties, type TSchema } from 'typebox';

export type { Static, TSchema };

const note = (description: string | undefined) => (description === undefined ? {} : { description });

export const requiredString = (description?: string) => Type.String(note(description));
export const string = (description?: string) => Type.Optional(Type.String(note(description)));
export const integer = (description?: string) => Type.Optional(Type.Integer(note(description)));
export const boolean = (description?: string) => Type.Optional(Type.Boolean(note(description)));

/** One of a closed set of words. */
export const requiredWord = <const Word extends string>(words: readonly Word[], description?: string) =>
  Type.Unsafe<Word>({ type: 'string', enum: [...words], ...note(description) });
export const word = <const Word extends string>(words: readonly Word[], description?: string) =>
  Type.Optional(requiredWord(words, description));

/** A text of a given form; `form` says in words what is expected. */
export const requiredPattern = (pattern: string, form: string) =>
  Type.Unsafe<string>({ type: 'string', pattern, description: form });
export const pattern = (regex: string, form: string) => Type.Optional(requiredPattern(regex, form));

export const requiredIntegerOrString = () =>
  Type.Unsafe<number | string>({ 'x-kubernetes-int-or-string': true });

/** An object whose fields are somebody else's business. */
export const requiredFreeForm = () =>
  Type.Unsafe<Record<string, unknown>>({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
export const freeForm = () => Type.Optional(requiredFreeForm());

export const requiredList = <Item extends TSchema>(item: Item) => Type.Array(item);
export const list = <Item extends TSchema>(item: Item) => Type.Optional(requiredList(item));
export const map = () => Type.Optional(Type.Record(Type.String(), Type.String()));
export const object = <Fields extends TProperties>(fields: Fields) => Type.Object(fields);
export const optionalObject = <Fields extends TProperties>(fields: Fields) =>
  Type.Optional(Type.Object(fields));
