// What the command's exit codes mean, and the one exception that carries one. It never ends the process itself.

export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  notReady: 3,
  interrupted: 130,
} as const;

export const exitCodesHelp = `
Exit codes:
  0    done
  1    failed; the reason is on standard error
  2    wrong usage
  3    not ready or not healthy within the timeout
  130  interrupted`;

export const diffExitCodesHelp = `
Exit codes:
  0    nothing would change
  1    there are differences
  2    failed, or wrong usage (above 1, as with kubectl diff)
  130  interrupted`;

/** Ends the command with an exit code; the message is for people, '' where all was said already. */
export class Exit extends Error {
  readonly code: number;

  constructor(code: number, message = '') {
    super(message);
    this.name = 'Exit';
    this.code = code;
  }
}
