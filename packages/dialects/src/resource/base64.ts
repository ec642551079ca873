// Decodes base64 to UTF-8 text, in plain ECMAScript: neither Buffer nor atob exists everywhere weir's core may run.
// It never repairs: what is no base64 of valid UTF-8 is undefined.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = new Map([...alphabet].map((letter, value) => [letter, value]));

export function decodeBase64(text: string): string | undefined {
  const packed = text.replace(/\s+/g, '');
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return undefined;
  let escaped = '';
  let bits = 0;
  let held = 0;
  for (const letter of packed.replace(/=+$/, '')) {
    bits = ((bits << 6) | (values.get(letter) ?? 0)) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      escaped += `%${((bits >> held) & 0xff).toString(16).padStart(2, '0')}`;
    }
  }
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}
