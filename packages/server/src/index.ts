// The public face of server.

export type { Log } from './log.ts';
export type { PushNotice } from './push-notice.ts';
export { type ServerOptions, startServer, type WeirServer } from './server.ts';
