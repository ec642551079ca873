import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BINARY_ERROR_CODES, PROTOCOL } from './messages.ts';
import { parseAnswer, parseHello } from './parse-answer.ts';
import { repositoryRoot } from './testing/render-binary.ts';

describe('what a process says', () => {
  const hellos: Record<string, [unknown, boolean]> = {
    'a handshake': [{ type: 'hello', protocol: 1, role: 'render', evaluators: { helm: 'v4' } }, true],
    'of no protocol': [{ type: 'hello', role: 'render', evaluators: {} }, false],
    'without evaluators': [{ type: 'hello', protocol: 1, role: 'render' }, false],
    'an answer instead': [{ id: 1, ok: true, result: {} }, false],
    'a text': ['hello', false],
  };
  for (const [name, [message, good]] of Object.entries(hellos)) {
    it(`handshake: ${name}`, () => expect(parseHello(message) !== undefined).toBe(good));
  }

  const answers: Record<string, [unknown, boolean]> = {
    'a success': [{ id: 1, ok: true, result: {} }, true],
    'a failure': [{ id: 1, ok: false, error: { code: 'X', message: 'x' } }, true],
    'a failure without message': [{ id: 1, ok: false, error: { code: 'X' } }, false],
    'a success without result': [{ id: 1, ok: true }, false],
    'no id': [{ ok: true, result: {} }, false],
    'an array': [[], false],
  };
  for (const [name, [message, good]] of Object.entries(answers)) {
    it(`answer: ${name}`, () => expect(parseAnswer(message) !== undefined).toBe(good));
  }
});

describe('both sides of the wire', () => {
  const wire = join(repositoryRoot, 'native', 'render', 'wire');

  it('know the same error codes', () => {
    const codes = readFileSync(join(wire, 'codes.go'), 'utf8').matchAll(/^\t\w+ += "([A-Z_]+)"$/gm);
    expect([...codes].map((match) => match[1]).sort()).toEqual([...BINARY_ERROR_CODES].sort());
  });

  it('speak the same protocol', () => {
    const go = readFileSync(join(wire, 'messages.go'), 'utf8');
    expect(go).toContain(`const Protocol = ${PROTOCOL}\n`);
  });
});
